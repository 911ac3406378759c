//! Chromium whose extension is gone for a moment or for good: with a floor, and as the control
//! without one.

use super::{LIMIT, Product, is_page};
use anyhow::{Context as _, Result, ensure};
use checks::defaults::{Arrival, Chromium, World, inside};
use checks::stage::extension_id;
use meter_testkit::site::Site;
use serde_json::{Value, json};
use std::process::{Child, Command};
use tokio::time::Instant;

/// Asks for addresses of every kind that a page can ask for, ten times a second, without end.
const ASKS: &str = "globalThis.asked = 0; setInterval(() => {
    asked += 1;
    fetch(`http://${asked}.page.test/`, { mode: 'no-cors' }).catch(() => {});
    const frame = document.createElement('iframe');
    frame.src = `http://${asked}.frame.test/`;
    document.body.replaceChildren(frame);
}, 100)";

/// STUN to an address, TURN to names over TCP, and candidates with names.
const WEB_RTC: &str = "(async () => {
    if (globalThis.RTCPeerConnection === undefined) return 'none';
    const connection = new RTCPeerConnection({ iceServers: [
        { urls: 'stun:198.51.100.7:3478' },
        { urls: ['turn:stun-page.test?transport=tcp', 'turns:turns-page.test'], username: 'a',
        credential: 'b' },
    ] });
    const other = new RTCPeerConnection();
    connection.createDataChannel('x');
    await connection.setLocalDescription();
    await other.setRemoteDescription(connection.localDescription);
    await other.setLocalDescription();
    await connection.setRemoteDescription(other.localDescription);
    for (const name of ['candidate-page.test', '0b8ffe4d-2dd3-4cf3-8f6b-1c3a5f5b1c11.local']) {
        const candidate = `candidate:1 1 udp 2122260223 ${name} 5000 typ host`;
        await connection.addIceCandidate({ sdpMid: '0', candidate });
    }
    await new Promise(done => setTimeout(done, 1000));
    return connection.iceGatheringState;
})()";

/// The two numeric addresses that the page asks for.
const NUMBERS: [&str; 2] = ["198.51.100.7", "169.254.7.7"];

const LINK_LOCAL: &str =
    "fetch('http://169.254.7.7/', { mode: 'no-cors' }).then(() => true, () => true)";

#[test]
fn nothing_goes_out_while_the_extension_is_reloaded_disabled_or_gone() -> Result<()> {
    let name =
        "by_default::floor::nothing_goes_out_while_the_extension_is_reloaded_disabled_or_gone";
    inside(name, async |world| {
        let product = Product::registered(&world)?;
        let direct = goes_through(&world, &product, false).await?;
        ensure!(direct > 0, "the control sees nothing");
        fresh(&product)?;
        world.forget().await?;
        let direct = goes_through(&world, &product, true).await?;
        ensure!(direct == 0, "{:#?}", world.arrivals().await?);
        Ok(())
    })
}

/// Makes the profile new: nothing was ever stored in it.
pub(super) fn fresh(product: &Product) -> Result<()> {
    std::fs::remove_dir_all(&product.profile)?;
    product.register()
}

