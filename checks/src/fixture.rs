//! A browser with the extension, and a host in place of ours that has signed many sessions.

use crate::stage::{built, extension, root};
use anyhow::{Context as _, Result};
use meter_testkit::{
    browser::{Browser, Kind, LaunchOptions, Tab},
    ports::HeldPort,
};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// The browser, and what it needs as long as it runs.
pub struct Fixture {
    /// The browser.
    pub browser: Browser,
    /// Its only tab.
    pub first_tab: Tab,
    /// What the host in place of ours needs.
    pub place: Place,
}

/// The folder of the host in place of ours, and the port that it names.
pub struct Place {
    folder: tempfile::TempDir,
    _relay: HeldPort,
}

impl Place {
    /// The folder whose files say what the host does.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Fixture {
    /// Opens the browser. The host has so many sessions, one each hour until now.
    ///
    /// # Errors
    /// The browser does not start, or the extension or the host is not built.
    pub async fn open(kind: Kind, sessions: u64) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp")?;
        let relay = HeldPort::take()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let told = format!("{sessions} {}", now.as_millis());
        fs::write(folder.path().join("sessions"), told)?;
        fs::write(folder.path().join("port"), relay.number().to_string())?;
        let (user, profile) = (folder.path().join("user"), folder.path().join("profile"));
        let mut options = LaunchOptions::new(&user, &profile);
        options.extension = Some(extension());
        let manifests = options.native_hosts_folder(kind);
        fs::create_dir_all(&manifests)?;
        let manifest = manifests.join(format!("{}.json", meter_wire::HOST_NAME));
        fs::write(manifest, stand_in_manifest(kind)?.to_string())?;
        let place = folder.path().to_str().context("UTF-8")?.to_owned();
        options.env = vec![("STAND_IN".to_owned(), place)];
        let browser = Browser::launch(kind, &options).await?;
        Ok(Self {
            first_tab: browser.current_tab().await?,
            browser,
            place: Place {
                folder,
                _relay: relay,
            },
        })
    }
}

/// The manifest with which a browser finds the host in place of ours.
///
/// # Errors
/// That program is not built, or the extension's ids cannot be read.
pub fn stand_in_manifest(kind: Kind) -> Result<Value> {
    let ids = fs::read_to_string(root().join("extension-ids.json"))?;
    let ids: Value = serde_json::from_str(&ids)?;
    let mut manifest = json!({
        "name": meter_wire::HOST_NAME,
        "description": "A host in place of ours",
        "path": built("stand_in")?,
        "type": "stdio",
    });
    match kind {
        Kind::Chromium => {
            let id = ids["chromium"].as_str().context("an id")?;
            manifest["allowed_origins"] = json!([format!("chrome-extension://{id}/")]);
        }
        Kind::Firefox => manifest["allowed_extensions"] = json!([ids["firefox"]]),
    }
    Ok(manifest)
}

/// What is wider than the page, and texts that do not fit into their places.
pub const CUT_OFF: &str = "const wide = document.documentElement.scrollWidth > innerWidth;
    const cut = [...document.querySelectorAll('main *, dialog[open] *')]
        .filter((node) => node.checkVisibility() && !node.closest('svg, .visually-hidden, .table'))
        .filter((node) => node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1)
        .filter((node) => getComputedStyle(node).textOverflow !== 'ellipsis')
        .map((node) => node.id || node.className || node.tagName);
    return wide ? ['the page', ...cut] : cut";
