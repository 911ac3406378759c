//! All tests of this program, in one module, so that they can be left out where no namespace may be
//! made.

mod driven;
mod parts;
mod place;

use anyhow::{Context as _, Result, ensure};
use checks::{
    defaults::{Arrival, World, inside},
    stage::Stage,
};
use driven::Driven;
use meter_core::{SessionReport, credits_short};
use meter_testkit::browser::Kind;
use meter_wire::Status;
use parts::Part;
use place::Place;
use std::{fs, time::Duration};
use tokio::time::Instant;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// How often each part is killed, if `ONIONMETER_KILLS` does not say.
const KILLS: u32 = 5;

#[test]
fn nothing_leaves_chromium_and_nothing_is_lost_whatever_part_is_killed() -> Result<()> {
    let name = "by_default::nothing_leaves_chromium_and_nothing_is_lost_whatever_part_is_killed";
    inside(name, async |world| whole(world, Kind::Chromium).await)
}

#[test]
fn nothing_leaves_firefox_and_nothing_is_lost_whatever_part_is_killed() -> Result<()> {
    let name = "by_default::nothing_leaves_firefox_and_nothing_is_lost_whatever_part_is_killed";
    inside(name, async |world| whole(world, Kind::Firefox).await)
}

async fn whole(world: World, kind: Kind) -> Result<()> {
    let kills = match std::env::var("ONIONMETER_KILLS") {
        Ok(text) => text.parse().context("ONIONMETER_KILLS is a number")?,
        Err(_) => KILLS,
    };
    let place = Place::set(world, kind).await?;
    let mut browser = place.first_start().await?;
    browser.wait_for_state(&place, "protected").await?;
    // Before this moment the extension had not set the proxy yet.
    place.world.forget().await?;
    let mut asking = browser.open(&place.asking()).await?;

    let mut show = Show {
        place,
        browser,
        signed: Vec::new(),
        arrived: 0,
    };
    for number in 0..kills {
        show.kill(Part::Worker, number).await?;
    }
    show.stop_asking(&asking).await?;
    show.reports_hold_exactly_the_bytes_of_the_site().await?;
    show.the_book_is_the_sum_of_verified_reports().await?;

    asking = show.browser.open(&show.place.asking()).await?;
    for number in 0..kills {
        for part in [Part::Bridge, Part::Tor, Part::Daemon] {
            show.kill(part, number).await?;
        }
        show = show.kill_the_browser(number).await?;
        asking = show.browser.open(&show.place.asking()).await?;
        show.asks_arrive().await?;
        show.what_was_signed_stays()?;
    }
    show.stop_asking(&asking).await?;
    show.the_book_is_the_sum_of_verified_reports().await?;
    show.tell(kills)?;
    show.with_the_switch_off_the_outside_sees_it().await
}

struct Show {
    place: Place,
    browser: Driven,
    /// The reports of the last look.
    signed: Vec<SessionReport>,
    /// How many arrivals of ours the outside has counted.
    arrived: usize,
}

impl Show {
    fn stage(&self) -> &Stage {
        &self.place.stage
    }

    /// Kills a part, and waits until it is there again and pages come through Tor.
    async fn kill(&mut self, part: Part, number: u32) -> Result<()> {
        self.asks_arrive().await?;
        pause(number).await;
        let killed = part.kill(&mut self.browser).await;
        killed.with_context(|| format!("{part:?}, kill {number}\n{}", self.stage().log()))?;
        let came = self.asks_arrive().await;
        came.with_context(|| format!("after {part:?} was killed, {number}"))?;
        self.nothing_left(&format!("{part:?}, kill {number}")).await
    }

    /// Kills the browser and starts it again with a page to open.
    async fn kill_the_browser(mut self, number: u32) -> Result<Self> {
        self.asks_arrive().await?;
        pause(number).await;
        let host = format!("first{number}.page.test");
        let first = self.stage().site.url(&host, "/bytes/1000");
        self.browser.kill().await?;
        self.browser = self.place.start(Some(&first)).await?;
        self.nothing_left(&format!("the browser, kill {number}"))
            .await?;
        Ok(self)
    }

