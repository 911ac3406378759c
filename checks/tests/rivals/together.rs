//! Two profiles of one browser and another browser at the same host, at once: each shows the same
//! truth, within a second of the first that shows it.

use crate::LIMIT;
use anyhow::{Context as _, Result, ensure};
use checks::{popup::Popup, stage::Stage};
use meter_testkit::browser::{Browser, Kind, Landed};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// What is promised to a person who looks at two windows.
const PROMISED: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);

/// State, credits, badge and the numbers of the listed reports.
const SHOWN: &str = "const told = (id) => document.querySelector(`[data-testid=${id}]`);
    const rows = [...document.querySelectorAll('[data-testid=report][data-verified=true]')];
    return JSON.stringify([told('state').dataset.state, told('balance').textContent.trim(),
        await browser.action.getBadgeText({}), rows.map((row) => row.dataset.sequence).join()])";

pub(crate) async fn check(stage: &Stage) -> Result<()> {
    let mut all = Vec::new();
    for (kind, profile) in [
        (Kind::Chromium, "one"),
        (Kind::Chromium, "other"),
        (Kind::Firefox, "third"),
    ] {
        let browser = Browser::launch(kind, &stage.options(profile)?).await?;
        let page = browser.current_tab().await?;
        let popup = Popup::open(&browser).await?;
        popup.wait_for_state(&browser, LIMIT, "protected").await?;
        all.push((browser, page, popup));
    }
    let before = shown(&all[0].0).await?;
    let (first, page, popup) = &all[0];
    first.switch_to(page).await?;
    let landed = first
        .goto(&stage.site.url("site.test", "/bytes/50000"))
        .await?;
    ensure!(landed == Landed::Page, "{landed:?}");
    first.switch_to(&popup.tab).await?;
    // A session closes, and its report is counted.
    let browsers: Vec<&Browser> = all.iter().map(|(browser, ..)| browser).collect();
    become_the_same(&browsers, |now| now[3] != before[3]).await?;
    stage.run(&["monitor", "stop"])?;
    become_the_same(&browsers, |now| now[0] == "blocked").await?;
    stage.run(&["monitor", "start"])?;
    become_the_same(&browsers, |now| now[0] == "protected").await?;
    for (browser, ..) in all {
        browser.close().await;
    }
    Ok(())
}

/// Waits until one of them shows something of this kind, and then for all to show the same.
async fn become_the_same(all: &[&Browser], wanted: impl Fn(&Value) -> bool) -> Result<()> {
    let mut since = None;
    let deadline = Instant::now() + LIMIT;
    loop {
        let mut seen = Vec::new();
        for browser in all {
            seen.push(shown(browser).await?);
        }
        if since.is_none() && seen.iter().any(&wanted) {
            since = Some(Instant::now());
        }
        let same = seen.iter().all(|one| wanted(one) && *one == seen[0]);
        if same {
            return Ok(());
        }
        let late = since.is_some_and(|since| since.elapsed() > PROMISED);
        ensure!(!late, "a second later they still differ: {seen:#?}");
        ensure!(Instant::now() < deadline, "nothing changes: {seen:#?}");
        tokio::time::sleep(POLL).await;
    }
}

async fn shown(browser: &Browser) -> Result<Value> {
    let shown = browser.call(SHOWN, vec![]).await?;
    serde_json::from_str(shown.as_str().context("a text")?).context("JSON")
}
