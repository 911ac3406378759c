//! `./build.sh demo`: browse through a private Tor network and watch the badge move.

use anyhow::{Context as _, Result, ensure};
use checks::{
    credit::{self, Credit},
    popup::Popup,
    reports::{Reports, line},
    stage::{Stage, root},
};
use meter_core::{Backend, credits_exact};
use meter_testkit::browser::{Browser, Kind, Landed};
use std::{fs, path::PathBuf, time::Duration};

const LIMIT: Duration = Duration::from_secs(90);
const REPORTS: u64 = 3;

#[tokio::main]
async fn main() -> Result<()> {
    let backend = backend()?;
    say("Booting a private Tor network on loopback: 3 authorities, 4 relays, three-hop circuits.");
    let stage = Stage::set_with_relays(&credit::settings(), backend, credit::RELAYS).await?;
    say(&format!(
        "A site waits at {}.",
        stage.site.url("site.test", "/")
    ));
    stage.network.pause()?;
    say(&format!(
        "The product's own way of having Tor: {backend:?}."
    ));
    let browser = stage.launch(Kind::Chromium, false).await?;
    let browsing = browser.current_tab().await?;
    let popup = Popup::open(&browser).await?;
    let folder = pictures()?;

    say("The network is held for a moment, so that Tor's bootstrap can be seen.");
    let percent = "return /^[1-9][0-9]*%$/.test(await browser.action.getBadgeText({}))";
    popup.wait_until(&browser, LIMIT, percent).await?;
    say(&format!(
        "badge {:>4}   {}",
        popup.badge(&browser).await?,
        popup.text(&browser, "tor-summary").await?
    ));
    both(&popup, &browser, &folder, "bootstrapping").await?;
    stage.network.resume()?;
    popup.wait_for_state(&browser, LIMIT, "protected").await?;
    say(&format!(
        "badge {:>4}   Tor is connected, the browser's proxy reads back as ours",
        popup.badge(&browser).await?
    ));
    say("A ledger starts as an onion service, and two hosts are enrolled there through Tor.");
    let mut credit = Credit::begin(&stage).await?;

    let mut shown = 0;
    while shown < REPORTS {
        shown = browse(&stage, &browser, &browsing, &popup, shown).await?;
        if shown == 2 {
            let counts = "return !document.querySelector('[data-testid=session]').hidden";
            browser.switch_to(&browsing).await?;
            visit(&stage, &browser, "/bytes/60000").await?;
            popup.wait_until(&browser, LIMIT, counts).await?;
            both(&popup, &browser, &folder, "counting").await?;
        }
    }
    finish(&stage, &browser, &popup).await?;
    both(&popup, &browser, &folder, "reports").await?;
    let second = credit.second_earns(&stage).await?;
    say(&format!(
        "The second host has earned {second} credits at the same ledger."
    ));
    let numbers = credit.numbers(&stage, &browser, &popup, &folder).await?;
    both(&popup, &browser, &folder, "credited").await?;
    browser.close().await;
    say("");
    for (place, number) in numbers.named() {
        say(&format!("{number:>16} credits   {place}"));
    }
    ensure!(numbers.agree(), "the five numbers differ");
    say(&format!(
        "Pictures of popup, local dashboard and ledger are in {}.",
        folder.display()
    ));
    Ok(())
}

/// `--tor existing|managed|embedded`; managed by default.
fn backend() -> Result<Backend> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let known = match words.as_slice() {
        [] => Some(Backend::Managed),
        ["--tor", name] => Backend::named(name),
        _ => None,
    };
    known.context("usage: demo [--tor existing|managed|embedded]")
}

/// Visits pages until the next report is signed, and says what moved the badge.
async fn browse(
    stage: &Stage,
    browser: &Browser,
    browsing: &meter_testkit::browser::Tab,
    popup: &Popup,
    before: u64,
) -> Result<u64> {
    browser.switch_to(browsing).await?;
    visit(stage, browser, "/bytes/150000").await?;
    let signed = stage
        .wait_for(LIMIT, |status| status.reports.0 > before)
        .await?;
    let reports = stage.reports()?;
    let badge = wait_for_badge(popup, browser, &reports).await?;
    for report in reports
        .list
        .iter()
        .filter(|report| report.sequence > before)
    {
        say(&format!("badge {badge:>4}   {}", line(report)));
    }
    Ok(signed.reports.0)
}

/// Opens the site's page and loads something more from within it. If it opened plain text itself,
/// the browser would also request an icon, and perhaps cancel that request half-way.
async fn visit(stage: &Stage, browser: &Browser, path: &str) -> Result<()> {
    let landed = browser.goto(&stage.site.url("site.test", "/")).await?;
    ensure!(
        landed == Landed::Page,
        "the page did not load: {landed:?}\n{}",
        stage.log()
    );
    let load = "return (await (await fetch(args[0])).arrayBuffer()).byteLength";
    browser.call(load, vec![path.into()]).await.map(drop)
}

async fn wait_for_badge(popup: &Popup, browser: &Browser, reports: &Reports) -> Result<String> {
    let badge = reports.badge()?;
    let shows = format!("return await browser.action.getBadgeText({{}}) === '{badge}'");
    popup
        .wait_until(browser, LIMIT, &shows)
        .await
        .context("the badge is not the sum")?;
    Ok(badge)
}

/// The end of the demo: every report, verified here and in the browser, and their sum beside the
/// badge.
async fn finish(stage: &Stage, browser: &Browser, popup: &Popup) -> Result<()> {
    let idle = stage
        .wait_for(LIMIT, |status| status.session.is_none())
        .await?;
    let reports = stage.reports()?;
    ensure!(
        idle.reports.0 == reports.head.sequence,
        "a session closed in between"
    );
    wait_for_badge(popup, browser, &reports).await?;
    let ticks = popup.ticks(browser).await?;
    say("");
    for report in &reports.list {
        let tick = if ticks.contains(&report.sequence) {
            "✓ verified here and in the browser"
        } else {
            "✓ verified here"
        };
        say(&format!("{}  {tick}", line(report)));
    }
    let (up, down) = reports.bytes();
    let site = stage.site.totals();
    say(&format!(
        "bytes in the reports: {up} up, {down} down; at the site: {} received, {} sent",
        site.received, site.sent
    ));
    ensure!((up, down) == (site.received, site.sent), "the bytes differ");
    let (sum, shown) = (reports.sum()?, popup.text(browser, "balance").await?);
    say(&format!(
        "sum of the reports: {} credits; the popup shows {shown}, the badge {}",
        credits_exact(sum),
        popup.badge(browser).await?
    ));
    ensure!(
        meter_core::credits_short(sum) == shown,
        "the popup shows another sum"
    );
    Ok(())
}

async fn both(
    popup: &Popup,
    browser: &Browser,
    folder: &std::path::Path,
    name: &str,
) -> Result<()> {
    browser.switch_to(&popup.tab).await?;
    for (dark, look) in [(false, "light"), (true, "dark")] {
        browser.set_dark(dark).await?;
        popup
            .picture(browser, &folder.join(format!("popup-{name}-{look}.png")))
            .await?;
    }
    browser.set_dark(false).await
}

fn pictures() -> Result<PathBuf> {
    let folder = root().join("dist/demo");
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

#[expect(clippy::print_stdout, reason = "the demo is made to be watched")]
fn say(text: &str) {
    println!("{text}");
}