    /// Waits until the site has got some more requests.
    async fn asks_arrive(&self) -> Result<()> {
        let before = self.stage().site.totals().connections;
        let deadline = Instant::now() + LIMIT;
        while self.stage().site.totals().connections < before + MORE {
            ensure!(
                Instant::now() < deadline,
                "no page comes any more\n{:#?}\n{}",
                self.stage().status(),
                self.stage().log()
            );
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn nothing_left(&mut self, when: &str) -> Result<()> {
        let seen = self.place.world.arrivals().await?;
        let ours: Vec<_> = seen.iter().filter(|one| is_ours(one)).collect();
        self.arrived += ours.len();
        ensure!(ours.is_empty(), "{when}: {ours:#?}");
        Ok(())
    }

    /// Lets everything that was asked for come to its end.
    async fn stop_asking(&mut self, asking: &str) -> Result<()> {
        let stop = "(document.documentElement.dataset.stop = 'yes') === 'yes'";
        self.browser.evaluate(asking, stop).await?;
        let ended = "document.documentElement.dataset.waiting === '0'";
        self.browser.wait_until(asking, ended).await
    }

    /// The worker decides nothing about bytes: however often it is killed, reports and site agree
    /// on each byte up and down.
    async fn reports_hold_exactly_the_bytes_of_the_site(&self) -> Result<()> {
        let equal = |status: &Status| {
            let moved = self.stage().site.totals();
            let signed = self.stage().reports().map(|reports| reports.bytes());
            status.session.is_none()
                && signed.is_ok_and(|bytes| bytes == (moved.received, moved.sent))
        };
        let waited = self.stage().wait_for(LIMIT, equal).await;
        waited.map(drop).with_context(|| {
            let signed = self.stage().reports().map(|reports| reports.bytes());
            format!("{signed:?} signed, {:?}", self.stage().site.totals())
        })
    }

    /// Every report verifies, each follows the one before it, and their sum is what the daemon's
    /// book and the popup say. The reports never hold more bytes than the site moved.
    async fn the_book_is_the_sum_of_verified_reports(&mut self) -> Result<()> {
        let closed = |status: &Status| status.session.is_none() && status.reports.0 > 0;
        let status = self.stage().wait_for(LIMIT, closed).await?;
        let reports = self.stage().reports()?;
        let (sum, (up, down)) = (reports.sum()?, reports.bytes());
        ensure!(status.balance.0 == sum.get(), "{status:#?}, and {sum:?}");
        ensure!(status.reports.0 == reports.head.sequence, "{status:#?}");
        let moved = self.stage().site.totals();
        ensure!(
            up <= moved.received && down <= moved.sent,
            "{up} up and {down} down in reports, {moved:?}"
        );
        self.what_was_signed_stays()?;
        let shows = format!(
            "document.querySelector('[data-testid=balance]').textContent.trim() === '{}'",
            credits_short(sum)
        );
        self.browser.popup_shows(&self.place, &shows).await
    }

    /// No report of the last look is gone or another one.
    fn what_was_signed_stays(&mut self) -> Result<()> {
        let now = self.stage().reports()?.list;
        ensure!(
            now.starts_with(&self.signed),
            "{} reports before, {} now",
            self.signed.len(),
            now.len()
        );
        self.signed = now;
        Ok(())
    }

    /// The control: the outside counts what does not go through Tor.
    async fn with_the_switch_off_the_outside_sees_it(mut self) -> Result<()> {
        // Pressed only while it is on, because a second click would turn it on again.
        let off = "(document.querySelector('[data-testid=switch][aria-checked=true]')?.click(),
            document.querySelector('[data-testid=state]').dataset.state === 'off')";
        self.browser.popup_shows(&self.place, off).await?;
        self.browser.take_the_popups_advice().await?;
        let before = self.stage().site.totals().connections;
        self.browser.open(&self.place.asking()).await?;
        let seen = |seen: &[Arrival]| seen.iter().any(is_ours);
        let outside = self.place.world.wait_for(LIMIT, seen).await;
        outside.with_context(|| {
            let through_tor = self.stage().site.totals().connections - before;
            format!(
                "{through_tor} requests came through Tor\n{}",
                self.stage().log()
            )
        })?;
        self.browser.kill().await
    }

    /// Writes the figures of this run.
    fn tell(&self, kills: u32) -> Result<()> {
        let folder = checks::stage::root().join("dist/checks");
        fs::create_dir_all(&folder)?;
        let kind = format!("{:?}", self.place.kind).to_lowercase();
        let reports = self.stage().reports()?;
        let text = format!(
            "{kind}: worker, bridge, Tor, daemon and browser killed {kills} times each; {} \
             requests reached the site through Tor, {} went past it; {} reports, their sum {} \
             nanocredits, as in the book\n",
            self.stage().site.totals().connections,
            self.arrived,
            reports.list.len(),
            reports.sum()?.get(),
        );
        Ok(fs::write(folder.join(format!("kills-{kind}.txt")), text)?)
    }
}

/// Whether it is a name that a page of the test asked for, or that only our own requests ask for.
fn is_ours(arrival: &Arrival) -> bool {
    arrival.to.ends_with("page.test") || arrival.to.ends_with(".invalid")
}

/// So that the kills do not all fall into the same moment of what the parts do.
async fn pause(number: u32) {
    let ms = u64::from(number) * 37 % 300;
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// How many more requests show that pages come.
const MORE: usize = 3;
