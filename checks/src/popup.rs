//! The popup in a tab of its own, as a person reads it, and the badge.

use anyhow::{Context as _, Result};
use meter_testkit::browser::{Browser, Size, Tab};
use serde_json::Value;
use std::{path::Path, time::Duration};

/// How wide our popup is, in CSS pixels.
const WIDTH: u32 = 360;
/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(60);

/// The popup, open in a tab.
pub struct Popup {
    /// Its tab.
    pub tab: Tab,
}

impl Popup {
    /// Opens it and makes its tab the current one.
    ///
    /// # Errors
    /// The extension has no popup, or the popup draws nothing.
    pub async fn open(browser: &Browser) -> Result<Self> {
        let tab = browser.open_extension_page("popup/popup.html").await?;
        // Not only the amounts that it remembers.
        let drawn = "const { hidden, dataset } = document.querySelector('[data-testid=popup]');
            return !hidden && dataset.kept === undefined";
        browser
            .wait_until(LIMIT, drawn)
            .await
            .context("the popup draws nothing")?;
        Ok(Self { tab })
    }

    /// The text of an element.
    ///
    /// # Errors
    /// There is no element with this `data-testid`.
    pub async fn text(&self, browser: &Browser, testid: &str) -> Result<String> {
        browser.switch_to(&self.tab).await?;
        let script = "return document.querySelector(`[data-testid=${args[0]}]`).textContent.trim()";
        let text = browser.call(script, vec![testid.into()]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Presses the element with this `data-testid`.
    ///
    /// # Errors
    /// There is no such element, or it is hidden.
    pub async fn press(&self, browser: &Browser, testid: &str) -> Result<()> {
        browser.switch_to(&self.tab).await?;
        let script = "const button = document.querySelector(`[data-testid=${args[0]}]`);
            if (button.hidden) throw new Error(`${args[0]} is hidden`);
            button.click()";
        browser.call(script, vec![testid.into()]).await.map(drop)
    }

    /// Waits until a function body, called in the popup's document, returns a true value.
    ///
    /// # Errors
    /// It does not within `limit`; the text has the popup's content.
    pub async fn wait_until(
        &self,
        browser: &Browser,
        limit: Duration,
        body: &str,
    ) -> Result<Value> {
        browser.switch_to(&self.tab).await?;
        match browser.wait_until(limit, body).await {
            Ok(value) => Ok(value),
            Err(error) => Err(error)
                .with_context(|| "the popup is not as wanted")
                .context(browser.text().await.unwrap_or_default()),
        }
    }

    /// Waits until the header has this state (`protected`, `connecting`, `blocked`, …).
    ///
    /// # Errors
    /// It does not have it within `limit`.
    pub async fn wait_for_state(
        &self,
        browser: &Browser,
        limit: Duration,
        state: &str,
    ) -> Result<()> {
        let is = format!(
            "return document.querySelector('[data-testid=state]').dataset.state === '{state}'"
        );
        self.wait_until(browser, limit, &is).await.map(drop)
    }

    /// The badge in the toolbar.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn badge(&self, browser: &Browser) -> Result<String> {
        browser.switch_to(&self.tab).await?;
        browser.badge_text().await
    }

    /// Sequence numbers of the reports that the popup lists with a tick, newest first.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn ticks(&self, browser: &Browser) -> Result<Vec<u64>> {
        browser.switch_to(&self.tab).await?;
        let script =
            "return [...document.querySelectorAll('[data-testid=report][data-verified=true]')]
            .map(row => row.dataset.sequence)";
        let rows = browser.call(script, vec![]).await?;
        let rows = rows.as_array().context("a list")?;
        rows.iter()
            .map(|row| Ok(row.as_str().context("a number")?.parse()?))
            .collect()
    }

    /// Takes a picture of the whole popup, as wide as a popup. A popup grows with its content, and
    /// scrolls beyond 600 pixels.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn picture(&self, browser: &Browser, file: &Path) -> Result<()> {
        browser.switch_to(&self.tab).await?;
        let height = browser
            .call(
                "const main = document.querySelector('main:not([hidden])');
                return Math.ceil(main.getBoundingClientRect().height)",
                vec![],
            )
            .await?;
        let height = height
            .as_u64()
            .and_then(|height| u32::try_from(height).ok());
        let height = height.context("a height")?;
        browser
            .screenshot(
                file,
                Size {
                    width: WIDTH,
                    height,
                },
            )
            .await
    }
}
