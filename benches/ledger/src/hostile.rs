//! Honest devices beside hostile clients: wrong signatures under the keys of others (G-06), and
//! slow sockets (G-17). The hostile clients run on the same processors.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use meter_testkit::loopback;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Builder,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    connection::Connection,
    crowd::{Crowd, RECORD},
    enrol,
    load::paced,
    process::Home,
    run::Setting,
    sqlite::p,
    table::{Line, Table},
};

/// Honest devices, and reports of all of them in a second.
const HONEST: u64 = 50;
const PER_SECOND: f64 = 200.0;
const LENGTH: Duration = Duration::from_secs(6);
/// Their connections. With the slow ones these are fewer than the server has places for (1,024):
/// of more it closes those that wait longest, because they all come from one address.
const LANES: usize = 20;
/// Reports in a hostile request, and connections that send them without a pause.
const FORGED: usize = 100;
const FORGERS: usize = 4;
const SLOW: usize = 1_000;

#[derive(Clone, Copy)]
enum Attack {
    WrongSignatures,
    SlowSockets,
}

pub(crate) fn measure(setting: &Setting<'_>) -> Result<Table> {
    let mut table = Table::default();
    let home = Home::new(setting.program, None)?;
    home.make()?;
    let server = home.serve()?;
    let crowd = Arc::new(Crowd::numbered(0..HONEST));
    let enrolled = enrol::all(server.address, &crowd, 1);
    setting.runtime.block_on(enrolled)?;
    let honest = || -> Result<Vec<f64>> {
        crowd.sign(60);
        let load = paced(&crowd, server.address, LANES, PER_SECOND, LENGTH);
        setting.runtime.block_on(load)
    };
    for round in 0..setting.options.rounds {
        setting.say(&format!(
            "round {} of {}",
            round + 1,
            setting.options.rounds
        ))?;
        for (attack, name) in [
            (Attack::WrongSignatures, "beside wrong signatures (G-06)"),
            (Attack::SlowSockets, "beside 1,000 slow sockets (G-17)"),
        ] {
            let quiet = honest()?;
            let (beside, attacks) = under(attack, server.address, &crowd, &honest)?;
            for per_cent in [50, 99] {
                let of = format!("honest p{per_cent} {name}, µs");
                let alone = ("alone", p(per_cent, &quiet)?);
                table.pair(&of, 0, Line::AtMost(2.0), p(per_cent, &beside)?, alone);
            }
            if matches!(attack, Attack::WrongSignatures) {
                let per_second = attacks as f64 / LENGTH.as_secs_f64();
                table.figure("wrong signatures in a second (G-06)", 0, per_second);
            }
        }
    }
    Ok(table)
}

/// Runs the honest devices beside an attack; returns their answers and how much was attacked.
fn under(
    attack: Attack,
    address: SocketAddr,
    crowd: &Arc<Crowd>,
    honest: &dyn Fn() -> Result<Vec<f64>>,
) -> Result<(Vec<f64>, usize)> {
    let end = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicUsize::new(0));
    let forged = forged(crowd);
    let beside = thread::scope(|scope| {
        let (ends, sends) = (Arc::clone(&end), Arc::clone(&sent));
        let attacker = scope.spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut clients = JoinSet::new();
                match attack {
                    Attack::WrongSignatures => {
                        for _ in 0..FORGERS {
                            let ends = Arc::clone(&ends);
                            clients.spawn(forge(address, forged.clone(), ends, Arc::clone(&sends)));
                        }
                    }
                    Attack::SlowSockets => {
                        for _ in 0..SLOW {
                            clients.spawn(dawdle(address, Arc::clone(&ends)));
                        }
                    }
                }
                clients.join_all().await;
            });
            anyhow::Ok(())
        });
        // The slow ones take a moment to be there.
        thread::sleep(Duration::from_millis(500));
        let answers = honest();
        end.store(true, Ordering::Relaxed);
        attacker.join().ok().context("the attacker panicked")??;
        answers
    })?;
    Ok((beside, sent.load(Ordering::Relaxed)))
}

/// Reports of the honest devices, with another signature.
fn forged(crowd: &Crowd) -> Vec<u8> {
    crowd.sign(FORGED);
    let mut records = crowd.sample(FORGED);
    for record in &mut records {
        record[RECORD - 1] ^= 1;
    }
    records.concat()
}

/// Sends wrong signatures without a pause, and connects again when the ledger has had enough.
async fn forge(address: SocketAddr, body: Vec<u8>, end: Arc<AtomicBool>, sent: Arc<AtomicUsize>) {
    while !end.load(Ordering::Relaxed) {
        let Ok(mut connection) = Connection::open(address).await else {
            sleep(Duration::from_millis(1)).await;
            continue;
        };
        while !end.load(Ordering::Relaxed) && connection.submit(&body).await.is_ok() {
            sent.fetch_add(FORGED, Ordering::Relaxed);
        }
    }
}

/// Sends one byte of a head in a second, and connects again when the ledger closes.
async fn dawdle(address: SocketAddr, end: Arc<AtomicBool>) {
    const SECOND: Duration = Duration::from_secs(1);
    while !end.load(Ordering::Relaxed) {
        let Ok(mut stream) = loopback::connect(address).await else {
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        for byte in b"POST /api/sessions/submit HTTP/1.1\r\nHost: ".chunks(1) {
            if end.load(Ordering::Relaxed) || stream.write_all(byte).await.is_err() {
                break;
            }
            // An answer, or the end of the connection.
            if timeout(SECOND, stream.read_u8()).await.is_ok() {
                break;
            }
        }
    }
}
