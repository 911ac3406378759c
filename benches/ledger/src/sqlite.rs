//! Rates and latencies of one server on an SQLite file.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};

use crate::{
    alone,
    crowd::Crowd,
    enrol, limit,
    load::{self, Load, Ran},
    options::Options,
    process::{Home, Serving, used},
    run::Setting,
    table::{Line, Table, quantile},
};

/// Requests at the same time, below what the server answers at once (512).
pub(crate) const AT_ONCE: usize = 500;
/// Reports in a request of the rows with batches, and such requests at the same time.
pub(crate) const BATCH: usize = 50;
pub(crate) const BATCHES_AT_ONCE: usize = 40;
/// Reports of one device alone, and transactions of one row beside them.
pub(crate) const ALONE: usize = 1_000;
/// For the latency at half the highest rate.
const PACED: Duration = Duration::from_secs(4);
const PACED_CONNECTIONS: usize = 100;

pub(crate) fn measure(setting: &Setting<'_>) -> Result<Table> {
    let options = setting.options;
    let mut table = Table::default();
    let home = Home::new(setting.program, None)?;
    home.make()?;
    let server = home.serve()?;
    let crowd = Arc::new(Crowd::numbered(0..options.devices as u64));
    setting
        .runtime
        .block_on(enrol::all(server.address, &crowd, 1))?;
    let folder = tempfile::tempdir()?;
    let bare = limit::Sqlite::new(&folder.path().join("bare.sqlite3"))?;
    for round in 0..options.rounds {
        setting.say(&format!("round {} of {}", round + 1, options.rounds))?;
        sign(&crowd, options, 1);
        let reports = crowd.sample(options.reports * Options::BATCHES);
        let limit = limit::rate(&bare, &reports)?;
        let single = singles(setting, &crowd, &[&server], &mut table)?;
        let name = "single requests, reports/s";
        table.pair(name, 0, Line::AtLeast(0.3), single, ("limit", limit));
        let batches = batches(setting, &crowd, &[&server], &mut table)?;
        let name = "batches of 50, reports/s";
        table.pair(name, 0, Line::AtLeast(0.6), batches, ("limit", limit));
        let commits = limit::single_commits(&bare, &reports[..ALONE.min(reports.len())])?;
        latencies(setting, &crowd, &server, (single, &commits), &mut table)?;
    }
    server.end()?;
    Ok(table)
}

/// Enough for one round on so many sets of servers.
pub(crate) fn sign(crowd: &Crowd, options: &Options, sets: usize) {
    let each = |reports: usize| reports.div_ceil(crowd.len());
    // The turns of devices do not come out even.
    let singles = (each(options.reports) + 2) * sets + each(options.reports * 2);
    let batches = each(options.reports * Options::BATCHES).next_multiple_of(BATCH) + BATCH;
    let all = singles + batches * sets;
    crowd.sign(all);
    crowd.person(0).sign(all + ALONE);
}

/// Reports in a second as single requests, from many devices at once.
pub(crate) fn singles(
    setting: &Setting<'_>,
    crowd: &Arc<Crowd>,
    servers: &[&Serving],
    table: &mut Table,
) -> Result<f64> {
    let load = Load {
        instances: servers.iter().map(|server| server.address).collect(),
        at_once: AT_ONCE.min(crowd.len()),
        batch: 1,
        requests: setting.options.reports,
    };
    measured(setting, crowd, servers, &load, "single", table)
}

/// The same in batches.
pub(crate) fn batches(
    setting: &Setting<'_>,
    crowd: &Arc<Crowd>,
    servers: &[&Serving],
    table: &mut Table,
) -> Result<f64> {
    let load = Load {
        instances: servers.iter().map(|server| server.address).collect(),
        at_once: BATCHES_AT_ONCE,
        batch: BATCH,
        requests: setting.options.reports * Options::BATCHES / BATCH,
    };
    measured(setting, crowd, servers, &load, "batches", table)
}

fn measured(
    setting: &Setting<'_>,
    crowd: &Arc<Crowd>,
    servers: &[&Serving],
    load: &Load,
    name: &str,
    table: &mut Table,
) -> Result<f64> {
    let all = || -> Result<Duration> { servers.iter().map(|server| server.used()).sum() };
    let before = (all()?, used("self")?);
    let ran: Ran = setting.runtime.block_on(load::closed(crowd, load))?;
    let after = (all()?, used("self")?);
    let micros = |before, after| micros_each(before, after, ran.reports);
    let instances = servers.len();
    let of = format!("{name}, {instances} × server: processor time, µs a report");
    table.figure(&of, 0, micros(before.0, after.0));
    let of = format!("{name}, load: processor time, µs a report");
    table.figure(&of, 0, micros(before.1, after.1));
    if ran.busy > 0 {
        table.figure(
            &format!("{name}: requests told to come later"),
            0,
            ran.busy as f64,
        );
    }
    Ok(ran.reports as f64 / ran.seconds)
}

/// One device alone, and many at half of `single`, the highest rate of single requests.
pub(crate) fn latencies(
    setting: &Setting<'_>,
    crowd: &Arc<Crowd>,
    server: &Serving,
    (single, commits): (f64, &[f64]),
    table: &mut Table,
) -> Result<()> {
    let address = server.address;
    let alone = alone::one_by_one(crowd, 0, address, ALONE);
    let alone = setting.runtime.block_on(alone)?;
    let (p50, commit) = (p(50, &alone)?, p(50, commits)?);
    let name = "one device alone, one report after the other: p50, µs";
    let line = Line::AtMost(3.0);
    table.pair(name, 0, line, p50, ("commit of a bare row", commit));
    let name = "500 requests at once, reports/s";
    let one_by_one = alone.len() as f64 * 1e6 / alone.iter().sum::<f64>();
    let line = Line::AtLeast(5.0);
    table.pair(name, 0, line, single, ("one by one", one_by_one));
    let half = single / 2.0;
    let paced = load::paced(crowd, address, PACED_CONNECTIONS, half, PACED);
    let paced = setting.runtime.block_on(paced)?;
    let name = "at half of the rate of single requests: p99, µs";
    let (p50, p99) = (p(50, &paced)?, p(99, &paced)?);
    table.pair(name, 0, Line::AtMost(5.0), p99, ("p50", p50));
    Ok(())
}

/// Microseconds of processor time for each of so many reports.
pub(crate) fn micros_each(before: Duration, after: Duration, reports: usize) -> f64 {
    after.saturating_sub(before).as_secs_f64() * 1e6 / reports as f64
}

pub(crate) fn p(per_cent: usize, micros: &[f64]) -> Result<f64> {
    quantile(micros, per_cent).context("some answers")
}
