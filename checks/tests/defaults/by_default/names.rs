//! Names that a page makes a browser look up through WebRTC. A page that invents a name for each
//! visitor would learn the visitor's resolver, and so the visitor.

mod site;

use super::{LIMIT, Product, until_seen};
use anyhow::{Context as _, Result, ensure};
use checks::{
    defaults::{Arrival, Chromium, Kind, World, inside},
    stage::extension,
};
use serde_json::Value;
use site::Site;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Ways in which a page reaches into a frame in the same turn in which the frame begins to load:
/// our script comes too late there.
const RACES: [&str; 7] = [
    "race-frame",
    "race-lazy",
    "race-srcdoc",
    "race-blob",
    "race-url",
    "race-object",
    "race-sandbox",
];

/// The ways by which names were looked up.
async fn leaks(world: &World) -> Result<Vec<String>> {
    let way = |one: &Arrival| {
        let name = one.to.strip_suffix(".leak.test")?;
        Some(name.rsplit_once('-')?.0.to_owned())
    };
    let seen = world.arrivals().await?;
    Ok(seen
        .iter()
        .filter(|one| one.kind == Kind::Dns)
        .filter_map(way)
        .collect())
}

/// Opens a page until each of these ways has been seen outside. Some are races: a frame that loads
/// at once ends the connection that was just made in it.
async fn until_leaks(
    world: &World,
    ways: &[&str],
    open: impl AsyncFnMut() -> Result<()>,
) -> Result<()> {
    let asked = |seen: &[Arrival], way: &&str| {
        let begins = format!("{way}-");
        seen.iter()
            .any(|one| one.to.starts_with(&begins) && one.to.ends_with(".leak.test"))
    };
    let all = |seen: &[Arrival]| ways.iter().all(|way| asked(seen, way));
    until_seen(world, all, open).await
}

/// Ways without WebRTC by which both browsers ask for a name while nothing keeps them from it.
const SEEN_WHEN_OPEN: [&str; 10] = [
    "image",
    "link-in-data",
    "socket",
    "socket-in-worker",
    "event-source",
    "beacon",
    "report",
    "frame-in-frame",
    "image-at-end",
    "keepalive-at-end",
];

/// Waits until the page with all other ways has tried them and is left.
async fn all_were_tried(site: &Site, query: &str) -> Result<()> {
    let told = outcomes(site.over(query).await?)?;
    ensure!(told["tried"].as_u64() > Some(35), "{told:?}");
    Ok(())
}

/// What each way came to, by the page's own words.
fn outcomes(words: Option<String>) -> Result<BTreeMap<String, Value>> {
    Ok(serde_json::from_str(&words.context("the page died")?)?)
}

#[test]
fn no_page_makes_chromium_ask_for_a_name_by_web_rtc() -> Result<()> {
    let name = "by_default::names::no_page_makes_chromium_ask_for_a_name_by_web_rtc";
    inside(name, async |world| {
        let site = Site::open()?;
        let product = Product::registered(&world)?;
        let mut browser = product.start(&world, false).await?;
        let popup = until_closed(&mut browser).await?;

        browser.open(&site.url(1, "/ways?closed")).await?;
        let ways = outcomes(site.over("closed").await?)?;
        ensure!(
            ways.len() > 20 && ways.values().all(|what| what != "made"),
            "{ways:?}"
        );
        // The browser ends a page that uses the constructor although it may not. Each is a site of
        // its own, so that no other page ends with it.
        for (number, way) in (10..).zip(RACES) {
            let query = format!("only={way}");
            browser
                .open(&site.url(number, &format!("/ways?{query}")))
                .await?;
            site.over(&query).await?;
        }
        browser.open(&site.url(50, "/hosts?closed-hosts")).await?;
        all_were_tried(&site, "closed-hosts").await?;
        ensure!(
            leaks(&world).await?.is_empty(),
            "{:?}",
            leaks(&world).await?
        );

        // README describes pages that a site's service worker makes.
        let page = browser.open(&site.url(40, "/blank")).await?;
        let registered = "navigator.serviceWorker.register('/worker.js')
            .then(() => navigator.serviceWorker.ready).then(() => true)";
        browser.wait_until(&page, LIMIT, registered).await?;
        browser.open(&site.url(40, "/worker?only=top")).await?;
        ensure!(outcomes(site.over("only=top").await?)?["top"] == "none");
        ensure!(leaks(&world).await?.is_empty());
        let races = site.url(40, "/worker?only=race-frame");
        until_leaks(&world, &["race-frame"], async || {
            browser.open(&races).await.map(drop)
        })
        .await?;

        // With the extension turned off, pages have WebRTC again, and the outside sees it.
        world.forget().await?;
        browser.wait_until(&popup, LIMIT, TURNED_OFF).await?;
        let ways = ["top", "blank", "in-frame", "in-data", "sandboxed-srcdoc"];
        let page = site.url(1, "/ways?open");
        until_leaks(&world, &ways, async || browser.open(&page).await.map(drop)).await?;
        let ways = [&SEEN_WHEN_OPEN[..], &["link-in-blob", "ping", "transport"]].concat();
        let page = site.url(51, "/hosts?open-hosts");
        until_leaks(&world, &ways, async || browser.open(&page).await.map(drop)).await?;
        browser.close().await
    })
}

