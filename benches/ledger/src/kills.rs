//! Kills of the server and of PostgreSQL under load: what was answered is stored, once.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use meter_testkit::postgres::Stop;
use serde_json::Value;
use tokio::{runtime::Builder, task::JoinSet, time::sleep};

use crate::{
    connection::{Answer, Connection},
    crowd::{Crowd, RECORD},
    enrol,
    postgres::Place,
    process::{Home, Serving},
    run::Setting,
    table::Table,
};

const DEVICES: u64 = 16;
/// Reports in a request when everything is sent once more.
const BATCH: usize = 100;
const AFTER_BUSY: Duration = Duration::from_millis(5);

/// A device, everything that it has sent, and the receipts that it has heard.
struct Reporter {
    number: usize,
    crowd: Arc<Crowd>,
    sent: Vec<[u8; RECORD]>,
    receipts: Vec<String>,
    /// Receipts that were another one the second time.
    changed: usize,
}

pub(crate) fn measure(setting: &Setting<'_>) -> Result<Table> {
    let mut table = Table::default();
    setting.say("the server on SQLite")?;
    let home = Home::new(setting.program, None)?;
    home.make()?;
    let mut reporters = reporters(setting, &home)?;
    for kill in 0..setting.options.kills {
        let server = home.serve()?;
        let address = server.address;
        reporters = beside(reporters, address, kill, || server.kill())?;
    }
    judge("SQLite, kills of the server", &home, reporters, &mut table)?;

    setting.say("the server and PostgreSQL in turn")?;
    let mut place = Place::new(setting)?;
    let [home, _] = &place.homes;
    let mut reporters = self::reporters(setting, home)?;
    let mut server: Option<Serving> = None;
    for kill in 0..setting.options.kills {
        let running = match server.take() {
            Some(running) => running,
            None => place.homes[0].serve()?,
        };
        let address = running.address;
        if kill % 2 == 0 {
            reporters = beside(reporters, address, kill, || running.kill())?;
        } else {
            // The server stays, and finds its database again.
            let postgres = &mut place.server;
            reporters = beside(reporters, address, kill, || {
                postgres.stop_by(Stop::Kill)?;
                postgres.start_again()
            })?;
            server = Some(running);
        }
    }
    drop(server);
    let name = "PostgreSQL, kills of the server and of PostgreSQL in turn";
    judge(name, &place.homes[0], reporters, &mut table)?;
    Ok(table)
}

fn reporters(setting: &Setting<'_>, home: &Home) -> Result<Vec<Reporter>> {
    let crowd = Arc::new(Crowd::numbered(0..DEVICES));
    let server = home.serve()?;
    let enrolled = enrol::all(server.address, &crowd, 1);
    setting.runtime.block_on(enrolled)?;
    server.end()?;
    let reporter = |number| Reporter {
        number,
        crowd: Arc::clone(&crowd),
        sent: Vec::new(),
        receipts: Vec::new(),
        changed: 0,
    };
    Ok((0..crowd.len()).map(reporter).collect())
}

/// Runs the load on a thread of its own, and the blow after a moment that differs each time.
fn beside(
    reporters: Vec<Reporter>,
    address: SocketAddr,
    kill: usize,
    blow: impl FnOnce() -> Result<()>,
) -> Result<Vec<Reporter>> {
    let end = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let ends = Arc::clone(&end);
        let load = scope.spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let mut tasks = JoinSet::new();
            for reporter in reporters {
                let task = reporter.report_until(Arc::clone(&ends), address);
                tasks.spawn_on(task, runtime.handle());
            }
            runtime.block_on(tasks.join_all()).into_iter().collect()
        });
        thread::sleep(Duration::from_millis(30 + kill as u64 * 37 % 101));
        let struck = blow();
        // After PostgreSQL's restart, the load goes on for a moment.
        thread::sleep(Duration::from_millis(30));
        end.store(true, Ordering::Relaxed);
        let reporters = load.join().ok().context("the load panicked")?;
        struck?;
        reporters
    })
}

impl Reporter {
    /// Sends report after report until the end, or until nobody answers any more.
    async fn report_until(mut self, end: Arc<AtomicBool>, address: SocketAddr) -> Result<Self> {
        let Ok(mut connection) = Connection::open(address).await else {
            return Ok(self);
        };
        let batch = 1 + self.number % 4;
        while !end.load(Ordering::Relaxed) {
            let heard = self.receipts.len();
            while self.sent.len() < heard + batch {
                self.sign();
            }
            let Ok(answer) = connection.submit(&self.sent[heard..].concat()).await else {
                return Ok(self);
            };
            if !self.hear(heard, &answer)? {
                sleep(AFTER_BUSY).await;
            }
        }
        Ok(self)
    }

    fn sign(&mut self) {
        let mut person = self.crowd.person(self.number);
        person.sign(1);
        let record = person.next(1);
        person.took(1);
        self.sent
            .extend(<[u8; RECORD]>::try_from(record.as_slice()));
    }

    /// Keeps the receipts of an answer to the reports from `place` on; `false` if some have none.
    fn hear(&mut self, mut place: usize, answer: &Answer) -> Result<bool> {
        if answer.status == 503 {
            return Ok(false);
        }
        ensure!(
            answer.status == 200,
            "{}: {}",
            answer.status,
            answer.words()
        );
        let answer: Value = serde_json::from_slice(&answer.body)?;
        for outcome in answer["outcomes"].as_array().context("outcomes")? {
            let receipt = &outcome["receipt"];
            if receipt.is_null() {
                // What follows a report that has no place yet is told that it does not follow.
                let word = outcome["outcome"].as_str().unwrap_or_default();
                ensure!(["busy", "conflict"].contains(&word), "{outcome}");
                return Ok(false);
            }
            let receipt = receipt.to_string();
            match self.receipts.get(place) {
                Some(before) if *before == receipt => {}
                Some(_) => self.changed += 1,
                None => self.receipts.push(receipt),
            }
            place += 1;
        }
        Ok(true)
    }

    /// Sends everything that has a receipt once more; returns how many are not there.
    async fn ask_again(&mut self, address: SocketAddr) -> Result<usize> {
        let mut connection = Connection::open(address).await?;
        let (mut lost, known) = (0, self.receipts.len());
        for place in (0..known).step_by(BATCH) {
            let records = &self.sent[place..known.min(place + BATCH)];
            let answer = connection.submit(&records.concat()).await?;
            lost += records.len() - answer.outcomes("replay");
            self.hear(place, &answer)?;
        }
        Ok(lost)
    }
}

fn judge(name: &str, home: &Home, reporters: Vec<Reporter>, table: &mut Table) -> Result<()> {
    let server = home.serve()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut lost, mut changed, mut heard, mut sent) = (0, 0, 0, 0);
    for mut reporter in reporters {
        lost += runtime.block_on(reporter.ask_again(server.address))?;
        changed += reporter.changed;
        heard += reporter.receipts.len();
        sent += reporter.sent.len();
    }
    server.end()?;
    let told = home.run(&["audit"])?;
    let stored: usize = told["reports"].as_str().context("a number")?.parse()?;
    table.figure(&format!("{name}: receipts heard"), 0, heard as f64);
    table.none_of(&format!("{name}: lost"), lost);
    let doubled = changed + stored.saturating_sub(sent);
    table.none_of(&format!("{name}: awarded twice"), doubled);
    let findings = told["findings_count"].as_str().context("a number")?;
    table.none_of(&format!("{name}: findings of the audit"), findings.parse()?);
    Ok(())
}
