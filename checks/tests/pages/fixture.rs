//! A browser with the extension, and a host in place of ours that has signed many sessions.

use checks::{
    fixture::{CUT_OFF, Place},
    real_settings::RealSettings,
    stage,
};
use meter_testkit::browser::{Browser, Kind, Size, Tab};
use serde_json::{Value, json};
use std::{fs, path::PathBuf, time::Duration};

/// Only an upper bound: nothing takes this long when it works.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Fixture {
    pub(crate) browser: Browser,
    pub(crate) first_tab: Tab,
    kind: Kind,
    settings: Option<RealSettings>,
    place: Place,
}

impl Fixture {
    /// Opens the browser. The host has so many sessions, one each hour until now.
    pub(crate) async fn open(kind: Kind, sessions: u64) -> Self {
        let fixture = checks::fixture::Fixture::open(kind, sessions)
            .await
            .unwrap();
        Self {
            browser: fixture.browser,
            first_tab: fixture.first_tab,
            kind,
            settings: None,
            place: fixture.place,
        }
    }

    /// The same with the real program's settings, which begin with this `config.toml`.
    pub(crate) async fn with_settings(kind: Kind, sessions: u64, config: &str) -> Self {
        let mut fixture = Self::open(kind, sessions).await;
        fixture.settings = Some(RealSettings::make(fixture.place.folder(), config).unwrap());
        fixture
    }

    /// `config.toml` as it is now.
    pub(crate) fn config(&self) -> String {
        self.settings.as_ref().unwrap().config().unwrap()
    }

    /// A person writes `config.toml`.
    pub(crate) fn write_config(&self, config: &str) {
        self.settings
            .as_ref()
            .unwrap()
            .write_config(config)
            .unwrap();
    }

    /// The host is enrolled from its next status on.
    pub(crate) fn enrol(&self) {
        fs::write(self.place.folder().join("enrolled"), "").unwrap();
    }

    /// The host signs one more session.
    pub(crate) fn sign(&self) {
        fs::write(self.place.folder().join("sign"), "").unwrap();
    }

    /// Opens a page of the extension in a tab of its own.
    pub(crate) async fn page(&self, path: &str) -> Tab {
        self.browser.open_extension_page(path).await.unwrap()
    }

    pub(crate) async fn run(&self, body: &str) -> Value {
        let result = self.browser.call(body, Vec::new()).await;
        result.unwrap_or_else(|error| panic!("{error:?}: {body}"))
    }

    /// Runs what makes the page load itself anew.
    pub(crate) async fn leave(&self, body: &str) {
        let left = self.browser.call_and_leave(body).await;
        left.unwrap_or_else(|error| panic!("{error:?}: {body}"));
    }

    pub(crate) async fn wait(&self, body: &str) -> Value {
        let waited = self.browser.wait_until(LIMIT, body).await;
        match waited {
            Ok(value) => value,
            Err(error) => panic!("{error:?}\n{}", self.browser.text().await.unwrap()),
        }
    }

    /// One picture of all of a page.
    pub(crate) async fn picture(&self, name: &str, width: u32) {
        let folder = stage::root().join("dist/checks/pages");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{:?}-{name}.png", self.kind));
        let height = 2_800;
        let size = Size { width, height };
        self.browser.screenshot(&file, size).await.unwrap();
    }

    /// Pictures for people to look at: light and dark, wide and as narrow as a phone. Nothing is
    /// wider than its page in any of them.
    pub(crate) async fn pictures(&self, name: &str) {
        let folder = stage::root().join("dist/checks/pages");
        fs::create_dir_all(&folder).unwrap();
        for (size, width, height) in [("wide", 1_100, 1_400), ("narrow", 320, 1_400)] {
            let viewport = Size { width, height };
            for (dark, look) in [(true, "dark"), (false, "light")] {
                self.browser.set_dark(dark).await.unwrap();
                let file: PathBuf =
                    folder.join(format!("{:?}-{name}-{size}-{look}.png", self.kind));
                self.browser.screenshot(&file, viewport).await.unwrap();
            }
            self.browser.set_viewport(Some(viewport)).await.unwrap();
            assert_eq!(self.run(CUT_OFF).await, json!([]), "{name} {size}: cut off");
            self.browser.set_viewport(None).await.unwrap();
        }
    }
}