/// Presses the popup's switch for as long as it is on. A worker that ends at this moment loses what
/// was pressed.
const TURNED_OFF: &str = "(async () => {
    document.querySelector('[data-testid=switch][aria-checked=true]')?.click();
    return (await chrome.scripting.getRegisteredContentScripts()).length === 0;
})()";

/// Waits until the extension has set everything, and returns a tab with its popup. A worker that
/// has just begun does not always answer to DevTools.
async fn until_closed(browser: &mut Chromium) -> Result<String> {
    let deadline = Instant::now() + LIMIT;
    let (_, url) = loop {
        let workers = browser.targets("chrome-extension://").await?;
        let ours = |(_, url): &(String, String)| url.ends_with("/service_worker.js");
        if let Some(found) = workers.into_iter().find(ours) {
            break found;
        }
        ensure!(Instant::now() < deadline, "no extension");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let closed = "(async () => {
        const [proxy, scripts, rules] = await Promise.all([
            chrome.proxy.settings.get({}),
            chrome.scripting.getRegisteredContentScripts(),
            chrome.declarativeNetRequest.getDynamicRules(),
        ]);
        return proxy.levelOfControl === 'controlled_by_this_extension'
            && scripts.length === 1 && rules.length === 3;
    })()";
    let origin = url
        .strip_suffix("/service_worker.js")
        .context("its origin")?;
    let popup = browser.open(&format!("{origin}/popup/popup.html")).await?;
    browser.wait_until(&popup, LIMIT, closed).await?;
    Ok(popup)
}

#[test]
fn no_page_makes_firefox_ask_for_a_name_by_web_rtc() -> Result<()> {
    let name = "by_default::names::no_page_makes_firefox_ask_for_a_name_by_web_rtc";
    inside(name, async |world| {
        let site = Site::open()?;
        let product = Product::registered(&world)?;
        let mut browser = product.start_firefox(&world, &product.profile).await?;
        let ways = ["top", "blank", "in-frame", "in-data"];
        let page = site.url(1, "/ways?open");
        until_leaks(&world, &ways, async || browser.open(&page, false).await).await?;
        let page = site.url(51, "/hosts?open-hosts");
        until_leaks(&world, &SEEN_WHEN_OPEN, async || {
            browser.open(&page, false).await
        })
        .await?;

        browser.install(&extension(), true).await?;
        browser
            .wait_until(
                LIMIT,
                "!Services.prefs.getBoolPref('media.peerconnection.enabled')",
            )
            .await?;
        world.forget().await?;
        browser.open(&site.url(2, "/ways?closed"), false).await?;
        let ways = outcomes(site.over("closed").await?)?;
        ensure!(
            ways.len() > 20 && ways.values().all(|what| what != "made"),
            "{ways:?}"
        );
        for way in RACES {
            let query = format!("only={way}");
            browser
                .open(&site.url(3, &format!("/ways?{query}")), false)
                .await?;
            site.over(&query).await?;
        }
        browser
            .open(&site.url(50, "/hosts?closed-hosts"), false)
            .await?;
        all_were_tried(&site, "closed-hosts").await?;
        ensure!(
            leaks(&world).await?.is_empty(),
            "{:?}",
            leaks(&world).await?
        );

        // Another extension could do the same.
        let turn_back = "Services.prefs.setBoolPref('media.peerconnection.enabled', true)";
        browser.privileged(turn_back).await?;
        browser.open(&site.url(4, "/ways?back"), false).await?;
        let ways = outcomes(site.over("back").await?)?;
        ensure!(ways.values().all(|what| what != "made"), "{ways:?}");
        browser.close().await
    })
}
