//! Damage to the database's files (rows D-01, D-02, D-09 and D-12): it is noticed, or it is
//! harmless.

use crate::{
    program::{Home, Reporter, Serving, fill},
    support::{SEED, receipt_bytes, submit},
};
use meter_core::{EnrolmentRule, LedgerSigner, SessionReport, Verified};
use meter_testkit::{
    device::Device,
    ledger_client::{LedgerClient, submitted},
};
use onionmeter_ledger::{
    audit,
    committer::Answer,
    ledger::{Ledger, Outcome},
    store::{Pages, Place, Store, StoreError, Value},
};
use rusqlite::Connection;
use std::{fs, path::Path, sync::Arc};

/// Bits that are changed at random places, besides those that the test aims at.
const RANDOM: usize = 100;

/// Whether an audit finds nothing wrong with the file.
fn is_sound(file: &Path) -> bool {
    let place = Place::File(file.to_owned());
    let audited = Store::open(&place).and_then(|store| audit::run(&store, &|| true));
    audited.is_ok_and(|audit| audit.findings.count() == 0)
}

/// Whether every report still gets its receipt, and none is awarded again.
async fn is_harmless(file: &Path, reporters: &[Reporter]) -> bool {
    let store = Store::open(&Place::File(file.to_owned())).expect("the audit has read it");
    let ledger = Ledger::start(store, LedgerSigner::from_seed(&SEED), EnrolmentRule::Open);
    let ledger = Arc::new(ledger.expect("a ledger"));
    let mut is_same = true;
    for reporter in reporters {
        for (outcome, receipt) in submit(&ledger, &reporter.reports)
            .await
            .iter()
            .zip(&reporter.receipts)
        {
            let is_replay = matches!(outcome, Outcome::Answered(Answer::Replay(_)));
            is_same &= is_replay && receipt_bytes(outcome) == *receipt;
        }
    }
    ledger.finish();
    is_same
}

/// Every place in the file where one of the names begins: rows and indexes.
fn places(file: &[u8], names: &[Vec<u8>]) -> Vec<usize> {
    let mut places = Vec::new();
    for name in names {
        let windows = file.windows(name.len()).enumerate();
        let found = windows.filter(|(_, bytes)| bytes == name);
        places.extend(found.map(|(at, _)| at));
    }
    places
}

#[tokio::test]
async fn d_01_a_changed_bit_anywhere_in_the_file_is_noticed_or_harmless() {
    let home = Home::new();
    let place = home.outer.path().join("ledger.sqlite3");
    let store = Store::open(&Place::File(place.clone())).expect("a database");
    let ledger = Ledger::start(store, LedgerSigner::from_seed(&SEED), EnrolmentRule::Open);
    let ledger = Arc::new(ledger.expect("a ledger"));
    let reporters = fill(&ledger, 2, 3).await;
    ledger.finish();
    drop(ledger);
    let sound = home.outer.path().join("sound.sqlite3");
    onionmeter_ledger::store::copy_file(&place, &sound).expect("one file");
    let whole = fs::read(&sound).expect("ours");
    let mut names = Vec::new();
    for reporter in &reporters {
        let report = reporter.reports[0].value();
        names.push(reporter.device.key().0.to_vec());
        names.push(report.chain.0.to_vec());
        names.push(reporter.account.0.to_vec());
    }
    let mut aimed = places(&whole, &names);
    assert!(aimed.len() > 30, "{}", aimed.len());
    let mut random = 0x9e37_79b9_u32;
    for _ in 0..RANDOM {
        // xorshift32: the same places in every run.
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        aimed.push(usize::try_from(random).expect("small") % whole.len());
    }
    let damaged = home.outer.path().join("damaged.sqlite3");
    let mut found = 0;
    for (number, at) in aimed.into_iter().enumerate() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (number % 8);
        for end in ["", "-wal", "-shm"] {
            let mut name = damaged.clone().into_os_string();
            name.push(end);
            drop(fs::remove_file(name));
        }
        fs::write(&damaged, &bytes).expect("ours");
        match is_sound(&damaged) {
            true => assert!(is_harmless(&damaged, &reporters).await, "byte {at}"),
            false => found += 1,
        }
    }
    assert!(found > 30, "{found}");
}

