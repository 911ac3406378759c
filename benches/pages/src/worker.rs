//! A worker that an event wakes, until its first badge; beside one that has nothing to do.

use crate::{
    bare::Bare,
    options::Options,
    popup::{LIMIT, PAGE},
    table::Table,
};
use anyhow::{Context as _, Result};
use checks::fixture::Fixture;
use meter_testkit::browser::Browser;

const LINE: Option<f64> = Some(150.0);

/// Nobody else writes this on a badge.
const MARK: &str = "await browser.action.setBadgeText({ text: '~' })";

/// The time from the event that wakes the worker until the badge is another one.
const WOKEN: &str = "const begun = performance.now();
    const port = browser.runtime.connect({ name: 'options' });
    while ((await browser.action.getBadgeText({})) === '~') {
        await new Promise((resolve) => setTimeout(resolve, 1));
    }
    port.disconnect();
    return performance.now() - begun";

/// Wakes ours and the bare one in turn.
pub(crate) async fn measure(
    fixture: &Fixture,
    bare: &Bare,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    let kind = fixture.browser.kind();
    fixture.browser.open_extension_page(PAGE).await?;
    for _ in 0..options.rounds {
        for (name, line, browser) in [
            ("worker that does nothing: first badge", None, &bare.browser),
            ("worker: first badge", LINE, &fixture.browser),
        ] {
            let ms = woken(browser).await?;
            table.add(name, line, kind, ms);
        }
    }
    fixture.browser.close_tab(&fixture.first_tab).await
}

async fn woken(browser: &Browser) -> Result<f64> {
    browser.call(MARK, vec![]).await?;
    browser.stop_background().await?;
    let ms = browser.wait_until(LIMIT, WOKEN).await?;
    ms.as_f64().context("a time")
}
