//! The wait for a page behind the relay: first without a wire, then over a long one. In each, every
//! round visits each column once, each round in another order.

use std::io::{Write as _, stderr};

use anyhow::Result;
use meter_testkit::socks;
use tokio::net::TcpStream;

use crate::{
    front::{Column, Front, Way, columns, title},
    plain_tor::{Kind, PlainTor},
    run::Setting,
    table::Table,
    visit,
    wire::{FAR, Place},
};

/// Measures the waits and returns their table.
///
/// # Errors
/// A part does not start, or a visit fails.
pub(crate) async fn text(setting: &Setting<'_>) -> Result<String> {
    let mut bench = Bench {
        setting,
        names: 0,
        table: Table::new(),
    };
    for place in Place::ALL {
        bench.over(place).await?;
    }
    let columns: Vec<_> = columns().map(|column| (column, title(column))).collect();
    Ok(format!("{PREFACE}{}", bench.table.markdown(&columns, None)))
}

struct Bench<'a> {
    setting: &'a Setting<'a>,
    /// How many sites were visited so far; each has a name of its own, and so a circuit of its own.
    names: usize,
    table: Table<Column>,
}

impl Bench<'_> {
    async fn over(&mut self, place: Place) -> Result<()> {
        let (wire, place) = (place.wire().await?, place.name());
        let mut tors = Vec::new();
        for kind in Kind::ALL {
            writeln!(stderr(), "{place}: starting {}", kind.name())?;
            let wire = wire.as_ref().map(|wire| wire.address);
            tors.push(PlainTor::start(kind, &self.setting.network, wire).await?);
        }
        let mut fronts = Vec::new();
        for tor in &tors {
            for way in [Way::True, Way::Optimistic] {
                fronts.push(Front::start(self.setting.program, tor, way)?);
            }
            self.cost_of_having(place, tor)?;
        }
        for front in &fronts {
            // After these visits the circuit of the site `WARM` counts as warm, because streams on
            // it have opened it completely.
            for _ in 0..WARMING {
                visit::page(self.way_to(front, WARM), WARM).await?;
            }
        }
        writeln!(stderr(), "{place}: {} visits each", 2 * self.setting.rounds)?;
        for _ in 0..self.setting.rounds {
            fronts.rotate_left(1);
            for front in &fronts {
                self.visits(place, front).await?;
            }
        }
        writeln!(stderr(), "{place}: {DOWNLOADS} downloads each")?;
        for _ in 0..DOWNLOADS {
            fronts.rotate_left(1);
            for front in &fronts {
                self.download(place, front).await?;
            }
        }
        Ok(())
    }

    fn way_to(&self, front: &Front<'_>, name: &str) -> impl Future<Output = Result<TcpStream>> {
        socks::connect(front.address, name, self.setting.origin.address.port())
    }

    fn cost_of_having(&mut self, place: &str, tor: &PlainTor) -> Result<()> {
        let column = (tor.kind, Way::True);
        let seconds = tor.cold_start.as_secs_f64();
        self.table.add(
            &format!("{place}: cold start to 100 %, s"),
            2,
            column,
            seconds,
        );
        let name = format!("{place}: memory of tor after that, MB");
        self.table
            .add(&name, 1, column, tor.process.usage().resident_mb()?);
        Ok(())
    }

    async fn visits(&mut self, place: &str, front: &Front<'_>) -> Result<()> {
        self.names += 1;
        let fresh = format!("site{}.test", self.names);
        for (name, circuit) in [(WARM, "warm"), (&fresh, "fresh")] {
            let waits = visit::page(self.way_to(front, name), name).await?;
            for (wait, what) in [(waits.answer, "answer"), (waits.first_byte, "first byte")] {
                let row = format!("{place}: {what}, {circuit} circuit");
                let ms = wait.as_secs_f64() * 1e3;
                self.table.add(&format!("{row}, ms"), 1, front.column(), ms);
                if place == "far" {
                    let trips = wait.as_secs_f64() / FAR.as_secs_f64();
                    let row = format!("{row}, round trips");
                    self.table.add(&row, 2, front.column(), trips);
                }
            }
        }
        Ok(())
    }

    async fn download(&mut self, place: &str, front: &Front<'_>) -> Result<()> {
        let (tor, relay) = (front.tor.process.usage(), front.process.usage());
        let before = (tor.threads_cpu_s()?, relay.threads_cpu_s()?);
        let took = visit::download(self.way_to(front, WARM), WARM, DOWNLOAD_BYTES).await?;
        let after = (tor.threads_cpu_s()?, relay.threads_cpu_s()?);
        let bytes = DOWNLOAD_BYTES as f64;
        let rate = bytes / 1e6 / took.as_secs_f64();
        let cpu_tor = (after.0 - before.0) / bytes * 1e9;
        let cpu_relay = (after.1 - before.1) / bytes * 1e9;
        for (row, digits, sample) in [
            ("download of 10 MB, MB/s", 1, rate),
            ("CPU of tor, s/GB", 1, cpu_tor),
            ("CPU of the relay, s/GB", 2, cpu_relay),
        ] {
            let row = format!("{place}: {row}");
            self.table.add(&row, digits, front.column(), sample);
        }
        Ok(())
    }
}

const PREFACE: &str = "\
Medians, in brackets what nine in ten are not above. Near: everything on loopback; far: 50 ms each
way between the client and its guards, a round trip of 100 ms. The waits count from connecting to
the relay.

";
const WARM: &str = "warm.test";
/// Visits before a circuit counts as warm: conflux measures its legs by the first cells.
const WARMING: usize = 3;
const DOWNLOADS: usize = 5;
const DOWNLOAD_BYTES: usize = 10_000_000;
