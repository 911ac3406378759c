//! Chromium without a driver, because a driver adds switches of its own. The tests control it over
//! the pipe of its DevTools protocol.

use super::{LIMIT, POLL, World};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{Instant, timeout},
};

/// A running Chromium. Dropping it kills it.
pub struct Chromium {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    last: u64,
}

/// The command line of a Chromium with a default profile in the world's folder; `more` follows.
///
/// # Errors
/// Chromium is not installed.
pub fn chromium(profile: &Path) -> Result<Vec<OsString>> {
    let mut line = vec![program(&["chromium", "chromium-browser"])?.into()];
    let mut folder = OsString::from("--user-data-dir=");
    folder.push(profile);
    line.push(folder);
    line.extend(UNSEEN.iter().map(OsString::from));
    Ok(line)
}

impl Chromium {
    /// Switches for a browser without a screen that runs as root; none of them changes what the
    /// browser sends to the network.
    pub const UNSEEN: &'static [&'static str] = UNSEEN;

    /// Starts a command line that becomes Chromium: one from [`chromium`], or one of our launcher.
    ///
    /// # Errors
    /// It does not start, or does not answer.
    pub async fn start(world: &World, line: &[OsString]) -> Result<Self> {
        Self::start_with(world, line, &[]).await
    }

    /// Like [`Self::start`], with these variables in its environment.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(
        world: &World,
        line: &[OsString],
        environment: &[(&str, OsString)],
    ) -> Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(world.folder().join("chromium.log"))?;
        // Chromium reads commands from file descriptor 3 and writes answers to 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >&2", "sh"])
            .args(line)
            .env("HOME", world.folder().join("user"))
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env_remove("XDG_CONFIG_HOME")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().context("its stdin")?;
        let stdout = BufReader::new(child.stdout.take().context("its stdout")?);
        let mut browser = Self {
            child,
            stdin,
            stdout,
            last: 0,
        };
        browser
            .call("Browser.getVersion", &json!({}))
            .await
            .with_context(|| {
                std::fs::read_to_string(world.folder().join("chromium.log")).unwrap_or_default()
            })?;
        Ok(browser)
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a command of the DevTools protocol and returns its result.
    ///
    /// # Errors
    /// Chromium refuses the command, or does not answer.
    pub async fn call(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.ask(json!({ "method": method, "params": parameters }))
            .await
    }

    async fn ask(&mut self, mut command: Value) -> Result<Value> {
        self.last += 1;
        command["id"] = json!(self.last);
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.stdin.write_all(&bytes).await?;
        timeout(LIMIT, self.answer())
            .await
            .with_context(|| format!("no answer to {command}"))?
            .with_context(|| command.to_string())
    }

    async fn answer(&mut self) -> Result<Value> {
        loop {
            let mut bytes = Vec::new();
            self.stdout.read_until(0, &mut bytes).await?;
            if bytes.pop() != Some(0) {
                bail!("Chromium has ended");
            }
            let mut message: Value = serde_json::from_slice(&bytes)?;
            if message["id"] == self.last {
                if let Some(error) = message.get("error") {
                    bail!("{error}");
                }
                return Ok(message["result"].take());
            }
        }
    }

    /// Opens an address in a new tab, without waiting for the page; returns the id of its target.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn open(&mut self, url: &str) -> Result<String> {
        self.open_in(url, None).await
    }

    /// Like [`Self::open`], in a private window of [`Self::private`].
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn open_in(&mut self, url: &str, private: Option<&str>) -> Result<String> {
        let mut parameters = json!({ "url": url });
        if let Some(context) = private {
            parameters["browserContextId"] = json!(context);
        }
        let target = self.call("Target.createTarget", &parameters).await?;
        Ok(target["targetId"].as_str().context("a target")?.to_owned())
    }

    /// Makes a private browser context, as "New Incognito window" does.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn private(&mut self) -> Result<String> {
        let context = self.call("Target.createBrowserContext", &json!({})).await?;
        let context = context["browserContextId"].as_str().context("a context")?;
        Ok(context.to_owned())
    }

    /// Targets whose address begins with `begins`: their ids and addresses.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn targets(&mut self, begins: &str) -> Result<Vec<(String, String)>> {
        // An empty filter: without a filter, Chromium leaves out workers.
        let found = self
            .call("Target.getTargets", &json!({ "filter": [{}] }))
            .await?;
        let text = |target: &Value, key: &str| target[key].as_str().unwrap_or_default().to_owned();
        let all = found["targetInfos"].as_array().context("a list")?;
        let all = all
            .iter()
            .map(|one| (text(one, "targetId"), text(one, "url")));
        Ok(all.filter(|(_, url)| url.starts_with(begins)).collect())
    }

    /// The value of an expression in a target. A promise is awaited.
    ///
    /// # Errors
    /// It throws, or as [`Self::call`].
    pub async fn evaluate(&mut self, target: &str, expression: &str) -> Result<Value> {
        let attach = json!({ "targetId": target, "flatten": true });
        let mut session = self.call("Target.attachToTarget", &attach).await?;
        let session = session["sessionId"].take();
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
            "userGesture": true,
        });
        let mut done = self
            .ask(json!({
                "method": "Runtime.evaluate", "params": parameters, "sessionId": session,
            }))
            .await?;
        let detach = json!({ "sessionId": session });
        // The expression may have ended the target.
        drop(self.call("Target.detachFromTarget", &detach).await);
        if let Some(thrown) = done.get("exceptionDetails") {
            bail!("{expression} threw {thrown}");
        }
        Ok(done["result"]["value"].take())
    }

    /// Waits until an expression in a target is true.
    ///
    /// # Errors
    /// It is not true within `limit`.
    pub async fn wait_until(
        &mut self,
        target: &str,
        limit: Duration,
        expression: &str,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let value = self.evaluate(target, expression).await;
            if matches!(value, Ok(Value::Bool(true))) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("still {value:?}: {expression}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Kills the browser with all of its processes, as a crash would.
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
        // The browser may end before it answers.
        drop(self.call("Browser.close", &json!({})).await);
        timeout(LIMIT, self.child.wait()).await??;
        Ok(())
    }
}

/// The first program in `PATH` that has one of these names.
pub(super) fn program(names: &[&str]) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
        .with_context(|| format!("none of {names:?} is installed"))
}

const UNSEEN: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-pipe",
    // For the removal of an extension: the usual way shows a dialog, which needs a screen.
    "--enable-unsafe-extension-debugging",
];
