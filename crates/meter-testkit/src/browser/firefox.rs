//! The parts that are specific to Firefox.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::wd::Capabilities;
use serde_json::{Map, Value, json};

use super::{
    Browser, Kind, LaunchOptions, Size,
    chromium::{PAGE_LIMIT_MS, SCRIPT_LIMIT_MS},
    command::Command,
    settling, unwrap_settled,
};
use crate::program;

pub(crate) fn capabilities(options: &LaunchOptions) -> Result<Capabilities> {
    let profile = options
        .profile
        .to_str()
        .context("paths for a browser are UTF-8")?;
    let binary = program::FIREFOX.find()?;
    let Size { width, height } = options.window;
    let capabilities = json!({
        "browserName": "firefox",
        "timeouts": { "script": SCRIPT_LIMIT_MS, "pageLoad": PAGE_LIMIT_MS },
        "moz:firefoxOptions": {
            "binary": binary.to_str().context("paths for a browser are UTF-8")?,
            "args": [
                "-headless", "-profile", profile,
                format!("--width={width}"), format!("--height={height}"),
            ],
            "prefs": preferences(options)?,
        },
    });
    let Value::Object(capabilities) = capabilities else {
        bail!("capabilities are an object")
    };
    Ok(capabilities)
}

/// Installs the extension for this run and for private windows too; returns its origin.
pub(crate) async fn install(browser: &Browser, extension: &Path) -> Result<String> {
    add(browser, extension).await?;
    Ok(format!("moz-extension://{EXTENSION_UUID}"))
}

/// Installs an extension for this run.
pub(crate) async fn add(browser: &Browser, extension: &Path) -> Result<()> {
    ensure!(
        browser.kind == Kind::Firefox,
        "Chromium is started with its extensions"
    );
    let path = extension.canonicalize()?;
    let body = json!({ "path": path, "temporary": true, "allowPrivateBrowsing": true });
    let installed = browser.client.issue_cmd(Command::install_addon(body)).await;
    installed.context("install the extension").map(drop)
}

/// Removes the extension with this id.
pub(crate) async fn remove(browser: &Browser, id: &str) -> Result<()> {
    privileged(browser, REMOVE, vec![json!(id)]).await.map(drop)
}

/// Ends the event page like its idle timer, and also in a case where the timer would wait: while a
/// port to a native host is open.
pub(crate) async fn stop_background(browser: &Browser) -> Result<()> {
    let origin = browser.extension_origin()?;
    let uuid = origin.trim_start_matches("moz-extension://");
    let state = privileged(browser, STOP_BACKGROUND, vec![json!(uuid)]).await?;
    ensure!(state == "stopped", "the background is {state}");
    Ok(())
}

pub(crate) async fn set_dark(browser: &Browser, dark: bool) -> Result<()> {
    let script = "Services.prefs.setIntPref(args[0], args[1])";
    privileged(browser, script, vec![json!(SCHEME), json!(scheme(dark))]).await?;
    Ok(())
}

/// The window cannot be narrower than 450 pixels, but the element that shows the tab can.
pub(crate) async fn set_viewport(browser: &Browser, viewport: Option<Size>) -> Result<()> {
    let size = viewport.map_or(
        json!(null),
        |Size { width, height }| json!({ "width": width, "height": height }),
    );
    privileged(browser, SET_VIEWPORT, vec![size]).await?;
    Ok(())
}

pub(crate) async fn privileged(
    browser: &Browser,
    body: &str,
    arguments: Vec<Value>,
) -> Result<Value> {
    ensure!(
        browser.kind == Kind::Firefox,
        "only Firefox has privileged scripts"
    );
    enter(browser, "chrome").await?;
    let settled = browser
        .client
        .execute_async(&settling(body), vec![json!(arguments)])
        .await;
    enter(browser, "content").await?;
    unwrap_settled(settled?)
}

async fn enter(browser: &Browser, context: &str) -> Result<()> {
    browser
        .client
        .issue_cmd(Command::context(json!({ "context": context })))
        .await?;
    Ok(())
}

