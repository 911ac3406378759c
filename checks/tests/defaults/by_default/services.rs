//! What browsers send by themselves: with a floor, with policies, and, as the control, with
//! neither.

use super::{LIMIT, Product, floor, is_page};
use anyhow::{Context as _, Result, ensure};
use checks::{
    defaults::{Arrival, Chromium, Firefox, World, firefox, inside},
    stage::{built, extension},
};
use std::{
    ffi::OsString,
    process::Command,
    time::{Duration, Instant},
};

/// How long nothing may arrive. In the control something arrived within a part of this time.
const SILENCE: Duration = Duration::from_secs(12);

/// Fetches as Firefox's settings service does: when the extension's proxy refuses, it tries again
/// without the proxy.
const FETCH: &str = "
    const { Utils } = ChromeUtils.importESModule('resource://services-settings/Utils.sys.mjs');
    await Utils.fetch('https://service.page.test/v1/').catch(() => {})";

fn is_settings(arrival: &Arrival) -> bool {
    arrival.to.contains("settings")
}

#[test]
fn nothing_of_a_firefox_goes_out_past_its_floor() -> Result<()> {
    let name = "by_default::services::nothing_of_a_firefox_goes_out_past_its_floor";
    inside(name, async |world| {
        let profile = world.folder().join("control");
        let line = firefox(&profile)?;
        let mut browser = Firefox::start(&world, &line, &profile).await?;
        pages(&mut browser).await?;
        let all = |seen: &[Arrival]| seen.iter().any(is_settings) && pages_seen(seen) == 2;
        world.wait_for(LIMIT, all).await?;
        browser.close().await?;
        world.forget().await?;

        let profile = world.folder().join("floor");
        let mut line: Vec<OsString> = vec![built("onionmeter")?.into(), "open".into()];
        line.extend([firefox(&profile)?.remove(0), "--profile".into()]);
        line.extend([profile.clone().into(), "--".into()]);
        line.extend(Firefox::UNSEEN.iter().map(OsString::from));
        let mut browser = Firefox::start(&world, &line, &profile).await?;
        pages(&mut browser).await?;
        let product = Product::registered(&world)?;
        let id = browser.install(&product.extension, true).await?;
        browser.privileged(FETCH).await?;
        everything_happens_to_it(&mut browser, &product, &id).await?;
        browser.remove(&id).await?;
        pages(&mut browser).await?;
        browser.privileged(FETCH).await?;
        tokio::time::sleep(SILENCE).await;
        let seen = world.arrivals().await?;
        ensure!(seen.is_empty(), "{seen:#?}");
        browser.close().await
    })
}

/// Reload, switch off and on, and an update, while a page asks for others without end.
async fn everything_happens_to_it(
    browser: &mut Firefox,
    product: &Product,
    id: &str,
) -> Result<()> {
    browser.open(ASKING_PAGE, false).await?;
    asked_more(browser).await?;
    for what in ["reload", "disable", "enable"] {
        let done = format!("await (await {MANAGER}.AddonManager.getAddonByID('{id}')).{what}()");
        browser.privileged(&done).await?;
        asked_more(browser).await?;
    }
    // An update that Firefox has fetched replaces an extension at once, unless it listens.
    let waits = format!("{MANAGER}.AddonManagerPrivate.hasUpgradeListener('{id}')");
    browser.wait_until(LIMIT, &waits).await?;
    product.renew_extension()?;
    browser.install(&product.extension, true).await?;
    let version = format!("WebExtensionPolicy.getByID('{id}')?.extension.version === '99.0'");
    browser.wait_until(LIMIT, &version).await?;
    asked_more(browser).await
}

const MANAGER: &str = "ChromeUtils.importESModule('resource://gre/modules/AddonManager.sys.mjs')";

/// Asks for another name ten times a second, and says in its title how many it has asked for.
const ASKING_PAGE: &str = "data:text/html,<script>setInterval(() => {
    document.title = Number(document.title) + 1;
    fetch(`http://${document.title}.page.test/`, { mode: 'no-cors' }).catch(() => {});
}, 100)</script>";

/// Waits until the page has made twenty more requests. It is brought to the front, where the
/// extension may have opened its welcome page.
async fn asked_more(browser: &mut Firefox) -> Result<()> {
    let asked = "await (async () => {
        const windows = [...Services.wm.getEnumerator('navigator:browser')];
        for (const { gBrowser } of windows)
            for (const tab of gBrowser.tabs)
                if (tab.linkedBrowser.currentURI.scheme === 'data') {
                    gBrowser.selectedTab = tab;
                    return Number(tab.linkedBrowser.contentTitle);
                }
        return -1;
    })()";
    // A page that was just opened is not there at once.
    browser.wait_until(LIMIT, &format!("{asked} >= 0")).await?;
    let before = browser.privileged(&format!("return {asked}")).await?;
    let before = before.as_i64().context("a number")?;
    browser
        .wait_until(LIMIT, &format!("{asked} > {}", before + 20))
        .await
}

