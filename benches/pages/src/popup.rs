//! The popup at its button, with a worker that runs and with one that has ended.

use crate::{bare::Bare, options::Options, table::Table};
use anyhow::{Context as _, Result};
use checks::fixture::Fixture;
use serde_json::Value;
use std::time::Duration;
use tokio::time::sleep;

const LINE: Option<f64> = Some(100.0);
/// Only an upper bound.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);
const SOON: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(1);

/// A page of the extension that has no port of its own, and whose load wakes the worker once.
pub(crate) const PAGE: &str = "icons/16.png";

/// When a page was first painted, and when it first showed what is so now.
const TIMES: &str = "const all = (name) => performance.getEntriesByName(name)[0]?.startTime;
    const [paint, drawn] = [all('first-contentful-paint'), all('drawn')];
    return paint !== undefined && drawn !== undefined && [paint, drawn]";

/// The same of the popup that is open over this page.
const POPUP_TIMES: &str = "const [view] = browser.extension.getViews({ type: 'popup' });
    if (view === undefined) return false;
    const { performance } = view;
    const all = (name) => performance.getEntriesByName(name)[0]?.startTime;
    const [paint, drawn] = [all('first-contentful-paint'), all('drawn')];
    return paint !== undefined && drawn !== undefined && [paint, drawn]";

const CLOSE: &str =
    "for (const view of browser.extension.getViews({ type: 'popup' })) view.close();
    for (let look = 0; look < 40 && browser.extension.getViews({ type: 'popup' }).length; look++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }";

/// When the popup over this page was first painted.
const PAINTED: &str = "const [view] = browser.extension.getViews({ type: 'popup' });
    return view?.performance.getEntriesByName('first-contentful-paint')[0]?.startTime";

/// Opens it so many times in both ways, and one that is a single word.
pub(crate) async fn measure(
    fixture: &Fixture,
    bare: &Bare,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    fixture.browser.open_extension_page(PAGE).await?;
    // The first one has nothing to remember.
    opened(fixture).await?;
    for _ in 0..options.rounds {
        bare.browser.open_popup().await?;
        sleep(PAUSE).await;
        let paint = bare.browser.wait_until(SOON, PAINTED).await?;
        bare.browser.call(CLOSE, vec![]).await?;
        let (kind, paint) = (fixture.browser.kind(), paint.as_f64().context("a time")?);
        table.add("popup that is one word: first paint", None, kind, paint);
        for cold in [false, true] {
            if cold {
                fixture.browser.stop_background().await?;
            }
            let [paint, drawn] = opened(fixture).await?;
            let way = if cold { "worker ended" } else { "worker runs" };
            table.add(&format!("popup, {way}: first paint"), LINE, kind, paint);
            table.add(&format!("popup, {way}: state of now"), None, kind, drawn);
        }
    }
    fixture.browser.close_tab(&fixture.first_tab).await
}

async fn opened(fixture: &Fixture) -> Result<[f64; 2]> {
    fixture.browser.open_popup().await?;
    // A popup that is closed while it opens stays, and the browser opens no other one.
    sleep(PAUSE).await;
    let times = fixture.browser.wait_until(SOON, POPUP_TIMES).await?;
    fixture.browser.call(CLOSE, vec![]).await?;
    both(&times)
}

/// First paint of the page in front, and what it drew of now.
///
/// # Errors
/// It draws nothing.
pub(crate) async fn times(fixture: &Fixture) -> Result<[f64; 2]> {
    both(&fixture.browser.wait_until(LIMIT, TIMES).await?)
}

fn both(times: &Value) -> Result<[f64; 2]> {
    let time = |place: usize| times.get(place).and_then(Value::as_f64).context("a time");
    Ok([time(0)?, time(1)?])
}
