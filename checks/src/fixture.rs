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
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(30);

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
        // A zone with summer time, as most people have one.
        let zone = ("TZ".to_owned(), "Europe/Berlin".to_owned());
        options.env = vec![("STAND_IN".to_owned(), place), zone];
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

/// Sets Chromium's switch "Allow in Incognito", for which it loads the extension anew, and shows a
/// page of the extension in a tab in front.
///
/// # Errors
/// The extension is not allowed there within half a minute, or the browser failed.
pub async fn allow_in_private(browser: &Browser, page: &str) -> Result<()> {
    let origin = browser.extension_origin()?;
    let id = origin.strip_prefix("chrome-extension://");
    let id = json!(id.context("a Chromium")?);
    browser.goto("chrome://extensions/").await?;
    let allow = "const { developerPrivate } = chrome;
        await developerPrivate.updateProfileConfiguration({ inDeveloperMode: true });
        await developerPrivate.updateExtensionConfiguration(
            { extensionId: args[0], incognitoAccess: true })";
    browser.call(allow, vec![id.clone()]).await?;
    let allowed = format!(
        "const known = await chrome.developerPrivate.getExtensionInfo({id});
        return known.incognitoAccess.isActive && known.state === 'ENABLED'"
    );
    browser.wait_until(LIMIT, &allowed).await?;
    browser.open_extension_page(page).await?;
    browser.call(WITHOUT_WELCOME, vec![]).await.map(drop)
}

/// The welcome page counts as open, so an extension that was loaded anew opens it again, in front
/// of the current page.
const WITHOUT_WELCOME: &str = "const url = browser.runtime.getURL('welcome/welcome.html');
    for (let look = 0; look < 50; look += 1) {
        const tabs = await browser.tabs.query({});
        const ids = tabs.filter((tab) => tab.url === url).map((tab) => tab.id);
        await browser.tabs.remove(ids);
        if (ids.length > 0) break;
        await new Promise((done) => setTimeout(done, 100));
    }
    const tab = await browser.tabs.getCurrent();
    await browser.tabs.update(tab.id, { active: true })";

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