/// A damaged index may bring the same rows again and again. This statement does.
#[test]
fn d_01_rows_that_come_again_end_what_reads_them_page_by_page() {
    let home = Home::new();
    let place = Place::File(home.outer.path().join("ledger.sqlite3"));
    let store = Store::open(&place).expect("a database");
    for again in ["5", "X'05'"] {
        let sql: &'static str = format!("SELECT {again} WHERE $1 IS NOT $2").leak();
        let first = match again {
            "5" => Value::Int(-1),
            _ => Value::Bytes(Vec::new()),
        };
        let mut pages = Pages::new(sql, vec![first]);
        let mut next = || store.read(|db| pages.next(db, 10));
        assert_eq!(next().expect("a page").len(), 1);
        assert!(matches!(next(), Err(StoreError::Damaged(_))));
    }
}

fn client(serving: &Serving) -> LedgerClient {
    LedgerClient::new(serving.word("listen").parse().expect("an address"))
}

/// A ledger that is killed after `taken` reports, which are in its log and not in its file yet.
async fn killed(home: &Home, number: u64, taken: usize) -> Vec<Verified<SessionReport>> {
    let serving = home.serve(&[]);
    let mut device = Device::numbered(number);
    let enrolled = client(&serving).enrol(&device, None).await;
    assert_eq!(enrolled.expect("an answer").status, 201);
    let reports: Vec<_> = (0..taken).map(|_| device.report(1, 1)).collect();
    let sent = reports.iter().map(|report| submitted(report.signed()));
    let answers = client(&serving).submit(sent.collect()).await;
    assert_eq!(answers.expect("answers").len(), taken);
    serving.kill();
    reports
}

#[tokio::test]
async fn d_02_a_log_that_is_gone_or_of_another_ledger_is_noticed() {
    let home = Home::new();
    // Its tables are in the file.
    drop(home.open());
    killed(&home, 1, 10).await;
    let log = home.path().join("ledger.sqlite3-wal");
    let kept = fs::read(&log).expect("not merged yet");
    fs::remove_file(&log).expect("ours");
    let why = home.serve(&[]).word("read_only");
    assert!(why.contains("10 receipts are missing"), "{why}");
    // Another ledger's log is a whole database of that ledger, with another key.
    let other = Home::new();
    killed(&other, 2, 10).await;
    let foreign = fs::read(other.path().join("ledger.sqlite3-wal")).expect("not merged yet");
    assert_ne!(foreign, kept);
    fs::write(&log, foreign).expect("ours");
    let text = home.refused(&["serve", "--listen", "127.0.0.1:0"], 2);
    assert!(text.contains("with another key"), "{text}");
}

#[test]
fn d_09_the_sqlite_in_this_program_keeps_its_log_whole() {
    // Versions before 3.51.3 can damage it: https://sqlite.org/wal.html#walresetbug
    assert!(rusqlite::version_number() >= 3_051_003);
}

#[test]
fn d_12_tables_that_are_not_ours_are_refused_and_named() {
    let home = Home::new();
    drop(home.open());
    let whole = fs::read(home.database()).expect("ours");
    for (change, part) in [
        (
            "CREATE TRIGGER more AFTER INSERT ON reports BEGIN \
             UPDATE chains SET awarded_total = 9; END",
            "the trigger more of reports does not belong there",
        ),
        (
            "CREATE VIEW spare AS SELECT 1 AS one",
            "of the view spare does not belong there",
        ),
        (
            "ALTER TABLE chains RENAME COLUMN start_seq TO begin_seq",
            "the column begin_seq INTEGER of the table chains does not belong there",
        ),
        (
            "DROP INDEX reports_of_account",
            "the index reports_of_account of reports is missing",
        ),
        ("DROP TABLE forks", "of the table forks is missing"),
    ] {
        fs::write(home.database(), &whole).expect("ours");
        let connection = Connection::open(home.database()).expect("ours");
        connection.execute_batch(change).expect(change);
        drop(connection);
        for words in [&["serve", "--listen", "127.0.0.1:0"][..], &["audit"]] {
            let text = home.refused(words, 2);
            assert!(text.contains(part), "{change}: {text}");
            assert!(text.contains("onionmeter-ledger restore FILE"), "{text}");
        }
        let place = Place::File(home.database());
        let refused = Store::open(&place).err();
        assert!(matches!(refused, Some(StoreError::Fault(_))), "{refused:?}");
    }
}