/// The fixed preferences, and those that depend on the options.
fn preferences(options: &LaunchOptions) -> Result<Map<String, Value>> {
    let mut all = Map::new();
    for (names, value) in [(OFF, json!(false)), (EMPTY, json!("")), (ZERO, json!(0))] {
        all.extend(names.iter().map(|&name| (name.to_owned(), value.clone())));
    }
    for (name, value) in [
        // Every name resolves to this computer: nothing outside can be reached, and a leak reaches
        // the site.
        ("network.dns.forceResolve", json!("127.0.0.1")),
        ("network.dns.disablePrefetch", json!(true)),
        // 5: off by choice. Names are resolved by the system only, so by the line above.
        ("network.trr.mode", json!(5)),
        (
            "services.settings.server",
            json!("data:,#no-settings-server/v1"),
        ),
        ("browser.startup.homepage", json!("about:blank")),
        ("app.update.disabledForTesting", json!(true)),
        (SCHEME, json!(scheme(options.dark))),
    ] {
        all.insert(name.to_owned(), value);
    }
    if let Some(extension) = &options.extension {
        let uuids = json!({ addon_id(extension)?: EXTENSION_UUID }).to_string();
        all.insert("extensions.webextensions.uuids".to_owned(), json!(uuids));
    }
    Ok(all)
}

fn addon_id(extension: &Path) -> Result<String> {
    let manifest: Value = serde_json::from_slice(&fs::read(extension.join("manifest.json"))?)?;
    let id = manifest["browser_specific_settings"]["gecko"]["id"].as_str();
    Ok(id.context("the manifest names no Firefox id")?.to_owned())
}

/// The preference's values: 0 dark, 1 light, 2 as the system.
fn scheme(dark: bool) -> u8 {
    u8::from(!dark)
}

/// Fixed, because Firefox otherwise makes a new one for every profile. The value is arbitrary.
const EXTENSION_UUID: &str = "0f3a1c52-6e7b-4d8c-9a10-2b3c4d5e6f70";
const SCHEME: &str = "layout.css.prefers-color-scheme.content-override";

const REMOVE: &str = "
    const { AddonManager } =
        ChromeUtils.importESModule('resource://gre/modules/AddonManager.sys.mjs');
    await (await AddonManager.getAddonByID(args[0])).uninstall();
";
const STOP_BACKGROUND: &str = "
    const extension = WebExtensionPolicy.getByHostname(args[0]).extension;
    await extension.terminateBackground({
        ignoreDevToolsAttached: true,
        disableResetIdleForTest: true,
    });
    return extension.backgroundState;
";
const SET_VIEWPORT: &str = "
    const shown = Services.wm.getMostRecentWindow('navigator:browser').gBrowser.selectedBrowser;
    for (const side of ['width', 'height']) {
        for (const name of [side, `min-${side}`, `max-${side}`]) {
            if (args[0]) {
                shown.style.setProperty(name, `${args[0][side]}px`, 'important');
            } else {
                shown.style.removeProperty(name);
            }
        }
    }
";

/// Services of Firefox that would connect to servers, and upgrades to TLS, which our site would
/// have to refuse first.
const OFF: &[&str] = &[
    "app.normandy.enabled",
    "app.update.auto",
    "browser.ipProtection.enabled",
    "browser.ml.enable",
    "browser.newtabpage.activity-stream.feeds.topsites",
    "browser.newtabpage.enabled",
    "browser.region.update.enabled",
    "browser.safebrowsing.blockedURIs.enabled",
    "browser.safebrowsing.downloads.enabled",
    "browser.safebrowsing.malware.enabled",
    "browser.safebrowsing.phishing.enabled",
    "browser.safebrowsing.update.enabled",
    "browser.search.update",
    "browser.topsites.contile.enabled",
    "datareporting.healthreport.uploadEnabled",
    "datareporting.policy.dataSubmissionEnabled",
    "doh-rollout.enabled",
    "dom.push.connection.enabled",
    "dom.security.https_first",
    "dom.security.https_first_schemeless",
    "extensions.blocklist.enabled",
    "extensions.getAddons.cache.enabled",
    "extensions.systemAddon.update.enabled",
    "extensions.update.enabled",
    "identity.fxaccounts.enabled",
    "media.gmp-manager.updateEnabled",
    "messaging-system.rsexperimentloader.enabled",
    "network.captive-portal-service.enabled",
    "network.connectivity-service.enabled",
    "network.http.http3.enable",
    "network.manage-offline-status",
    "network.preconnect",
    "network.predictor.enabled",
    "network.prefetch-next",
    "nimbus.rollouts.enabled",
    "privacy.query_stripping.enabled",
    "security.remote_settings.crlite_filters.enabled",
    "security.remote_settings.intermediates.enabled",
    "toolkit.telemetry.enabled",
    "toolkit.telemetry.unified",
];
const EMPTY: &[&str] = &[
    "app.normandy.api_url",
    "browser.region.network.url",
    "dom.push.serverURL",
    "media.gmp-manager.url",
    "toolkit.telemetry.server",
];
const ZERO: &[&str] = &[
    "browser.startup.page",
    "network.http.speculative-parallel-limit",
];
