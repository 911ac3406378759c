//! The dashboard of a host with very many sessions.

use crate::{
    options::Options,
    popup::{LIMIT, times},
    table::Table,
};
use anyhow::{Context as _, Result};
use checks::fixture::Fixture;

const LINE: Option<f64> = Some(300.0);
const PAGE: &str = "dashboard/dashboard.html";

/// When the first sessions stood in the list.
const LISTED: &str = "return performance.getEntriesByName('listed')[0]?.startTime";

/// When all of them did.
const ALL: &str = "const found = document.getElementById('sessions-found').textContent;
    return found.endsWith('verified in this page')
        && performance.getEntriesByName('listed').at(-1).startTime";

/// The longest pause between two frames, from the first row to the last.
const SCROLLED: &str = "const list = document.getElementById('list');
    let before = await new Promise(requestAnimationFrame);
    let longest = 0;
    for (let top = 0, frame = 0; top < list.scrollHeight && frame < 240; top += 1_500, frame++) {
        list.scrollTop = top;
        const now = await new Promise(requestAnimationFrame);
        longest = Math.max(longest, now - before);
        before = now;
    }
    return longest";

/// Opens it so many times, each time until every session is verified.
pub(crate) async fn measure(fixture: &Fixture, options: &Options, table: &mut Table) -> Result<()> {
    let kind = fixture.browser.kind();
    let of = |what: &str| {
        format!(
            "dashboard, {} sessions: {what}",
            thousands(options.sessions)
        )
    };
    // The first one has nothing to remember.
    fixture.browser.open_extension_page(PAGE).await?;
    let [paint, _] = times(fixture).await?;
    table.add(&of("first paint ever"), LINE, kind, paint);
    for _ in 0..options.rounds {
        // Otherwise the worker would still pass on what the page before has asked for.
        fixture.browser.wait_until(LIMIT, ALL).await?;
        fixture.browser.close_tab(&fixture.first_tab).await?;
        fixture.browser.open_extension_page(PAGE).await?;
        let [paint, drawn] = times(fixture).await?;
        table.add(&of("first paint"), LINE, kind, paint);
        table.add(&of("state and credits of now"), None, kind, drawn);
        table.add(
            &of("first sessions"),
            None,
            kind,
            time(fixture, LISTED).await?,
        );
        table.add(&of("all verified"), None, kind, time(fixture, ALL).await?);
    }
    let longest = time(fixture, SCROLLED).await?;
    table.add(&of("longest frame while scrolling"), None, kind, longest);
    Ok(())
}

async fn time(fixture: &Fixture, body: &str) -> Result<f64> {
    let time = fixture.browser.wait_until(LIMIT, body).await?;
    time.as_f64().context("a time")
}

fn thousands(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", number / 1_000, number % 1_000),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_large_number_has_a_comma() {
        assert_eq!(super::thousands(10_000), "10,000");
        assert_eq!(super::thousands(60), "60");
    }
}
