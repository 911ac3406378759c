//! A large SQLite store: the server's memory on the way to it, its start, its audit, its size.

use std::{fs, sync::Arc, time::Instant};

use anyhow::{Context as _, Result, ensure};

use crate::{
    crowd::Crowd,
    enrol, limit,
    load::{self, Load},
    process::{Home, Serving},
    run::Setting,
    sqlite::BATCHES_AT_ONCE,
    table::{Line, Table, median},
};

/// Reports in a request: the most that the server takes.
const BATCH: usize = 100;
/// Turns that a device may have more than the others.
const SPARE: usize = 4;
/// Starts of which the median counts.
const STARTS: usize = 7;
/// Signatures for the rate of bare verification.
const VERIFIED: usize = 100_000;

pub(crate) fn measure(setting: &Setting<'_>) -> Result<Table> {
    let (options, mut table) = (setting.options, Table::default());
    let empty = Home::new(setting.program, None)?;
    empty.make()?;
    let home = Home::new(setting.program, None)?;
    home.make()?;
    let server = home.serve()?;
    let crowd = Arc::new(Crowd::numbered(0..options.devices as u64));
    let enrolled = enrol::all(server.address, &crowd, 1);
    setting.runtime.block_on(enrolled)?;
    let mut stored = fill(setting, &crowd, &server, options.large / 10)?;
    let early = server.resident()? as f64 / MIB;
    let began = Instant::now();
    while stored < options.large {
        stored += fill(setting, &crowd, &server, options.large / 10)?;
        setting.say(&format!("{stored} reports"))?;
    }
    let late = server.resident()? as f64 / MIB;
    let name = format!("memory of the server after {stored} reports, MiB");
    let line = Line::AtMost(1.2);
    table.pair(&name, 1, line, late, ("after a tenth", early));
    let name = "seconds until then, signing of the load included";
    table.figure(name, 0, began.elapsed().as_secs_f64());
    server.end()?;
    starts(&home, &empty, &mut table)?;
    audit(&home, &crowd, stored, &mut table)?;
    let file = fs::metadata(home.path().join("ledger.sqlite3"))?.len();
    let name = "size of the file, bytes a report";
    table.figure(name, 0, file as f64 / stored as f64);
    Ok(table)
}

/// Sends so many reports; returns how many it were.
fn fill(
    setting: &Setting<'_>,
    crowd: &Arc<Crowd>,
    server: &Serving,
    reports: usize,
) -> Result<usize> {
    let requests = reports.div_ceil(BATCH);
    // The turns of devices do not come out even, less so when the ledger is too busy for some.
    crowd.sign((requests.div_ceil(crowd.len()) + SPARE) * BATCH);
    let load = Load {
        instances: vec![server.address],
        at_once: BATCHES_AT_ONCE,
        batch: BATCH,
        requests,
    };
    let ran = setting.runtime.block_on(load::closed(crowd, &load))?;
    Ok(ran.reports)
}

fn starts(home: &Home, empty: &Home, table: &mut Table) -> Result<()> {
    let (mut full, mut none) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        for (home, times) in [(home, &mut full), (empty, &mut none)] {
            let server = home.serve()?;
            times.push(server.start.as_secs_f64() * 1e3);
            server.end()?;
        }
    }
    let both = (median(&full), median(&none));
    let (Some(full), Some(none)) = both else {
        return Ok(());
    };
    let name = "start until it tells its address, ms";
    table.pair(
        name,
        1,
        Line::AtMost(2.0),
        full,
        ("of an empty store", none),
    );
    Ok(())
}

/// Each report has two signatures: its own, and that of its receipt.
fn audit(home: &Home, crowd: &Crowd, stored: usize, table: &mut Table) -> Result<()> {
    crowd.sign(VERIFIED.div_ceil(crowd.len()));
    let bare = limit::verify_rate(&crowd.sample(VERIFIED))?;
    let began = Instant::now();
    let told = home.run(&["audit"])?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(told["state"] == "sound", "{told}");
    let counted: usize = told["reports"].as_str().context("a number")?.parse()?;
    ensure!(
        counted == stored,
        "{counted} of {stored} reports are stored"
    );
    let rate = (stored * 2) as f64 / seconds;
    let name = "audit, signatures/s";
    let beside = ("bare verification on all processors", bare);
    table.pair(name, 0, Line::AtLeast(0.7), rate, beside);
    Ok(())
}

const MIB: f64 = 1_048_576.0;
