//! A Firefox that is killed seconds after protection was turned on: it has stored our proxy, but
//! not yet that it is an extension's.

use super::{
    LIMIT, Product, until_seen,
    windows::{POPUP, intent},
};
use anyhow::{Result, ensure};
use checks::{
    defaults::{Arrival, Firefox, World, firefox, inside},
    stage::extension,
};
use std::{
    ffi::OsString,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// How often it is tried: the moment lasts about a second.
const TRIES_MAX: u32 = 10;
const POLL: Duration = Duration::from_millis(5);

#[test]
fn a_firefox_that_keeps_our_proxy_as_the_persons_own_says_so_and_what_to_choose() -> Result<()> {
    let name = "by_default::kept::\
                a_firefox_that_keeps_our_proxy_as_the_persons_own_says_so_and_what_to_choose";
    inside(name, async |world| {
        let place = Place::set(&world)?;
        let mut browser = place.start(&world).await?;
        let id = browser.install_for_good(&extension()).await?;
        place.stored((true, true)).await?;
        let mut tries = 0;
        while !place.killed_between_the_two(browser, &id).await? {
            tries += 1;
            ensure!(tries < TRIES_MAX, "Firefox always stores both at once");
            browser = place.start(&world).await?;
        }
        world.forget().await?;
        browser = place.start(&world).await?;
        let popup = browser.extension_page(&id, POPUP).await?;
        // On a busy computer it may not have stored either that protection was turned on.
        let controlled = "(await browser.proxy.settings.get({})).levelOfControl ===
            'controlled_by_this_extension'";
        let begun = format!("({controlled}) || ({})", says(true));
        until(&mut browser, &popup, &begun).await?;

        browser.in_page(&popup, &intent("turn_off")).await?;
        until(&mut browser, &popup, &says(true)).await?;
        browser.open("http://kept.page.test/", false).await?;
        // What the sentence advises.
        browser.use_system_proxy().await?;
        let is_out = |seen: &[Arrival]| seen.iter().any(|one| one.to == "free.page.test");
        until_seen(&world, is_out, async || {
            browser.open("http://free.page.test/", false).await
        })
        .await?;
        let seen = world.arrivals().await?;
        ensure!(
            seen.iter().all(|one| one.to != "kept.page.test"),
            "{seen:#?}"
        );
        until(&mut browser, &popup, &says(false)).await?;
        browser.close().await
    })
}

struct Place {
    product: Product,
    profile: PathBuf,
    line: Vec<OsString>,
}

impl Place {
    fn set(world: &World) -> Result<Self> {
        let profile = world.folder().join("firefox");
        let line = firefox(&profile)?;
        Firefox::keeps_unsigned_extensions(&profile)?;
        Ok(Self {
            product: Product::registered(world)?,
            profile,
            line,
        })
    }

    async fn start(&self, world: &World) -> Result<Firefox> {
        let environment = [("ONIONMETER_HOME", self.product.home.clone().into())];
        Firefox::start_with(world, &self.line, &self.profile, &environment).await
    }

    /// Turns protection off and on, and kills the browser as soon as it has stored the proxy.
    /// Returns whether it had not stored whose the proxy is.
    async fn killed_between_the_two(&self, mut browser: Firefox, id: &str) -> Result<bool> {
        let popup = browser.extension_page(id, POPUP).await?;
        browser.in_page(&popup, &intent("turn_off")).await?;
        self.stored((false, false)).await?;
        browser.in_page(&popup, &intent("turn_on")).await?;
        let deadline = Instant::now() + LIMIT;
        while !self.has_stored().0 {
            ensure!(Instant::now() < deadline, "protection does not begin");
            tokio::time::sleep(POLL).await;
        }
        browser.kill().await?;
        Ok(self.has_stored() == (true, false))
    }

    async fn stored(&self, wanted: (bool, bool)) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        while self.has_stored() != wanted {
            ensure!(Instant::now() < deadline, "{:?}", self.has_stored());
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Whether Firefox has stored the proxy, and whose it is.
    fn has_stored(&self) -> (bool, bool) {
        let holds = |file: &str, text: &str| {
            fs::read_to_string(self.profile.join(file)).is_ok_and(|file| file.contains(text))
        };
        (
            holds("prefs.js", "\"network.proxy.type\", 1"),
            holds("extension-settings.json", "\"proxy.settings\""),
        )
    }
}

async fn until(browser: &mut Firefox, popup: &str, condition: &str) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    let body = format!("return {condition}");
    while browser.in_page(popup, &body).await? != true {
        let text = "return document.body.innerText";
        ensure!(
            Instant::now() < deadline,
            "still not: {body}\n{}",
            browser.in_page(popup, text).await?
        );
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// Whether the popup shows that protection is off, with or without the sentence about Firefox's own
/// settings.
fn says(kept: bool) -> String {
    format!(
        "document.querySelector('[data-testid=state]').dataset.state === 'off'
            && document.body.innerText.includes('Use system proxy settings') === {kept}"
    )
}
