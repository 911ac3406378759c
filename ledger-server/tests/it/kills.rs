//! A ledger that is killed while it stores reports, thirty times: nothing that left is lost, and
//! nothing is awarded twice.

use crate::{
    clocked::{awarded, word},
    support::{SEED, claim, enrol, start},
};
use meter_core::{
    AccountId, Amount, ByteCount, ChainHead, DurationMs, LedgerSigner, LinkHash, Receipt,
    RunningTotals, SessionReport, Signed,
};
use meter_testkit::device::Device;
use onionmeter_ledger::{
    committer::Answer,
    ledger::{Ledger, Outcome},
    store::{Place, Row, Store, StoreError, statements},
};
use std::{
    collections::BTreeMap,
    env,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};
use tempfile::TempDir;

const KILLS: u64 = 30;
const DEVICES: u64 = 8;
/// Names the database to the process that will be killed, which is this test program once more.
const DATABASE: &str = "ONIONMETER_TEST_LEDGER_TO_KILL";
const WORKER: &str = "kills::submits_until_it_is_killed";

/// Where a device's chain stands in the database.
fn head(ledger: &Ledger, device: &Device) -> ChainHead {
    let genesis = *device.head();
    let names = [genesis.key.0.into(), genesis.chain.0.into()];
    let rows = ledger.store().read(|db| db.rows(statements::CHAIN, &names));
    let mut row = rows.expect("rows").remove(0);
    let mut read = || -> Result<ChainHead, StoreError> {
        for _ in 0..4 {
            row.int()?;
        }
        Ok(ChainHead {
            sequence: row.unit(Some)?,
            link: LinkHash(row.array()?),
            totals: RunningTotals {
                duration: row.unit(DurationMs::new)?,
                bytes_up: row.unit(ByteCount::new)?,
                bytes_down: row.unit(ByteCount::new)?,
                amount: row.unit(Amount::new)?,
            },
            ..genesis
        })
    };
    read().expect("a chain")
}

/// In the process that is killed: each device sends its next reports, twice at the same time, and
/// says each receipt aloud. Without a database in its environment there is nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn submits_until_it_is_killed() {
    let Ok(path) = env::var(DATABASE) else {
        return;
    };
    let ledger = start(&Place::File(PathBuf::from(path)));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..DEVICES {
        let ledger = Arc::clone(&ledger);
        tasks.spawn(async move {
            let mut device = Device::numbered(number);
            device.go_on_from(head(&ledger, &device));
            loop {
                let reports: Vec<_> = (0..=number).map(|_| device.report(1, 1)).collect();
                let batch = || reports.iter().map(claim).collect::<Vec<_>>();
                let (one, other) = tokio::join!(
                    ledger.submit(batch(), |_| true),
                    ledger.submit(batch(), |_| true)
                );
                for (report, outcome) in reports.iter().zip(one).chain(reports.iter().zip(other)) {
                    say(number, report.value(), &outcome);
                }
            }
        });
    }
    tasks.join_all().await;
}

#[expect(
    clippy::print_stdout,
    reason = "the process that kills this one reads it"
)]
fn say(device: u64, report: &SessionReport, outcome: &Outcome) {
    let (sequence, word) = (report.sequence, word(outcome));
    let bytes = match outcome {
        Outcome::Answered(Answer::Accepted(bytes) | Answer::Replay(bytes)) => hex::encode(**bytes),
        other => panic!("device {device}, report {sequence}: {other:?}"),
    };
    println!("receipt {device} {sequence} {word} {bytes}");
}

/// Receipts that were heard, by device and sequence number.
type Heard = BTreeMap<(u64, u64), String>;

