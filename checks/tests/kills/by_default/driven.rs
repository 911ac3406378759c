//! A browser of either kind, with the same words for both.

use super::{LIMIT, POLL, place::Place};
use anyhow::{Result, bail, ensure};
use checks::{
    defaults::{Chromium, Firefox},
    processes::{command_line, running},
    stage::extension_id,
};
use serde_json::{Value, json};
use tokio::time::Instant;

const POPUP: &str = "popup/popup.html";

pub(crate) enum Driven {
    Chromium(Chromium),
    Firefox(Firefox),
}

impl Driven {
    /// Opens an address in a new tab; returns the tab.
    pub(crate) async fn open(&mut self, url: &str) -> Result<String> {
        match self {
            Self::Chromium(browser) => browser.open(url).await,
            Self::Firefox(browser) => browser.page(url).await,
        }
    }

    /// The value of an expression in a tab.
    pub(crate) async fn evaluate(&mut self, tab: &str, expression: &str) -> Result<Value> {
        match self {
            Self::Chromium(browser) => browser.evaluate(tab, expression).await,
            Self::Firefox(browser) => {
                let body = format!("return {expression}");
                browser.in_page(tab, &body).await
            }
        }
    }

    pub(crate) async fn wait_until(&mut self, tab: &str, expression: &str) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let value = self.evaluate(tab, expression).await;
            if matches!(value, Ok(Value::Bool(true))) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "still {value:?}: {expression}");
            tokio::time::sleep(POLL).await;
        }
    }

    async fn close(&mut self, tab: &str) -> Result<()> {
        match self {
            Self::Chromium(browser) => {
                let close = json!({ "targetId": tab });
                browser.call("Target.closeTarget", &close).await.map(drop)
            }
            Self::Firefox(browser) => browser.close_page(tab).await,
        }
    }

    async fn popup(&mut self) -> Result<String> {
        match self {
            Self::Chromium(browser) => {
                let url = format!("chrome-extension://{}/{POPUP}", extension_id()?);
                browser.open(&url).await
            }
            Self::Firefox(browser) => browser.extension_page(Firefox::OURS, POPUP).await,
        }
    }

    /// Opens the popup, waits until an expression in it is true, and closes it.
    pub(crate) async fn popup_shows(&mut self, place: &Place, expression: &str) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        let mut said = None;
        loop {
            // In a browser that has just started, the extension may not be there yet.
            if let Ok(tab) = self.popup().await {
                let shown = self.evaluate(&tab, &shown(expression)).await;
                said = self.evaluate(&tab, "document.body.innerText").await.ok();
                self.close(&tab).await?;
                if matches!(shown, Ok(Value::Bool(true))) {
                    return Ok(());
                }
            }
            if Instant::now() > deadline {
                let log = place.stage.log();
                bail!("the popup never shows {expression}, but {said:?}\n{log}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    pub(crate) async fn wait_for_state(&mut self, place: &Place, state: &str) -> Result<()> {
        let is =
            format!("document.querySelector('[data-testid=state]').dataset.state === '{state}'");
        self.popup_shows(place, &is).await
    }

    /// Does what the popup advises where a Firefox that was killed keeps our proxy as the person's
    /// own (`checks/tests/defaults/by_default/kept.rs`).
    pub(crate) async fn take_the_popups_advice(&mut self) -> Result<()> {
        let Self::Firefox(browser) = self else {
            return Ok(());
        };
        let popup = browser.extension_page(Firefox::OURS, POPUP).await?;
        let kept = shown("document.body.innerText.includes('Use system proxy settings')");
        let is_kept = browser.in_page(&popup, &format!("return {kept}")).await?;
        browser.close_page(&popup).await?;
        if is_kept == true {
            browser.use_system_proxy().await?;
        }
        Ok(())
    }

    /// The processes in which the extension runs, while its worker or event page does.
    pub(crate) async fn worker(&mut self) -> Result<Vec<u32>> {
        match self {
            Self::Chromium(browser) => {
                let url = format!("chrome-extension://{}/service_worker.js", extension_id()?);
                if browser.targets(&url).await?.is_empty() {
                    return Ok(Vec::new());
                }
                let is_extension =
                    |process: &u32| command_line(*process).contains("--extension-process");
                Ok(running().into_iter().filter(is_extension).collect())
            }
            Self::Firefox(browser) => browser.extension_processes().await,
        }
    }

    /// Kills the browser, as a crash would.
    pub(crate) async fn kill(self) -> Result<()> {
        match self {
            Self::Chromium(browser) => browser.kill().await,
            Self::Firefox(browser) => browser.kill().await,
        }
    }
}

/// An expression that waits some seconds until another one is true, which is asked only once the
/// popup is drawn.
fn shown(expression: &str) -> String {
    format!(
        "(async () => {{
            for (let look = 0; look < 50; look++) {{
                const popup = document.querySelector('[data-testid=popup]');
                if (popup?.hidden === false && ({expression})) return true;
                await new Promise((done) => setTimeout(done, 100));
            }}
            return false;
        }})()"
    )
}
