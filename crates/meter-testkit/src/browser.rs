//! The installed Chromium and Firefox, headless, controlled through WebDriver.
//!
//! One interface for both; `chromium` and `firefox` hold the differences. Neither browser connects
//! to anything outside, and both resolve every name to 127.0.0.1. So a request that bypasses the
//! proxy reaches the [site](crate::site) and is seen there.

mod chromium;
mod command;
mod driver;
mod firefox;
mod landing;
mod options;
mod tabs;
mod welcome;

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use fantoccini::{Client, error::CmdError};
use serde_json::{Value, json};

pub use landing::Landed;
pub use options::{Kind, LaunchOptions, Size};
pub use tabs::Tab;

use crate::process::ignore_because;
use driver::Driver;

/// A running browser with one window. Dropping it kills the browser, its driver and their children,
/// except children that left the process group.
#[derive(Debug)]
pub struct Browser {
    kind: Kind,
    client: Client,
    driver: Driver,
    /// `chrome-extension://…` or `moz-extension://…`; `None` without an extension.
    extension_origin: Option<String>,
}

impl Browser {
    /// Starts a browser and loads the extension; returns when the extension's background runs
    /// (Chromium) or the browser has accepted it (Firefox).
    ///
    /// # Errors
    /// Browser or driver is missing (the text says how to install it), or one of them does not
    /// start.
    pub async fn launch(kind: Kind, options: &LaunchOptions) -> Result<Self> {
        let mut capabilities = match kind {
            Kind::Chromium => chromium::capabilities(options)?,
            Kind::Firefox => firefox::capabilities(options)?,
        };
        if let Some(proxy) = options.socks_proxy {
            let proxy = proxy.to_string();
            capabilities.insert(
                "proxy".to_owned(),
                json!({ "proxyType": "manual", "socksProxy": proxy, "socksVersion": 5 }),
            );
        }
        let welcomes = welcome::comes(kind, options) && !options.welcome;
        let driver = Driver::start(kind, options).await?;
        let client = driver.session(capabilities).await?;
        let mut browser = Self {
            kind,
            client,
            driver,
            extension_origin: None,
        };
        if let Some(extension) = &options.extension {
            browser.extension_origin = Some(match kind {
                Kind::Chromium => chromium::extension_origin(&browser, extension).await?,
                Kind::Firefox => firefox::install(&browser, extension).await?,
            });
        }
        if welcomes {
            browser.close_welcome().await?;
        }
        Ok(browser)
    }

    /// Which browser it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The process group of driver and browser.
    #[must_use]
    pub fn process_group(&self) -> u32 {
        self.driver.group_id()
    }

    /// Navigates the current tab and waits for the page to load.
    ///
    /// # Errors
    /// The driver failed. A page that the browser cannot load is not an error; it is
    /// [`Landed::NetworkError`].
    pub async fn goto(&self, url: &str) -> Result<Landed> {
        if let Err(failure) = self.client.goto(url).await {
            let reason = landing::network_error(&failure.to_string());
            return reason
                .map(Landed::NetworkError)
                .ok_or(failure)
                .context("navigate");
        }
        // Drivers report only some failures: to chromedriver an empty response is a success.
        Ok(self
            .network_error()
            .await?
            .map_or(Landed::Page, Landed::NetworkError))
    }

    /// The browser's reason when the current tab shows its own error page, `None` for a real page.
    ///
    /// # Errors
    /// The driver failed.
    pub async fn network_error(&self) -> Result<Option<String>> {
        let shown = self.execute(landing::WHAT_IS_SHOWN, vec![]).await?;
        Ok(landing::shown_error(shown.as_str().unwrap_or_default()))
    }

    /// The current page as the browser would serialise it.
    ///
    /// # Errors
    /// The driver failed.
    pub async fn source(&self) -> Result<String> {
        Ok(self.client.source().await?)
    }