async fn pages(browser: &mut Firefox) -> Result<()> {
    browser.open("http://page.test/", false).await?;
    browser.open("http://private-page.test/", true).await
}

fn pages_seen(seen: &[Arrival]) -> usize {
    let connected = |name: &str| {
        let mut pages = seen.iter().filter(|one| is_page(one));
        pages.any(|one| one.to == name && one.port == 80)
    };
    usize::from(connected("page.test")) + usize::from(connected("private-page.test"))
}

#[test]
fn a_hardened_firefox_asks_nothing_past_a_relay_that_is_gone() -> Result<()> {
    let name = "by_default::services::a_hardened_firefox_asks_nothing_past_a_relay_that_is_gone";
    inside(name, async |world| {
        let product = Product::registered(&world)?;
        etc_of_its_own(&world)?;
        let direct = fetched_past_the_relay(&world, &product, "control").await?;
        ensure!(direct > 0, "the control sees nothing");
        world.forget().await?;
        product.run(&["install"])?;
        product.run(&["harden", "--yes", "--all"])?;
        let direct = fetched_past_the_relay(&world, &product, "hardened").await?;
        ensure!(direct == 0, "{:#?}", world.arrivals().await?);
        product.run(&["unharden", "--yes"])?;
        ensure!(
            !std::path::Path::new("/etc/firefox").is_dir(),
            "something is left"
        );
        Ok(())
    })
}

/// Mounts a copy of `/etc` over the computer's own; only this test sees it.
fn etc_of_its_own(world: &World) -> Result<()> {
    let etc = world.folder().join("etc");
    let script = "cp -a /etc \"$0\" 2>/dev/null; rm -rf \"$0/firefox\" \"$0\"/*/policies
        mount --rbind \"$0\" /etc";
    let mounted = Command::new("sh").args(["-c", script]).arg(&etc).status()?;
    ensure!(mounted.success(), "no /etc of its own");
    Ok(())
}

/// With the extension and a stopped daemon: returns how many such fetches arrive outside.
async fn fetched_past_the_relay(world: &World, product: &Product, profile: &str) -> Result<usize> {
    let profile = world.folder().join(profile);
    let mut browser = product.start_firefox(world, &profile).await?;
    browser.install(&extension(), true).await?;
    let is_set = "Services.prefs.getIntPref('network.proxy.type', 0) === 1";
    browser.wait_until(LIMIT, is_set).await?;
    // With these manifests, the extension would start the daemon again.
    let manifests = product.user.join(".mozilla/native-messaging-hosts");
    std::fs::remove_dir_all(&manifests)?;
    product.run(&["stop"])?;
    browser.privileged(FETCH).await?;
    let seen = world.arrivals().await?;
    browser.close().await?;
    let is_service = |one: &&Arrival| one.to == "service.page.test";
    Ok(seen.iter().filter(is_service).count())
}

#[test]
fn a_hardened_chromium_asks_past_the_extension_for_its_components_alone() -> Result<()> {
    let name = "by_default::services::\
                a_hardened_chromium_asks_past_the_extension_for_its_components_alone";
    inside(name, async |world| {
        let product = Product::registered(&world)?;
        etc_of_its_own(&world)?;
        let other = |seen: &[Arrival]| seen.iter().any(|one| !is_of_components(one));
        let browser = protected(&world, &product).await?;
        let begun = Instant::now();
        world.wait_for(2 * LIMIT, other).await?;
        let took = begun.elapsed();
        browser.close().await?;

        product.run(&["harden", "--yes", "--all"])?;
        let browser = protected(&world, &product).await?;
        tokio::time::sleep(took + SILENCE).await;
        let seen = world.arrivals().await?;
        ensure!(!other(&seen), "{seen:#?}");
        browser.close().await?;
        product.run(&["unharden", "--yes"]).map(drop)
    })
}

/// README says that these are still asked for.
fn is_of_components(arrival: &Arrival) -> bool {
    ["update.googleapis.com", "redirector.gvt1.com"].contains(&arrival.to.as_str())
}

/// A Chromium started as usual with a new profile and the extension, which has set the proxy.
async fn protected(world: &World, product: &Product) -> Result<Chromium> {
    floor::fresh(product)?;
    let mut browser = product.start(world, false).await?;
    floor::protected(&mut browser).await?;
    world.forget().await?;
    Ok(browser)
}
