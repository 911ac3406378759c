//! The page that the extension opens once, in front of the tab of a test.

use super::{Browser, Kind, LaunchOptions, Tab};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::{fs, time::Duration};
use tokio::time::Instant;

const PAGE: &str = "welcome/welcome.html";
/// Only an upper bound, for a busy machine.
const LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);

/// Whether a start with these options brings that page: the extension has one, and the profile is
/// new. Must be asked before the start.
pub(crate) fn comes(kind: Kind, options: &LaunchOptions) -> bool {
    let used = match kind {
        Kind::Chromium => "Default",
        Kind::Firefox => "times.json",
    };
    let extension = options.extension.as_ref();
    extension.is_some_and(|extension| extension.join(PAGE).is_file())
        && fs::metadata(options.profile.join(used)).is_err()
}

impl Browser {
    /// Waits for the page that the extension opens once, and makes a tab with it current.
    ///
    /// # Errors
    /// It does not come, or the driver failed.
    pub async fn welcome_tab(&self) -> Result<Tab> {
        match self.kind {
            Kind::Firefox => self.listed().await,
            Kind::Chromium => {
                self.close_hidden().await?;
                self.open_extension_page(PAGE).await
            }
        }
    }

    /// Closes that page, so that the tab of the test is the one in front.
    pub(crate) async fn close_welcome(&self) -> Result<()> {
        match self.kind {
            Kind::Chromium => self.close_hidden().await,
            Kind::Firefox => {
                let first = self.current_tab().await?;
                self.listed().await?;
                self.close_tab(&first).await
            }
        }
    }

    fn welcome_url(&self) -> Result<String> {
        Ok(format!("{}/{PAGE}", self.extension_origin()?))
    }

    async fn listed(&self) -> Result<Tab> {
        let (first, url) = (self.current_tab().await?, self.welcome_url()?);
        let deadline = Instant::now() + LIMIT;
        loop {
            let mut seen = Vec::new();
            for tab in self.tabs().await? {
                // It may be gone: Firefox loads the extension twice.
                if self.switch_to(&tab).await.is_err() {
                    continue;
                }
                // A tab that has just opened may have no address yet.
                let there = self.client.current_url().await;
                let is_there = there.as_ref().is_ok_and(|there| there.as_str() == url);
                if is_there && self.lives().await {
                    return Ok(tab);
                }
                seen.push(there);
            }
            self.switch_to(&first).await?;
            ensure!(
                Instant::now() < deadline,
                "no {url} that is drawn: {seen:?}"
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether the extension that is loaded now has drawn the page. The page of the one before goes
    /// on for a moment, until Firefox closes its tab.
    async fn lives(&self) -> bool {
        let asked = "const late = new Promise((done) => setTimeout(done, 2000));
            const tab = await Promise.race([browser.tabs.getCurrent(), late]);
            return tab !== undefined && document.body.innerText !== ''";
        matches!(self.call(asked, vec![]).await, Ok(Value::Bool(true)))
    }

    /// Chromedriver lists no tab that an extension has opened.
    async fn close_hidden(&self) -> Result<()> {
        let url = self.welcome_url()?;
        let deadline = Instant::now() + LIMIT;
        loop {
            let all = self.cdp("Target.getTargets", json!({})).await?;
            let all = all["targetInfos"].as_array().context("a list")?;
            if let Some(page) = all.iter().find(|target| target["url"] == *url) {
                let close = json!({ "targetId": page["targetId"] });
                return self.cdp("Target.closeTarget", close).await.map(drop);
            }
            ensure!(Instant::now() < deadline, "no {url} among {all:?}");
            tokio::time::sleep(POLL).await;
        }
    }
}