/// Everything that can happen to an extension, while a page asks for other pages. Returns how much
/// arrived outside.
async fn goes_through(world: &World, product: &Product, floor: bool) -> Result<usize> {
    let site = Site::start().await?;
    let asking = site.url("127.0.0.1", "/");
    let mut browser = product.start(world, floor).await?;
    let id = protected(&mut browser).await?;
    // Before this moment the extension had not set the proxy yet. With a floor this makes no
    // difference.
    if !floor {
        world.forget().await?;
    }
    an_update_waits(&mut browser, &id).await?;
    let page = asking_page(&mut browser, &asking).await?;
    browser.evaluate(&page, LINK_LOCAL).await?;
    // `names.rs` has what pages can still do.
    ensure!(browser.evaluate(&page, WEB_RTC).await? == "none");
    if !floor {
        let before = world.arrivals().await?;
        let is_ours = |one: &&Arrival| is_page(one) || NUMBERS.contains(&one.to.as_str());
        ensure!(
            !before.iter().any(|one| is_ours(&one)),
            "while protected: {before:#?}"
        );
    }
    let extensions = browser.open("chrome://extensions/").await?;
    reload(&mut browser, &extensions, &id).await?;
    asked_more(&mut browser, &page).await?;
    for enabled in [false, true] {
        enable(&mut browser, &extensions, &id, enabled).await?;
        asked_more(&mut browser, &page).await?;
    }
    // Without developer mode, a reload ends with the old version, disabled.
    developer_mode(&mut browser, &extensions, true).await?;
    product.renew_extension()?;
    reload(&mut browser, &extensions, &id).await?;
    has(&mut browser, &extensions, &id, "version === '99.0'").await?;
    asked_more(&mut browser, &page).await?;
    allow_in_private(&mut browser, &extensions, &id).await?;
    asked_more(&mut browser, &page).await?;
    developer_mode(&mut browser, &extensions, false).await?;
    asked_more(&mut browser, &page).await?;
    private(&mut browser).await?;
    remove(&mut browser, &extensions, &id).await?;
    asked_more(&mut browser, &page).await?;
    browser.close().await?;
    // The extension is gone for good: the browser starts again without it.
    let mut browser = product
        .begin(world, &product.without_extension(floor)?)
        .await?;
    let page = asking_page(&mut browser, &asking).await?;
    asked_more(&mut browser, &page).await?;
    browser.close().await?;
    let seen = world.arrivals().await?;
    Ok(match floor {
        true => seen.len(),
        false => seen.iter().filter(|one| is_page(one)).count(),
    })
}

/// An update that the browser has fetched reloads an extension at once, unless it listens.
async fn an_update_waits(browser: &mut Chromium, id: &str) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    let mut answer = None;
    loop {
        let workers = browser
            .targets(&format!("chrome-extension://{id}/service_worker.js"))
            .await?;
        if let Some((worker, _)) = workers.first() {
            let listens = "chrome.runtime.onUpdateAvailable.hasListeners()";
            answer = browser.evaluate(worker, listens).await.ok();
        }
        match answer {
            Some(Value::Bool(true)) => return Ok(()),
            _ => ensure!(Instant::now() < deadline, "listens: {answer:?}"),
        }
    }
}

/// A page that asks for other pages.
async fn asking_page(browser: &mut Chromium, url: &str) -> Result<String> {
    let page = browser.open(url).await?;
    let loaded = "location.protocol === 'http:' && document.readyState === 'complete'";
    browser.wait_until(&page, LIMIT, loaded).await?;
    browser.evaluate(&page, ASKS).await?;
    Ok(page)
}

/// Waits until the extension has set the browser's proxy; returns the extension's id.
pub(super) async fn protected(browser: &mut Chromium) -> Result<String> {
    let id = extension_id()?;
    let popup = format!("chrome-extension://{id}/popup/popup.html");
    // The script that takes WebRTC from pages comes after the proxy.
    let set = "Promise.all([
        chrome.proxy.settings.get({}),
        chrome.scripting.getRegisteredContentScripts(),
    ]).then(([{ levelOfControl }, scripts]) =>
        levelOfControl === 'controlled_by_this_extension' && scripts.length === 1)";
    let deadline = Instant::now() + LIMIT;
    loop {
        // A tab that was opened before the extension was there shows an error and never recovers.
        let tab = browser.open(&popup).await?;
        let answer = browser.evaluate(&tab, set).await;
        browser
            .call("Target.closeTarget", &json!({ "targetId": tab }))
            .await?;
        if matches!(answer, Ok(Value::Bool(true))) {
            return Ok(id);
        }
        ensure!(Instant::now() < deadline, "no proxy is set: {answer:?}");
    }
}

async fn reload(browser: &mut Chromium, extensions: &str, id: &str) -> Result<()> {
    let reload =
        format!("chrome.developerPrivate.reload('{id}', {{ failQuietly: true }}).then(() => true)");
    browser.wait_until(extensions, LIMIT, &reload).await
}

async fn enable(browser: &mut Chromium, extensions: &str, id: &str, enabled: bool) -> Result<()> {
    let enable = format!("chrome.management.setEnabled('{id}', {enabled}).then(() => true)");
    browser.wait_until(extensions, LIMIT, &enable).await
}

/// Waits until `what` is true for what the browser knows about the extension.
async fn has(browser: &mut Chromium, extensions: &str, id: &str, what: &str) -> Result<()> {
    let known =
        format!("chrome.developerPrivate.getExtensionInfo('{id}').then((known) => known.{what})");
    browser.wait_until(extensions, LIMIT, &known).await
}

