//! The parts that are specific to Chromium.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

use super::{Browser, Kind, LaunchOptions, Size, command::Command};
use crate::{process::ignore_because, program};

pub(crate) fn capabilities(options: &LaunchOptions) -> Result<Capabilities> {
    let Size { width, height } = options.window;
    let mut arguments: Vec<String> = FLAGS.iter().map(|&flag| flag.to_owned()).collect();
    arguments.push(format!("--disable-features={}", FEATURES_OFF.join(",")));
    let profile = std::path::absolute(&options.profile)?;
    arguments.push(format!("--user-data-dir={}", utf8(&profile)?));
    arguments.push(format!("--window-size={width},{height}"));
    let mut extensions = Vec::new();
    for extension in options.extension.iter().chain(&options.others) {
        extensions.push(utf8(&extension.canonicalize()?)?.to_owned());
    }
    if !extensions.is_empty() {
        arguments.push(format!("--load-extension={}", extensions.join(",")));
    }
    if options.dark {
        arguments.push("--force-dark-mode".to_owned());
    }
    let capabilities = json!({
        "browserName": "chrome",
        "timeouts": { "script": SCRIPT_LIMIT_MS, "pageLoad": PAGE_LIMIT_MS },
        "goog:chromeOptions": {
            "binary": utf8(&program::CHROMIUM.find()?)?,
            "args": arguments,
            // Debian's defaults open the page of a search engine at start.
            "prefs": {
                "homepage": "about:blank",
                "homepage_is_newtabpage": false,
                "session": { "restore_on_startup": 4, "startup_urls": ["about:blank"] },
            },
        },
    });
    let Value::Object(capabilities) = capabilities else {
        bail!("capabilities are an object")
    };
    Ok(capabilities)
}

/// Waits for the extension's service worker. Its address contains the extension's id.
pub(crate) async fn extension_origin(browser: &Browser, extension: &Path) -> Result<String> {
    let manifest: Value = serde_json::from_slice(&fs::read(extension.join("manifest.json"))?)?;
    let worker = manifest["background"]["service_worker"].as_str();
    let file = format!(
        "/{}",
        worker.context("the manifest names no service worker")?
    );
    let mut seen = Vec::new();
    let found = tokio::time::timeout(WORKER_LIMIT, async {
        loop {
            let workers = workers(browser).await?;
            if let Some(address) = workers.iter().find_map(|(_, url)| url.strip_suffix(&file)) {
                return anyhow::Ok(address.to_owned());
            }
            seen = workers;
            tokio::time::sleep(POLL).await;
        }
    })
    .await;
    found.with_context(|| {
        let log = browser.driver.last_words();
        format!("no {file} within {WORKER_LIMIT:?} among the workers {seen:?}; the log: {log}")
    })?
}

/// Closes the worker's DevTools target, which ends the worker. Returns when it has ended.
pub(crate) async fn stop_worker(browser: &Browser) -> Result<()> {
    let origin = browser.extension_origin()?;
    let ours = |(_, url): &(String, String)| url.starts_with(origin);
    let running = workers(browser).await?;
    let (id, _) = running
        .into_iter()
        .find(ours)
        .context("the service worker does not run")?;
    // A worker that is just starting ignores the command, so it is repeated until the worker has
    // ended.
    let close = json!({ "targetId": &id });
    let gone = tokio::time::timeout(WORKER_LIMIT, async {
        while workers(browser)
            .await?
            .iter()
            .any(|(other, _)| *other == id)
        {
            let closed = cdp(browser, "Target.closeTarget", &close).await;
            ignore_because("it may have gone meanwhile", closed);
            tokio::time::sleep(POLL).await;
        }
        anyhow::Ok(())
    });
    gone.await.context("the service worker does not end")?
}

pub(crate) async fn set_dark(browser: &Browser, dark: bool) -> Result<()> {
    let scheme = if dark { "dark" } else { "light" };
    let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
    cdp(
        browser,
        "Emulation.setEmulatedMedia",
        &json!({ "features": features }),
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_viewport(browser: &Browser, viewport: Option<Size>) -> Result<()> {
    match viewport {
        Some(Size { width, height }) => {
            let metrics = json!({
                "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false
            });
            cdp(browser, "Emulation.setDeviceMetricsOverride", &metrics).await?;
        }
        None => {
            cdp(browser, "Emulation.clearDeviceMetricsOverride", &json!({})).await?;
        }
    }
    Ok(())
}

pub(crate) async fn cdp(browser: &Browser, command: &str, parameters: &Value) -> Result<Value> {
    ensure!(
        browser.kind == Kind::Chromium,
        "only Chromium speaks the DevTools protocol"
    );
    let body = json!({ "cmd": command, "params": parameters });
    let answered = browser.client.issue_cmd(Command::devtools(body)).await;
    answered.with_context(|| format!("DevTools command {command}"))
}

/// The running service workers: target id and address.
async fn workers(browser: &Browser) -> Result<Vec<(String, String)>> {
    // The empty filter is needed: without a filter, workers are left out.
    let targets = cdp(browser, "Target.getTargets", &json!({ "filter": [{}] })).await?;
    let targets = targets["targetInfos"]
        .as_array()
        .context("a list of targets")?;
    let text = |target: &Value, key: &str| target[key].as_str().unwrap_or_default().to_owned();
    let workers = targets
        .iter()
        .filter(|target| target["type"] == "service_worker");
    Ok(workers
        .map(|worker| (text(worker, "targetId"), text(worker, "url")))
        .collect())
}

fn utf8(path: &Path) -> Result<&str> {
    path.to_str().context("paths for a browser are UTF-8")
}

/// `127.0.0.1` is never proxied. So a request to its port 1 reaches nothing, whatever the settings
/// are.
const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-breakpad",
    "--disable-sync",
    // An error page must stay: an automatic reload would be a request that no test made.
    "--disable-auto-reload",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--allow-browser-signin=false",
    "--component-updater=url-source=http://127.0.0.1:1/",
    "--gaia-url=http://127.0.0.1:1/",
    "--gcm-checkin-url=http://127.0.0.1:1/",
    "--gcm-registration-url=http://127.0.0.1:1/",
    "--host-resolver-rules=MAP * 127.0.0.1",
];
/// chromedriver adds them to its own list. The first is what makes branded Chrome ignore
/// `--load-extension`; Chromium does not need it switched off, and it does no harm.
const FEATURES_OFF: &[&str] = &[
    "DisableLoadExtensionCommandLineSwitch",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "OptimizationGuideModelDownloading",
    "AutofillServerCommunication",
    "CertificateTransparencyComponentUpdater",
    "InterestFeedContentSuggestions",
    "MediaRouter",
    "SearchPrefetch",
    "Translate",
];
/// Only an upper bound, on a machine that does much else.
const WORKER_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
pub(crate) const SCRIPT_LIMIT_MS: u32 = 60_000;
/// Longer than Tor needs for a circuit on a loaded machine.
pub(crate) const PAGE_LIMIT_MS: u32 = 120_000;
