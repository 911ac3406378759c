//! Measures how soon popup, badge and dashboard show something, in the installed Chromium and
//! Firefox; `./build.sh bench --pages` starts it.
//!
//! The browser, the extension and its native port are real; a host in place of ours has signed the
//! sessions. The popup is opened at its button, the dashboard in a tab. All times are those that
//! the browser itself gives: a first paint is its `first-contentful-paint`, counted from the moment
//! at which the page was asked for. A figure is the median of its rounds. Only the pure parts of
//! this are tested.

mod bare;
mod dashboard;
mod options;
mod popup;
mod table;
mod worker;

use anyhow::Result;
use bare::Bare;
use checks::fixture::Fixture;
use meter_fixtures::figures;
use meter_testkit::browser::Kind;
use options::Options;
use std::io::{Write as _, stderr};
use table::Table;

/// Sessions of the host while popup and worker are measured.
const FEW: u64 = 60;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let options = Options::parse(&arguments)?;
    let mut table = Table::default();
    for kind in Kind::ALL {
        writeln!(stderr(), "{kind:?}")?;
        let fixture = Fixture::open(kind, FEW).await?;
        let bare = Bare::open(kind).await?;
        popup::measure(&fixture, &bare, &options, &mut table).await?;
        if !options.only_popup {
            worker::measure(&fixture, &bare, &options, &mut table).await?;
        }
        bare.browser.close().await;
        fixture.browser.close().await;
        if options.only_popup {
            continue;
        }
        let fixture = Fixture::open(kind, options.sessions).await?;
        dashboard::measure(&fixture, &options, &mut table).await?;
        fixture.browser.close().await;
    }
    let figures = options.figures.filter(|_| !options.only_popup);
    figures::publish("bench-pages", &table.markdown(), figures.as_deref())
}
