//! Firefox without a driver, because a driver sets preferences of its own. The tests control it
//! over its Marionette socket, and Firefox is told not to set its preferences for tests either.

use super::{LIMIT, POLL, World, chromium::program};
use anyhow::{Context as _, Result, bail, ensure};
use meter_testkit::loopback;
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    fs::{self, File},
    path::Path,
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, timeout},
};

/// A running Firefox. Dropping it kills it.
pub struct Firefox {
    child: Child,
    socket: BufReader<TcpStream>,
    last: u64,
}

/// The command line of a Firefox with this profile; makes the profile where it is missing.
///
/// # Errors
/// Firefox is not installed, or the profile cannot be made.
pub fn firefox(profile: &Path) -> Result<Vec<OsString>> {
    prepare(profile)?;
    let mut line = vec![program(&["firefox-esr", "firefox"])?.into()];
    line.extend(Firefox::UNSEEN.iter().map(OsString::from));
    line.extend(["--profile".into(), profile.into()]);
    Ok(line)
}

/// Makes a profile that differs from a default one in one point only: tests can control it.
///
/// # Errors
/// The profile cannot be written.
pub fn prepare(profile: &Path) -> Result<()> {
    fs::create_dir_all(profile)?;
    // The system chooses the port. Marionette must set none of its preferences for tests.
    let preferences = "user_pref(\"marionette.port\", 0);\n\
        user_pref(\"remote.prefs.recommended\", false);\n";
    fs::write(profile.join("prefs.js"), preferences)?;
    Ok(())
}

