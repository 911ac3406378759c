//! All of it, in a module by which it can be left out where no namespace may be made.

use anyhow::Result;
use checks::defaults::{Arrival, Chromium, Firefox, Kind, chromium, firefox, inside};
use std::time::Duration;

/// Only an upper bound for a loaded machine.
const LIMIT: Duration = Duration::from_secs(60);

fn is_page(arrival: &Arrival) -> bool {
    arrival.to == "page.test" && arrival.kind == Kind::Tcp && arrival.port == 80
}

#[test]
fn a_browser_without_a_floor_is_seen_outside() -> Result<()> {
    let name = "by_default::a_browser_without_a_floor_is_seen_outside";
    inside(name, async |world| {
        let mut browser = Chromium::start(&world, &chromium(&world.folder().join("c"))?).await?;
        browser.open("http://page.test/").await?;
        let seen = world
            .wait_for(LIMIT, |seen| seen.iter().any(is_page))
            .await?;
        println!("{seen:#?}");
        browser.close().await?;
        world.forget().await?;
        let profile = world.folder().join("f");
        let mut browser = Firefox::start(&world, &firefox(&profile)?, &profile).await?;
        browser.open("http://page.test/", false).await?;
        let seen = world
            .wait_for(LIMIT, |seen| seen.iter().any(is_page))
            .await?;
        println!("{seen:#?}");
        browser.close().await
    })
}
