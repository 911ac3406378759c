//! The pages of the extension in front of a camera.

use crate::index::{Index, looks};
use anyhow::{Context as _, Result};
use checks::{
    fixture::{CUT_OFF, Fixture, allow_in_private},
    shown,
};
use meter_testkit::browser::{Kind, Size};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(30);
/// One each hour: three weeks of bars.
const SESSIONS: u64 = 500;
const POPUP: u32 = 360;
const WIDE: u32 = 1_100;
/// A telephone.
const NARROW: Size = Size {
    width: 320,
    height: 640,
};

/// The pages of the extension, each with its width.
const PAGES: [(&str, u32); 4] = [
    ("popup", POPUP),
    ("dashboard", WIDE),
    ("options", WIDE),
    ("welcome", WIDE),
];

/// Scenes of a real worker and a host in place of ours: page, state, when it is there, what to do.
const SCENES: [(&str, &str, &str, &str); 7] = [
    ("popup", "protected", PROTECTED, ""),
    ("popup", "unfolded", PROTECTED, UNFOLD),
    ("dashboard", "credits", ALL_THERE, ""),
    ("dashboard", "traffic", ALL_THERE, TRAFFIC),
    ("dashboard", "session", ALL_THERE, OPEN),
    ("options", "unenrolled", OPTIONS, ""),
    ("welcome", "begun", WELCOME, ""),
];

const PROTECTED: &str = "return document.getElementById('state').dataset.state === 'protected'";
const UNFOLD: &str = "for (const part of document.querySelectorAll('details')) part.open = true";
/// Each row, each bar and the rate of now stand, and nothing else comes any more.
const ALL_THERE: &str = "const listed = performance.getEntriesByName('listed');
    return document.getElementById('rows').children.length > 5
        && !['', '…'].includes(document.getElementById('rate-down').textContent)
        && listed.length > 0 && performance.now() - listed.at(-1).startTime > 600";
const TRAFFIC: &str = "document.querySelector('input[value=traffic]').click()";
const OPEN: &str = "document.querySelector('[data-testid=session-row]').click()";
const OPTIONS: &str = "return document.getElementById('thresholds').checkVisibility()";
const WELCOME: &str = "return document.querySelector('[data-step=counted]') !== null";

pub(crate) struct Pages(Fixture);

impl Pages {
    pub(crate) async fn open() -> Result<Self> {
        let fixture = Fixture::open(Kind::Chromium, SESSIONS).await?;
        // Otherwise it is nowhere green. What is said then is among the views.
        allow_in_private(&fixture.browser, "popup/popup.html").await?;
        shown::prepare(&fixture.browser).await?;
        Ok(Self(fixture))
    }

    pub(crate) async fn close(self) {
        self.0.browser.close().await;
    }

    pub(crate) async fn speak(&self, language: &str) -> Result<()> {
        shown::speak(&self.0.browser, language).await
    }

    /// What the worker and a host in place of ours show.
    pub(crate) async fn of_a_host(&self, language: &str, index: &mut Index) -> Result<()> {
        for (page, state, there, act) in SCENES {
            self.load(page, None).await?;
            self.0.browser.wait_until(LIMIT, there).await?;
            self.0.browser.call(act, vec![]).await?;
            self.shoot(page, state, language, index).await?;
        }
        Ok(())
    }

    /// One state of `views`, on every page.
    pub(crate) async fn of_a_view(
        &self,
        state: &str,
        views: &Value,
        language: &str,
        index: &mut Index,
    ) -> Result<()> {
        for (page, _) in PAGES {
            if index.is_new(page, language, &views[page].to_string()) {
                self.load(page, Some(&views[page])).await?;
                self.shoot(page, state, language, index).await?;
            }
        }
        Ok(())
    }

    /// Every page while no worker decides.
    pub(crate) async fn broken(&self, language: &str, index: &mut Index) -> Result<()> {
        let message = shown::broken();
        for (page, _) in PAGES {
            self.load(page, Some(&message)).await?;
            self.shoot(page, "broken", language, index).await?;
        }
        Ok(())
    }

    /// Loads a page of the extension, with a message in place of the worker's or with the worker.
    pub(crate) async fn load(&self, page: &str, message: Option<&Value>) -> Result<()> {
        shown::show(&self.0.browser, page, message).await
    }

    async fn shoot(
        &self,
        page: &str,
        state: &str,
        language: &str,
        index: &mut Index,
    ) -> Result<()> {
        let width = PAGES.iter().find(|(name, _)| *name == page);
        let width = width.map_or(WIDE, |(_, width)| *width);
        for look in looks(language) {
            self.0.browser.set_dark(*look == "dark").await?;
            let file = index.file(page, state, language, look);
            self.picture(&file, width).await?;
        }
        for narrow in [false, true] {
            if narrow && page == "popup" {
                continue;
            }
            let size = narrow.then_some(NARROW);
            self.0.browser.set_viewport(size).await?;
            let cut = self.0.browser.call(CUT_OFF, vec![]).await?;
            if cut != json!([]) {
                index.note_cut(page, state, language, &format!("{size:?} {cut}"));
            }
        }
        self.0.browser.set_viewport(None).await
    }

    /// The whole page, as high as it is.
    pub(crate) async fn picture(&self, file: &Path, width: u32) -> Result<()> {
        let viewport = |height| Some(Size { width, height });
        // Low, so that the page's own height is what it needs.
        self.0.browser.set_viewport(viewport(200)).await?;
        let height = "const opened = document.querySelector('dialog[open]');
            return Math.ceil(Math.max(document.documentElement.scrollHeight,
                opened === null ? 0 : opened.scrollHeight + 100))";
        let height = self.0.browser.call(height, vec![]).await?;
        let height = height
            .as_u64()
            .and_then(|height| u32::try_from(height).ok());
        let height = height.context("a height")?.clamp(200, 3_000);
        let size = Size { width, height };
        self.0.browser.screenshot(file, size).await
    }

    pub(crate) const fn fixture(&self) -> &Fixture {
        &self.0
    }
}