/// Starts the worker and kills it after it has said so many receipts, wherever it is then.
fn kill_after(lines: usize, database: &Path, heard: &mut Heard) -> u64 {
    let program = env::current_exe().expect("this program");
    let mut worker = Command::new(program)
        .args([WORKER, "--exact", "--nocapture", "--test-threads", "1"])
        .env(DATABASE, database)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let said = BufReader::new(worker.stdout.take().expect("its output"));
    let (mut count, mut accepted) = (0, 0);
    for line in said.lines() {
        let line = line.expect("a line");
        // The test harness writes before the first one on the same line.
        let Some((_, words)) = line.split_once("receipt ") else {
            continue;
        };
        let words: Vec<_> = words.split(' ').collect();
        let &[device, sequence, word, bytes] = words.as_slice() else {
            // Killed amid the line.
            continue;
        };
        if bytes.len() != 528 {
            continue;
        }
        accepted += u64::from(word == "accepted");
        let place = (
            device.parse().expect("a number"),
            sequence.parse().expect("a number"),
        );
        let before = heard.insert(place, bytes.to_owned());
        assert!(
            before.is_none_or(|before| before == bytes),
            "two receipts for {place:?}"
        );
        count += 1;
        if count == lines {
            worker.kill().expect("killed");
        }
    }
    let ended = worker.wait().expect("its end");
    assert!(count >= lines, "the worker ended by itself: {ended:?}");
    accepted
}

#[test]
fn nothing_that_left_is_lost_and_nothing_is_awarded_twice_when_the_ledger_is_killed() {
    let folder = TempDir::new().expect("a folder");
    let database = folder.path().join("ledger.sqlite3");
    let place = Place::File(database.clone());
    let ledger = start(&place);
    let accounts: Vec<_> = (0..DEVICES)
        .map(|number| enrol(&ledger, &Device::numbered(number)))
        .collect();
    drop(ledger);
    let (mut heard, mut accepted) = (Heard::new(), 0);
    for kill in 0..KILLS {
        let lines = usize::try_from(1 + kill * 37 % 101).expect("small");
        accepted += kill_after(lines, &database, &mut heard);
        audit(&place, &accounts, &heard);
    }
    assert!(accepted > 300, "{accepted} reports are no load");
}

/// Computes everything again from the stored bytes.
fn audit(place: &Place, accounts: &[AccountId], heard: &Heard) {
    let ledger = start(place);
    let key = LedgerSigner::from_seed(&SEED).key();
    for (number, account) in (0_u64..).zip(accounts) {
        let device = Device::numbered(number);
        let mut head = *device.head();
        let mut before: Option<Receipt> = None;
        let (mut ms, mut bytes) = (0, 0);
        for (report, receipt) in rows(ledger.store(), &device) {
            let report = report.verify(device.key()).expect("its signature");
            head = head.follow(&report).expect("the chain has no gap");
            let said = heard.get(&(number, head.sequence));
            let stored = [receipt.body(), receipt.signature()].concat();
            assert!(
                said.is_none_or(|said| *said == hex::encode(stored)),
                "another receipt"
            );
            let receipt = *receipt.verify(key).expect("its signature").value();
            receipt.answers(report.value()).expect("the answer");
            if let Some(before) = before {
                receipt.follows(&before).expect("the receipts are a chain");
            }
            ms += receipt.awarded_duration.get();
            bytes += receipt.awarded_bytes.get();
            before = Some(receipt);
        }
        let last = heard.range((number, 0)..(number + 1, 0)).next_back();
        let last = last.map_or(0, |((_, sequence), _)| *sequence);
        assert!(
            head.sequence >= last,
            "report {last} of device {number} is lost"
        );
        assert_eq!(self::head(&ledger, &device), head);
        assert_eq!(awarded(&ledger, *account), (ms, bytes));
    }
    ledger.finish();
}

type Pair = (Signed<SessionReport>, Signed<Receipt>);

fn rows(store: &Store, device: &Device) -> Vec<Pair> {
    const ALL: &str = "SELECT r.signed, r.receipt FROM reports r JOIN chains c \
        ON c.chain_no = r.chain_no WHERE c.device_key = $1 ORDER BY r.seq";
    let rows = store.read(|db| db.rows(ALL, &[device.key().0.into()]));
    let pair = |mut row: Row| -> Result<Pair, StoreError> {
        let (report, receipt): ([u8; 264], [u8; 264]) = (row.array()?, row.array()?);
        Ok((signed(&report), signed(&receipt)))
    };
    let pairs = rows.expect("rows").into_iter().map(pair);
    pairs.map(|pair| pair.expect("264 bytes each")).collect()
}

fn signed<T: meter_core::Signable>(bytes: &[u8; 264]) -> Signed<T> {
    let (body, signature) = bytes.split_last_chunk().expect("264 bytes");
    Signed::new(body.to_vec(), *signature)
}
