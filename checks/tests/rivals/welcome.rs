//! The welcome page from the loading of the extension to the first counted byte, without a click.

use crate::LIMIT;
use anyhow::{Result, ensure};
use checks::stage::Stage;
use meter_testkit::browser::{Browser, Landed, Size};
use std::{fs, path::Path, time::Duration};
use tokio::time::Instant;

/// What is promised to a person: from loading to there with a Tor that runs.
const PROMISED: Duration = Duration::from_secs(60);

/// Waits until the page has ticked everything off, while a page of the site is loaded as soon as
/// the self-test has passed. `since` is when the browser was started.
pub(crate) async fn sets_itself_up(stage: &Stage, browser: &Browser, since: Instant) -> Result<()> {
    let first = browser.current_tab().await?;
    let welcome = browser.welcome_tab().await?;
    let tested = "const steps = ['through', 'names', 'web_rtc', 'kill_switch'];
        const mark = (name) => document.querySelector(`[data-step=${name}]`)?.dataset.mark;
        return steps.every((name) => mark(name) === 'done')";
    until(browser, tested).await?;
    browser.switch_to(&first).await?;
    let landed = browser.goto(&stage.site.url("site.test", "/")).await?;
    ensure!(landed == Landed::Page, "{landed:?}");
    browser.switch_to(&welcome).await?;
    until(
        browser,
        "return document.getElementById('welcome').dataset.done === 'true'",
    )
    .await?;
    let took = since.elapsed();
    ensure!(
        took < PROMISED,
        "{took:?} from loading to the first counted byte"
    );
    pictures(browser).await?;
    browser.close_tab(&first).await
}

async fn until(browser: &Browser, body: &str) -> Result<()> {
    let waited = browser.wait_until(LIMIT, body).await;
    match waited {
        Ok(_) => Ok(()),
        Err(error) => Err(error.context(browser.text().await.unwrap_or_default())),
    }
}

async fn pictures(browser: &Browser) -> Result<()> {
    let folder = Path::new("../dist/checks/welcome");
    fs::create_dir_all(folder)?;
    for (width, dark) in [(1000, false), (1000, true), (320, false)] {
        browser.set_dark(dark).await?;
        let look = if dark { "dark" } else { "light" };
        let name = format!("{:?}-{width}-{look}.png", browser.kind()).to_lowercase();
        let height = 1400;
        browser
            .screenshot(&folder.join(name), Size { width, height })
            .await?;
    }
    browser.set_dark(false).await?;
    Ok(())
}
