//! A browser with the extension, and a host in place of ours that has signed many sessions.

use checks::{real_settings::RealSettings, stage};
use meter_testkit::{
    browser::{Browser, Kind, LaunchOptions, Size, Tab},
    ports::HeldPort,
};
use serde_json::{Value, json};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Only an upper bound: nothing takes this long when it works.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Desk {
    pub(crate) browser: Browser,
    pub(crate) first_tab: Tab,
    kind: Kind,
    settings: Option<RealSettings>,
    folder: tempfile::TempDir,
    _relay: HeldPort,
}

impl Desk {
    /// Opens the browser. The host has so many sessions, one each hour until now.
    pub(crate) async fn open(kind: Kind, sessions: u64) -> Self {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
        let folder = folder.unwrap();
        let relay = HeldPort::take().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let told = format!("{sessions} {}", now.as_millis());
        fs::write(folder.path().join("sessions"), told).unwrap();
        fs::write(folder.path().join("port"), relay.number().to_string()).unwrap();
        let (user, profile) = (folder.path().join("user"), folder.path().join("profile"));
        let mut options = LaunchOptions::new(&user, &profile);
        options.extension = Some(stage::extension());
        let manifests = options.native_hosts_folder(kind);
        fs::create_dir_all(&manifests).unwrap();
        let manifest = manifests.join(format!("{}.json", meter_wire::HOST_NAME));
        fs::write(manifest, host(kind).to_string()).unwrap();
        let place = folder.path().to_str().unwrap().to_owned();
        options.env = vec![("STAND_IN".to_owned(), place)];
        let browser = Browser::launch(kind, &options).await.unwrap();
        Self {
            first_tab: browser.current_tab().await.unwrap(),
            browser,
            kind,
            settings: None,
            folder,
            _relay: relay,
        }
    }

    /// The same with the real program's settings, which begin with this `config.toml`.
    pub(crate) async fn with_settings(kind: Kind, sessions: u64, config: &str) -> Self {
        let mut desk = Self::open(kind, sessions).await;
        desk.settings = Some(RealSettings::make(desk.folder.path(), config).unwrap());
        desk
    }

    /// `config.toml` as it is now.
    pub(crate) fn config(&self) -> String {
        self.settings.as_ref().unwrap().config().unwrap()
    }

    /// Opens a page of the extension in a tab of its own.
    pub(crate) async fn page(&self, path: &str) -> Tab {
        self.browser.open_extension_page(path).await.unwrap()
    }

    pub(crate) async fn run(&self, body: &str) -> Value {
        let result = self.browser.call(body, Vec::new()).await;
        result.unwrap_or_else(|error| panic!("{error:?}: {body}"))
    }

    pub(crate) async fn wait(&self, body: &str) -> Value {
        let waited = self.browser.wait_until(LIMIT, body).await;
        match waited {
            Ok(value) => value,
            Err(error) => panic!("{error:?}\n{}", self.browser.text().await.unwrap()),
        }
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

/// What is wider than the page, and texts that do not fit into their places.
const CUT_OFF: &str = "const wide = document.documentElement.scrollWidth > innerWidth;
    const cut = [...document.querySelectorAll('main *, dialog[open] *')]
        .filter((node) => node.checkVisibility() && !node.closest('svg, .visually-hidden, .table'))
        .filter((node) => node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1)
        .filter((node) => getComputedStyle(node).textOverflow !== 'ellipsis')
        .map((node) => node.id || node.className || node.tagName);
    return wide ? ['the page', ...cut] : cut";

/// The manifest with which a browser finds the host in place of ours.
fn host(kind: Kind) -> Value {
    let ids = fs::read_to_string(stage::root().join("extension-ids.json")).unwrap();
    let ids: Value = serde_json::from_str(&ids).unwrap();
    let mut manifest = json!({
        "name": meter_wire::HOST_NAME,
        "description": "A host in place of ours",
        "path": env!("CARGO_BIN_EXE_stand_in"),
        "type": "stdio",
    });
    match kind {
        Kind::Chromium => {
            let id = ids["chromium"].as_str().unwrap();
            manifest["allowed_origins"] = json!([format!("chrome-extension://{id}/")]);
        }
        Kind::Firefox => manifest["allowed_extensions"] = json!([ids["firefox"]]),
    }
    manifest
}