impl Firefox {
    /// Switches for a browser without a screen that tests can control; none of them changes what
    /// the browser sends to the network.
    pub const UNSEEN: &'static [&'static str] =
        &["--headless", "--marionette", "--remote-allow-system-access"];

    /// Starts a command line that becomes Firefox with this profile.
    ///
    /// # Errors
    /// It does not start, or does not answer.
    pub async fn start(world: &World, line: &[OsString], profile: &Path) -> Result<Self> {
        Self::start_with(world, line, profile, &[]).await
    }

    /// Like [`Self::start`], with these variables in its environment.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(
        world: &World,
        line: &[OsString],
        profile: &Path,
        environment: &[(&str, OsString)],
    ) -> Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(world.folder().join("firefox.log"))?;
        let port_file = profile.join("MarionetteActivePort");
        drop(fs::remove_file(&port_file));
        let (program, arguments) = line.split_first().context("a program")?;
        let mut child = Command::new(program)
            .args(arguments)
            .env("HOME", world.folder().join("user"))
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env_remove("XDG_CONFIG_HOME")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let deadline = Instant::now() + LIMIT;
        let port: u16 = loop {
            let port = fs::read_to_string(&port_file).unwrap_or_default();
            if let Ok(port) = port.trim().parse() {
                break port;
            }
            let ended = child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(world.folder().join("firefox.log"))?;
                bail!("Firefox does not answer ({ended:?}): {log}");
            }
            tokio::time::sleep(POLL).await;
        };
        let socket = loopback::connect(loopback::address(port)).await?;
        let mut firefox = Self {
            child,
            socket: BufReader::new(socket),
            last: 0,
        };
        // Firefox sends a first message about itself.
        firefox.message().await?;
        firefox.call("WebDriver:NewSession", &json!({})).await?;
        Ok(firefox)
    }

    /// Sends a command of Marionette and returns its result.
    ///
    /// # Errors
    /// Firefox refuses the command, or does not answer.
    pub async fn call(&mut self, command: &str, parameters: &Value) -> Result<Value> {
        self.last += 1;
        let text = json!([0, self.last, command, parameters]).to_string();
        let framed = format!("{}:{text}", text.len());
        self.socket.write_all(framed.as_bytes()).await?;
        let mut answer = timeout(LIMIT, self.message())
            .await
            .with_context(|| format!("no answer to {command}"))??;
        ensure!(answer[1] == self.last, "another answer: {answer}");
        ensure!(answer[2].is_null(), "{command}: {}", answer[2]);
        Ok(answer[3].take())
    }

    async fn message(&mut self) -> Result<Value> {
        let mut length = Vec::new();
        self.socket.read_until(b':', &mut length).await?;
        let length = String::from_utf8(length)?;
        let length = length.trim_end_matches(':').parse().context("a length")?;
        let mut bytes = vec![0; length];
        self.socket.read_exact(&mut bytes).await?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Runs the body of an async function with the privileges of Firefox itself.
    ///
    /// # Errors
    /// It throws, or as [`Self::call`].
    pub async fn privileged(&mut self, body: &str) -> Result<Value> {
        let context = json!({ "value": "chrome" });
        self.call("Marionette:SetContext", &context).await?;
        self.settle(body).await
    }

    async fn settle(&mut self, body: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1]; (async () => {{ {body} }})().then(\
             value => done({{ value: value ?? null }}), error => done({{ error: String(error) }}));"
        );
        let parameters = json!({ "script": script, "args": [], "newSandbox": true });
        let mut done = self
            .call("WebDriver:ExecuteAsyncScript", &parameters)
            .await?;
        let done = &mut done["value"];
        ensure!(done.get("error").is_none(), "{body} threw {done}");
        Ok(done["value"].take())
    }

    /// Waits until an expression, evaluated with the privileges of Firefox itself, is true.
    ///
    /// # Errors
    /// It is not true within `limit`, or as [`Self::privileged`].
    pub async fn wait_until(&mut self, limit: Duration, expression: &str) -> Result<()> {
        let deadline = Instant::now() + limit;
        let body = format!("return {expression};");
        while self.privileged(&body).await? != true {
            ensure!(Instant::now() < deadline, "still not: {expression}");
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Opens an address in a new tab, or in a private window, without waiting for the page.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn open(&mut self, url: &str, private: bool) -> Result<()> {
        let url = json!(url);
        let body = match private {
            false => format!(
                "const windows = [...Services.wm.getEnumerator('navigator:browser')];
                 const window = windows.find((one) => !one.browsingContext.usePrivateBrowsing);
                 window.gBrowser.addTrustedTab({url}, {{ inBackground: false }});"
            ),
            true => format!(
                "const window = Services.wm.getMostRecentWindow('navigator:browser');
                 window.OpenBrowserWindow({{ private: true, args: null }});
                 const opened = await new Promise(done => Services.obs.addObserver(
                     function seen(subject) {{
                         Services.obs.removeObserver(seen, 'browser-delayed-startup-finished');
                         done(subject);
                     }}, 'browser-delayed-startup-finished'));
                 opened.gBrowser.addTrustedTab({url}, {{ inBackground: false }});"
            ),
        };
        self.privileged(&body).await.map(drop)
    }

    /// Opens a page of an extension in a new tab, and returns the tab for [`Self::in_page`].
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn extension_page(&mut self, id: &str, path: &str) -> Result<String> {
        let name = format!("return WebExtensionPolicy.getByID('{id}').mozExtensionHostname");
        let host = self.privileged(&name).await?;
        let host = host.as_str().context("the extension runs")?;
        self.page(&format!("moz-extension://{host}/{path}")).await
    }

    /// Opens an address in a new tab, waits until the page has loaded, and returns the tab for
    /// [`Self::in_page`].
    ///
    /// # Errors
    /// The page does not load, or as [`Self::call`].
    pub async fn page(&mut self, url: &str) -> Result<String> {
        self.content().await?;
        // The tab that was the last one may be gone.
        let tabs = self.call("WebDriver:GetWindowHandles", &json!({})).await?;
        let first = json!({ "handle": tabs[0] });
        self.call("WebDriver:SwitchToWindow", &first).await?;
        let tab = json!({ "type": "tab", "focus": true });
        let tab = self.call("WebDriver:NewWindow", &tab).await?;
        let tab = tab["handle"].as_str().context("a tab")?.to_owned();
        let there = json!({ "handle": tab });
        self.call("WebDriver:SwitchToWindow", &there).await?;
        let url = json!({ "url": url });
        self.call("WebDriver:Navigate", &url).await?;
        Ok(tab)
    }

    /// Closes a tab of [`Self::page`].
    ///
    /// # Errors
    /// It is gone, or as [`Self::call`].
    pub async fn close_page(&mut self, tab: &str) -> Result<()> {
        self.content().await?;
        let there = json!({ "handle": tab, "focus": false });
        self.call("WebDriver:SwitchToWindow", &there).await?;
        let closed = self.call("WebDriver:CloseWindow", &json!({})).await;
        closed.map(drop)
    }

    /// Runs the body of an async function in a tab of [`Self::page`].
    ///
    /// # Errors
    /// It throws, or as [`Self::call`].
    pub async fn in_page(&mut self, tab: &str, body: &str) -> Result<Value> {
        self.content().await?;
        let there = json!({ "handle": tab, "focus": false });
        self.call("WebDriver:SwitchToWindow", &there).await?;
        self.settle(body).await
    }

    async fn content(&mut self) -> Result<()> {
        let context = json!({ "value": "content" });
        self.call("Marionette:SetContext", &context).await.map(drop)
    }

    /// Loads an extension until Firefox ends.
    ///
    /// # Errors
    /// Firefox refuses it.
    pub async fn install(&mut self, extension: &Path, in_private_windows: bool) -> Result<String> {
        let parameters = json!({
            "path": extension.canonicalize()?, "temporary": true,
            "allowPrivateBrowsing": in_private_windows,
        });
        let id = self.call("Addon:Install", &parameters).await?;
        Ok(id["value"].as_str().context("an id")?.to_owned())
    }

    /// Installs an extension that is still there after a restart, in private windows too. The
    /// profile must be one of [`Self::keeps_unsigned_extensions`].
    ///
    /// # Errors
    /// Firefox refuses it, or the package cannot be written.
    pub async fn install_for_good(&mut self, extension: &Path) -> Result<String> {
        let package = tempfile::Builder::new().suffix(".xpi").tempfile()?;
        pack(extension, package.path())?;
        let parameters = json!({
            "path": package.path(), "temporary": false, "allowPrivateBrowsing": true,
        });
        let id = self.call("Addon:Install", &parameters).await?;
        Ok(id["value"].as_str().context("an id")?.to_owned())
    }

    /// Removes an extension, with everything that it has stored.
    ///
    /// # Errors
    /// There is none with this id, or as [`Self::call`].
    pub async fn remove(&mut self, id: &str) -> Result<()> {
        let body = format!(
            "const {{ AddonManager }} = ChromeUtils.importESModule(
                'resource://gre/modules/AddonManager.sys.mjs');
             await (await AddonManager.getAddonByID('{id}')).uninstall()"
        );
        self.privileged(&body).await.map(drop)
    }

    /// The id of our extension.
    pub const OURS: &'static str = "onionmeter@onionmeter.org";

    /// Makes Firefox, started with this profile, keep extensions that Mozilla has not signed, and
    /// start after any number of crashes as after an orderly end. It also starts the process of
    /// extensions again after any number of crashes: by default it gives up after five in 30 s
    /// (`ExtensionProcessCrashObserver` in Firefox's `Extension.sys.mjs`).
    ///
    /// # Errors
    /// The profile cannot be written.
    pub fn keeps_unsigned_extensions(profile: &Path) -> Result<()> {
        Ok(fs::write(profile.join("user.js"), KEEPS)?)
    }

    /// Chooses "Use system proxy settings" in the browser's own settings.
    ///
    /// # Errors
    /// As [`Self::privileged`].
    pub async fn use_system_proxy(&mut self) -> Result<()> {
        let system = "Services.prefs.setIntPref('network.proxy.type', 5)";
        self.privileged(system).await.map(drop)
    }

    /// The processes in which extensions run.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn extension_processes(&mut self) -> Result<Vec<u32>> {
        let body = "const { children } = await ChromeUtils.requestProcInfo();
            return children.filter(({ type }) => type === 'extension').map(({ pid }) => pid)";
        Ok(serde_json::from_value(self.privileged(body).await?)?)
    }

    /// Kills the browser, as a crash would.
    ///
    /// # Errors
    /// Waiting for its end fails.
    pub async fn kill(mut self) -> Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }

    /// Ends the browser as a person would, and waits for its end.
    ///
    /// # Errors
    /// It does not end.
    pub async fn close(mut self) -> Result<()> {
        let flags = json!({ "flags": ["eAttemptQuit"] });
        // The browser may end before it answers.
        drop(self.call("Marionette:Quit", &flags).await);
        timeout(LIMIT, self.child.wait()).await??;
        Ok(())
    }
}

/// Writes a folder as a package: the files lie in it as in the folder.
fn pack(folder: &Path, package: &Path) -> Result<()> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let entries: Vec<OsString> = entries.collect::<Result<_>>()?;
    let mut command = std::process::Command::new("python3");
    command.args(["-m", "zipfile", "-c"]).arg(package);
    let packed = command.args(entries).current_dir(folder).status()?;
    ensure!(
        packed.success(),
        "python3 cannot write {}",
        package.display()
    );
    Ok(())
}

const KEEPS: &str = "user_pref(\"xpinstall.signatures.required\", false);
user_pref(\"toolkit.startup.max_resumed_crashes\", -1);
user_pref(\"browser.sessionstore.resume_from_crash\", false);
user_pref(\"extensions.webextensions.crash.threshold\", 10000);
";
