//! PostgreSQL is killed under load, again and again: nothing that was acknowledged is lost.

use crate::{
    home::{new_database, place},
    support::{enrol, start, submit},
};
use meter_testkit::{
    device::Device,
    postgres::{Postgres, Stop},
};
use onionmeter_ledger::{
    committer::Answer,
    ledger::{Ledger, Outcome},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const KILLS: u32 = 30;
const DEVICES: u64 = 6;
/// Receipts between two kills.
const BETWEEN: u64 = 30;
const LIMIT: Duration = Duration::from_secs(120);

/// What the load and the test tell each other.
#[derive(Default)]
struct Progress {
    receipts: AtomicU64,
    busy: AtomicU64,
    end: AtomicBool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_kills_of_postgres_under_load_lose_no_receipt_and_award_nothing_twice() {
    let mut server = Postgres::start().expect("PostgreSQL");
    let database = new_database(&server);
    let ledger = start(&place(&server.url(&database)));
    let progress = Arc::new(Progress::default());
    let mut load = tokio::task::JoinSet::new();
    for number in 0..DEVICES {
        let device = Device::numbered(number);
        enrol(&ledger, &device);
        load.spawn(submit_until_the_end(
            Arc::clone(&ledger),
            device,
            Arc::clone(&progress),
        ));
    }
    let mut server = tokio::task::spawn_blocking({
        let progress = Arc::clone(&progress);
        move || {
            for _ in 0..KILLS {
                wait_for(&progress.receipts, BETWEEN);
                server.stop_by(Stop::Kill).expect("killed");
                // The load meets a database that is not there.
                wait_for(&progress.busy, 1);
                server.start_again().expect("started");
            }
            wait_for(&progress.receipts, BETWEEN);
            server
        }
    });
    let server = (&mut server).await.expect("it was killed and started");
    progress.end.store(true, Ordering::Relaxed);
    let mut expected = BTreeMap::new();
    for receipts in load.join_all().await {
        expected.extend(receipts);
    }

    let rows = "SELECT encode(c.device_key, 'hex'), r.seq, encode(r.receipt, 'hex') \
        FROM reports r JOIN chains c ON c.chain_no = r.chain_no";
    let rows = server.sql(&database, rows).expect("rows");
    let stored: BTreeMap<_, _> = rows
        .lines()
        .map(|line| {
            let (place, receipt) = line.rsplit_once('|').expect("three columns");
            (place.to_owned(), receipt.to_owned())
        })
        .collect();
    assert_eq!(rows.lines().count(), stored.len());
    assert_eq!(stored, expected, "every receipt that left, and no other");
    let wrong = "SELECT count(*) FROM chains c WHERE (c.seq, c.awarded_total) <> \
        (SELECT count(*), sum(award) FROM reports r WHERE r.chain_no = c.chain_no)";
    assert_eq!(server.sql(&database, wrong).expect("a number"), "0");
}

/// Submits report after report, each until it has a receipt, and returns the receipts.
async fn submit_until_the_end(
    ledger: Arc<Ledger>,
    mut device: Device,
    progress: Arc<Progress>,
) -> BTreeMap<String, String> {
    let mut receipts = BTreeMap::new();
    while !progress.end.load(Ordering::Relaxed) {
        let report = device.report(1, 1);
        let receipt = loop {
            match submit(&ledger, std::slice::from_ref(&report))
                .await
                .remove(0)
            {
                Outcome::Answered(Answer::Accepted(bytes) | Answer::Replay(bytes)) => break bytes,
                Outcome::Answered(Answer::Busy) => {
                    progress.busy.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                other => panic!("{other:?}"),
            }
        };
        progress.receipts.fetch_add(1, Ordering::Relaxed);
        let place = format!(
            "{}|{}",
            hex::encode(device.key().0),
            report.value().sequence
        );
        receipts.insert(place, hex::encode(receipt.as_slice()));
    }
    receipts
}

fn wait_for(counter: &AtomicU64, more: u64) {
    let wanted = counter.load(Ordering::Relaxed) + more;
    let began = Instant::now();
    while counter.load(Ordering::Relaxed) < wanted {
        assert!(began.elapsed() < LIMIT, "the load goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
}
