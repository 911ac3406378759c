//! The same rates on PostgreSQL, with one instance and with two.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use meter_testkit::postgres::Postgres;

use crate::{
    crowd::Crowd,
    enrol, limit,
    options::Options,
    process::{Home, Serving, used},
    run::Setting,
    sqlite::{ALONE, batches, latencies, micros_each, sign, singles},
    table::{Line, Table},
};

const DATABASE: &str = "ledger";
/// Bytes of the write-ahead log so far.
const LOGGED: &str = "SELECT pg_current_wal_lsn() - '0/0'";
/// What a database of many devices and reports takes on the disk.
const SIZES: [(&str, &str); 2] = [
    (
        "table `reports` with its indexes, bytes a report",
        "SELECT pg_total_relation_size('reports') / (SELECT count(*) FROM reports)",
    ),
    (
        "tables `accounts`, `devices` and `chains`, bytes a device",
        "SELECT (pg_total_relation_size('accounts') + pg_total_relation_size('devices') \
         + pg_total_relation_size('chains')) / (SELECT count(*) FROM devices)",
    ),
];

/// A PostgreSQL, and two data folders that share a database in it.
pub(crate) struct Place {
    pub(crate) homes: [Home; 2],
    pub(crate) server: Postgres,
}

impl Place {
    pub(crate) fn new(setting: &Setting<'_>) -> Result<Self> {
        let server = Postgres::start()?;
        server.create_database(DATABASE)?;
        // Over its Unix socket, as on one machine.
        let home = Home::new(setting.program, Some(server.url_over_socket(DATABASE)))?;
        home.make()?;
        let other = home.beside()?;
        Ok(Self {
            homes: [home, other],
            server,
        })
    }

    pub(crate) fn serve(&self) -> Result<[Serving; 2]> {
        Ok([self.homes[0].serve()?, self.homes[1].serve()?])
    }

    /// One number that a query returns.
    pub(crate) fn number(&self, sql: &str) -> Result<f64> {
        Ok(self.server.sql(DATABASE, sql)?.parse()?)
    }

    /// Processor time of the processes that serve connections and write the log.
    fn used(&self) -> Result<Duration> {
        let pids = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        let pids = self.server.sql(DATABASE, pids)?;
        Ok(pids.lines().filter_map(|pid| used(pid).ok()).sum())
    }
}

pub(crate) fn measure(setting: &Setting<'_>) -> Result<Table> {
    let options = setting.options;
    let mut table = Table::default();
    let place = Place::new(setting)?;
    let both = place.serve()?;
    let [one, other] = &both;
    let crowd = Arc::new(Crowd::numbered(0..options.devices as u64));
    setting
        .runtime
        .block_on(enrol::all(one.address, &crowd, 1))?;
    let bare = limit::Postgres::new(place.server.create_database("bare")?)?;
    for round in 0..options.rounds {
        setting.say(&format!("round {} of {}", round + 1, options.rounds))?;
        sign(&crowd, options, 2);
        let reports = crowd.sample(options.reports * Options::BATCHES);
        let limit = limit::rate(&bare, &reports)?;
        let one_alone = rates(setting, &place, &crowd, &[one], limit, &mut table)?;
        let two = rates(setting, &place, &crowd, &[one, other], limit, &mut table)?;
        let name = "two instances beside one, single requests, reports/s";
        let line = Line::AtLeast(0.9);
        table.pair(name, 0, line, two, ("one", one_alone));
        let commits = limit::single_commits(&bare, &reports[..ALONE.min(reports.len())])?;
        latencies(setting, &crowd, one, (one_alone, &commits), &mut table)?;
    }
    for (name, size) in SIZES {
        table.figure(name, 0, place.number(size)?);
    }
    warnings(&place, &mut table);
    Ok(table)
}

/// Adds the rows of these servers; returns their reports in a second as single requests.
fn rates(
    setting: &Setting<'_>,
    place: &Place,
    crowd: &Arc<Crowd>,
    servers: &[&Serving],
    limit: f64,
    table: &mut Table,
) -> Result<f64> {
    let reports = setting.options.reports;
    let of = |kind: &str| format!("{} × server, {kind}, reports/s", servers.len());
    let beside = ("limit", limit);
    let before = place.used()?;
    let single = singles(setting, crowd, servers, table)?;
    let used = micros_each(before, place.used()?, reports);
    let name = "single, PostgreSQL: processor time, µs a report";
    table.figure(name, 0, used);
    let name = of("single requests");
    table.pair(&name, 0, Line::AtLeast(0.25), single, beside);
    let (before, log) = (place.used()?, place.number(LOGGED)?);
    let batches = batches(setting, crowd, servers, table)?;
    let logged = (place.number(LOGGED)? - log) / (reports * Options::BATCHES) as f64;
    let name = "batches, PostgreSQL: write-ahead log, bytes a report";
    table.figure(name, 0, logged);
    let used = micros_each(before, place.used()?, reports * Options::BATCHES);
    let name = "batches, PostgreSQL: processor time, µs a report";
    table.figure(name, 0, used);
    let name = of("batches of 50");
    table.pair(&name, 0, Line::AtLeast(0.5), batches, beside);
    Ok(single)
}

/// Transactions that failed, by the logs.
pub(crate) fn warnings(place: &Place, table: &mut Table) {
    let count = |home: &Home| home.log().matches("a transaction failed").count();
    let failed = place.homes.iter().map(count).sum();
    table.none_of("transactions that failed", failed);
    for code in ["40P01", "40001"] {
        let lines = place.server.log();
        let lines = lines.lines().filter(|line| line.starts_with(code)).count();
        table.none_of(&format!("errors {code} in PostgreSQL's log"), lines);
    }
}