    /// The text a person sees on the current page.
    ///
    /// # Errors
    /// The driver failed.
    pub async fn text(&self) -> Result<String> {
        let text = self
            .execute("return document.body?.innerText ?? ''", vec![])
            .await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Runs a synchronous script in the current page. `return` sets its value; in the script,
    /// `arguments` holds `arguments`.
    ///
    /// # Errors
    /// The script threw, or the driver failed.
    pub async fn execute(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, arguments).await?)
    }

    /// Runs the body of an async function in the current page and waits for its value. In the
    /// script, `args` holds `arguments`, and `browser` is the extension interface in both browsers.
    ///
    /// # Errors
    /// The script threw (the text has its message) or took over a minute, or the driver failed.
    pub async fn call(&self, body: &str, arguments: Vec<Value>) -> Result<Value> {
        unwrap_settled(self.ask(body, arguments).await?)
    }

    /// The same for a script after which the page is left, perhaps before its value has come back.
    ///
    /// # Errors
    /// As [`Browser::call`].
    pub async fn call_and_leave(&self, body: &str) -> Result<()> {
        let settled = self.ask_unless_left(body).await?;
        settled.map_or(Ok(()), |settled| unwrap_settled(settled).map(drop))
    }

    /// `None`: the page was left before the script had settled.
    async fn ask_unless_left(&self, body: &str) -> Result<Option<Value>, CmdError> {
        match self.ask(body, vec![]).await {
            Ok(Value::Null) => Ok(None),
            Err(error) if error.to_string().contains(LEFT) => Ok(None),
            settled => settled.map(Some),
        }
    }

    async fn ask(&self, body: &str, arguments: Vec<Value>) -> Result<Value, CmdError> {
        let script = settling(body);
        let arguments = vec![json!(arguments)];
        self.client.execute_async(&script, arguments).await
    }

    /// Waits until the body of an async function in the current page returns something truthy, and
    /// returns that.
    ///
    /// # Errors
    /// It returns nothing truthy within `limit` (the text has what it threw last), or the driver
    /// failed. If the page is left while the script runs, for example because it loads itself
    /// anew, the next page is asked; it throws there until the page has its parts.
    pub async fn wait_until(&self, limit: Duration, body: &str) -> Result<Value> {
        let mut thrown = String::new();
        let looked = tokio::time::timeout(limit, async {
            loop {
                if let Some(settled) = self.ask_unless_left(body).await? {
                    match unwrap_settled(settled) {
                        Ok(value) if is_truthy(&value) => return Ok(value),
                        Ok(_) => thrown.clear(),
                        Err(error) => thrown = format!(" ({error})"),
                    }
                }
                tokio::time::sleep(POLL).await;
            }
        });
        match looked.await {
            Ok(outcome) => outcome,
            Err(_) => bail!("not true after {limit:?}{thrown}: {body}"),
        }
    }

    /// The extension's badge. The current tab must show a page of the extension.
    ///
    /// # Errors
    /// It shows another page, or the driver failed.
    pub async fn badge_text(&self) -> Result<String> {
        let text = self
            .call("return browser.action.getBadgeText({})", vec![])
            .await?;
        Ok(text
            .as_str()
            .context("a badge text is a string")?
            .to_owned())
    }

    /// Ends the extension's background as the browser does to save memory: the next event starts it
    /// again, without its earlier memory.
    ///
    /// # Errors
    /// There is no extension, its background does not run, or the driver failed.
    pub async fn stop_background(&self) -> Result<()> {
        match self.kind {
            Kind::Chromium => chromium::stop_worker(self).await,
            Kind::Firefox => firefox::stop_background(self).await,
        }
    }

    /// Installs one more extension while the browser runs.
    ///
    /// # Errors
    /// This is not Firefox, or it refuses the extension.
    pub async fn add_extension(&self, extension: &Path) -> Result<()> {
        firefox::add(self, extension).await
    }

    /// Removes the extension with this id.
    ///
    /// # Errors
    /// This is not Firefox, or it knows no such extension.
    pub async fn remove_extension(&self, id: &str) -> Result<()> {
        firefox::remove(self, id).await
    }

    /// Opens the extension's popup at its toolbar button, over the tab in front, by
    /// `action.openPopup()` and without a click. The current tab must show a page of the extension;
    /// its `extension.getViews({ type: "popup" })` then holds the popup's window.
    ///
    /// # Errors
    /// It shows another page, the extension has no button, or the driver failed.
    pub async fn open_popup(&self) -> Result<()> {
        let open = "await browser.action.openPopup()";
        self.call(open, vec![]).await.map(drop)
    }

    /// Makes pages see a preference for dark (or light) from now on. In Chromium this applies to
    /// the current tab only; [`LaunchOptions::dark`] applies to all.
    ///
    /// # Errors
    /// The driver failed.
    pub async fn set_dark(&self, dark: bool) -> Result<()> {
        match self.kind {
            Kind::Chromium => chromium::set_dark(self, dark).await,
            Kind::Firefox => firefox::set_dark(self, dark).await,
        }
    }

    /// Writes a PNG of the current page, with a viewport of exactly `viewport`.
    ///
    /// # Errors
    /// The file cannot be written, or the driver failed.
    pub async fn screenshot(&self, file: &Path, viewport: Size) -> Result<()> {
        self.set_viewport(Some(viewport)).await?;
        let took = self.client.screenshot().await;
        self.set_viewport(None).await?;
        std::fs::write(file, took?).with_context(|| format!("write {}", file.display()))
    }

    /// Sets a viewport for the current tab; `None` returns to that of the window.
    ///
    /// # Errors
    /// The driver failed, or the page did not take the size.
    pub async fn set_viewport(&self, viewport: Option<Size>) -> Result<()> {
        match self.kind {
            Kind::Chromium => chromium::set_viewport(self, viewport).await?,
            Kind::Firefox => firefox::set_viewport(self, viewport).await?,
        }
        if let Some(Size { width, height }) = viewport {
            let settled = format!("return innerWidth === {width} && innerHeight === {height}");
            self.wait_until(LAYOUT_LIMIT, &settled).await?;
            self.call(PAINTED, vec![]).await?;
        }
        Ok(())
    }

    /// Sends a command of the Chrome DevTools Protocol to the current tab.
    ///
    /// # Errors
    /// This is not Chromium, or it refuses the command.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Result<Value> {
        chromium::cdp(self, command, &parameters).await
    }

    /// Runs the body of an async function with the rights of Firefox itself. In the script, `args`
    /// holds `arguments`.
    ///
    /// # Errors
    /// This is not Firefox, or the script threw.
    pub async fn privileged(&self, body: &str, arguments: Vec<Value>) -> Result<Value> {
        firefox::privileged(self, body, arguments).await
    }

    /// Closes the browser as a person would, then kills what remains.
    pub async fn close(self) {
        let ended = tokio::time::timeout(CLOSE_LIMIT, self.client.clone().close()).await;
        ignore_because("whatever is left is killed on drop", ended);
    }

    /// Kills the browser, as a crash would.
    pub fn kill(self) {
        drop(self);
    }
}