/// Sets the switch "Allow in Incognito", which reloads the extension.
pub(super) async fn allow_in_private(
    browser: &mut Chromium,
    extensions: &str,
    id: &str,
) -> Result<()> {
    let allow = format!(
        "chrome.developerPrivate.updateExtensionConfiguration(
             {{ extensionId: '{id}', incognitoAccess: true }}).then(() => true)"
    );
    browser.wait_until(extensions, LIMIT, &allow).await?;
    has(browser, extensions, id, "incognitoAccess.isActive").await
}

/// Does the same as the button "Remove", without the question.
async fn remove(browser: &mut Chromium, extensions: &str, id: &str) -> Result<()> {
    browser
        .call("Extensions.uninstall", &json!({ "id": id }))
        .await?;
    let gone =
        format!("chrome.management.getAll().then((all) => all.every((one) => one.id !== '{id}'))");
    browser.wait_until(extensions, LIMIT, &gone).await
}

pub(super) async fn developer_mode(
    browser: &mut Chromium,
    extensions: &str,
    on: bool,
) -> Result<()> {
    let set = format!(
        "chrome.developerPrivate.updateProfileConfiguration({{ inDeveloperMode: {on} }})
         .then(() => true)"
    );
    browser.wait_until(extensions, LIMIT, &set).await
}

/// Waits until the page has made twenty more requests. It is brought to the front, where an
/// extension that was loaded anew may have opened its welcome page: timers of a page in the
/// background run once a second only.
pub(super) async fn asked_more(browser: &mut Chromium, page: &str) -> Result<()> {
    let front = json!({ "targetId": page });
    browser.call("Target.activateTarget", &front).await?;
    let asked = browser.evaluate(page, "asked").await?;
    let asked = asked.as_u64().context("a number")?;
    let more = format!("asked > {asked} + 20");
    browser.wait_until(page, LIMIT, &more).await
}

/// A private window in which the extension does not run: a page, a lookup, and STUN.
async fn private(browser: &mut Chromium) -> Result<()> {
    let context = browser.private().await?;
    let page = browser
        .open_in("http://private-page.test/", Some(&context))
        .await?;
    let there = "document.readyState === 'complete' && location.href !== 'about:blank'";
    browser.wait_until(&page, LIMIT, there).await?;
    browser.evaluate(&page, WEB_RTC).await?;
    let close = json!({ "browserContextId": context });
    browser
        .call("Target.disposeBrowserContext", &close)
        .await
        .map(drop::<Value>)
}

#[test]
fn a_browser_that_is_killed_before_it_stored_the_setting_lets_nothing_out() -> Result<()> {
    let name =
        "by_default::floor::a_browser_that_is_killed_before_it_stored_the_setting_lets_nothing_out";
    inside(name, async |world| {
        let product = Product::registered(&world)?;
        // Without a floor, a page is not certain to get out, so the control makes several tries.
        let mut tries = 1;
        while killed_early(&world, &product, false).await? == 0 {
            ensure!(tries < 6, "the control sees nothing");
            tries += 1;
        }
        for _ in 0..2 {
            let direct = killed_early(&world, &product, true).await?;
            ensure!(direct == 0, "{:#?}", world.arrivals().await?);
        }
        Ok(())
    })
}

/// Kills a browser right after its proxy was set for the first time, while both processors are
/// busy. Starts it again with a page to open, and returns how much then arrived outside.
async fn killed_early(world: &World, product: &Product, floor: bool) -> Result<usize> {
    fresh(product)?;
    let _busy = Busy::begin();
    let mut browser = product.start(world, floor).await?;
    protected(&mut browser).await?;
    browser.kill().await?;
    world.forget().await?;
    let mut line = product.chromium(floor)?;
    line.push("http://page.test/".into());
    let mut browser = product.begin(world, &line).await?;
    protected(&mut browser).await?;
    let seen = world.arrivals().await?;
    browser.close().await?;
    Ok(match floor {
        true => seen.len(),
        false => seen.iter().filter(|one| is_page(one)).count(),
    })
}

/// Keeps both processors busy until it is dropped.
struct Busy(Vec<Child>);

impl Busy {
    fn begin() -> Self {
        let spin = || {
            Command::new("sh")
                .args(["-c", "while :; do :; done"])
                .spawn()
        };
        Self((0..2).filter_map(|_| spin().ok()).collect())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
