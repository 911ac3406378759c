//! The extension's pages with a message that is given, as if the worker had sent it.

use anyhow::{Context as _, Result, ensure};
use meter_testkit::browser::Browser;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, process::Command, time::Duration};

use crate::stage::built;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs before each page: if a message was laid down, it comes in place of the worker's.
const STAND_IN: &str = "const message = localStorage.getItem('gallery');
    if (message !== null) {
        const port = {
            postMessage() {},
            disconnect() {},
            onDisconnect: { addListener() {} },
            onMessage: { addListener: (heard) => setTimeout(() => heard(JSON.parse(message))) },
        };
        for (const api of [globalThis.browser, globalThis.chrome]) {
            if (api?.runtime) Object.defineProperty(api.runtime, 'connect', { value: () => port });
        }
    }";

/// A page has drawn what it got.
const DRAWN: &str = "const seen = [...document.querySelectorAll('main, #broken')];
    return seen.some((part) => !part.hidden && part.dataset.kept === undefined
        && part.checkVisibility())";

/// Prepares a Chromium for [`show`].
///
/// # Errors
/// The extension has no popup, or the browser failed.
pub async fn prepare(browser: &Browser) -> Result<()> {
    // A page of the extension, so that its storage can be written.
    browser.open_extension_page("popup/popup.html").await?;
    let add = "Page.addScriptToEvaluateOnNewDocument";
    let script = json!({ "source": STAND_IN });
    browser.cdp(add, script).await.map(drop)
}

/// Loads a page of the extension, with a message in place of the worker's or with the worker.
///
/// # Errors
/// The page draws nothing.
pub async fn show(browser: &Browser, page: &str, message: Option<&Value>) -> Result<()> {
    let lay = "if (args[0] === null) localStorage.removeItem('gallery');
        else localStorage.setItem('gallery', JSON.stringify(args[0]))";
    browser.call(lay, vec![json!(message)]).await?;
    let origin = browser.extension_origin()?;
    browser
        .goto(&format!("{origin}/{page}/{page}.html"))
        .await?;
    let drawn = browser.wait_until(LIMIT, DRAWN).await;
    drawn.with_context(|| format!("{page} draws nothing of {message:?}"))?;
    Ok(())
}

/// Speaks this language from the next page on.
///
/// # Errors
/// The browser failed.
pub async fn speak(browser: &Browser, language: &str) -> Result<()> {
    let set = "await browser.storage.local.set({ language: args[0] })";
    browser.call(set, vec![json!(language)]).await.map(drop)
}

/// What a page is told while no worker decides.
#[must_use]
pub fn broken() -> Value {
    let sentence = json!({ "key": "shut_blocked" });
    json!({ "broken": { "sentence": sentence, "wanted": true } })
}

/// Every state of every page, each once: page, state and message.
///
/// # Errors
/// The example `views` of the extension is not built, or ended with an error.
pub fn states() -> Result<Vec<(String, String, Value)>> {
    let output = Command::new(built("examples/views")?).output()?;
    ensure!(output.status.success(), "views: {}", output.status);
    let views: Map<String, Value> = serde_json::from_slice(&output.stdout)?;
    let mut seen = BTreeSet::new();
    let mut states = Vec::new();
    for (state, of_pages) in &views {
        for (page, view) in of_pages.as_object().context("a view for each page")? {
            if seen.insert((page.clone(), view.to_string())) {
                states.push((page.clone(), state.clone(), view.clone()));
            }
        }
    }
    Ok(states)
}