/// Wraps a body so that an exception is returned as a value: drivers damage thrown objects.
fn settling(body: &str) -> String {
    format!(
        "const [args, done] = arguments;\
         const browser = globalThis.browser ?? globalThis.chrome;\
         (async () => {{ {body} }})().then(\
         value => done({{ value: value ?? null }}), error => done({{ error: String(error) }}));"
    )
}

fn unwrap_settled(settled: Value) -> Result<Value> {
    let Value::Object(mut settled) = settled else {
        bail!("the script did not settle")
    };
    if let Some(error) = settled.get("error") {
        bail!("the script threw: {}", error.as_str().unwrap_or_default());
    }
    settled
        .remove("value")
        .context("the script settled without a value")
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(value) => value.as_f64() != Some(0.0),
        Value::String(value) => !value.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// What both drivers say of a script whose page was left; Firefox can also return nothing.
const LEFT: &str = "unloaded";
/// Two frames: the first computes the layout; after the second it is on the screen.
/// A tab that a browser does not draw at the moment gets no frame; then the picture shows the last.
const PAINTED: &str = "await new Promise(done => {
    requestAnimationFrame(() => requestAnimationFrame(done));
    setTimeout(done, 5_000);
})";
const POLL: Duration = Duration::from_millis(50);
/// Only an upper bound, on a machine that does much else.
const LAYOUT_LIMIT: Duration = Duration::from_secs(60);
/// When Firefox ends, it waits up to 6 s for a native host.
const CLOSE_LIMIT: Duration = Duration::from_secs(15);
