//! G-12 and more: several instances of the ledger on one database.

use crate::{
    home::{Home, new_database, place},
    support::{SEED, claim, enrol, receipt_bytes, start, submit},
};
use meter_testkit::device::Device;
use onionmeter_ledger::{
    committer::Answer,
    ledger::Outcome,
    store::{Place, SCHEMA_VERSION, Store, Value, statements},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier},
    thread,
};

#[test]
fn g12_eight_instances_that_start_on_an_empty_database_at_once_make_its_tables_once() {
    let home = Home::new();
    for _ in 0..5 {
        let place = place(&home.server.url(&new_database(&home.server)));
        let together = Arc::new(Barrier::new(8));
        let starting: Vec<_> = (0..8)
            .map(|_| {
                let (place, together) = (place.clone(), Arc::clone(&together));
                thread::spawn(move || {
                    together.wait();
                    start(&place)
                })
            })
            .collect();
        let ledgers: Vec<_> = starting
            .into_iter()
            .map(|starting| starting.join().expect("it starts"))
            .collect();
        let policies: BTreeSet<_> = ledgers
            .iter()
            .map(|ledger| ledger.policy().signed().signature().to_vec())
            .collect();
        assert_eq!(policies.len(), 1, "all have the policy of the first");
        assert!(ledgers.iter().all(|ledger| ledger.keys().len() == 1));
    }
    let lost = home.server.log();
    assert!(!lost.contains("40P01"), "{lost}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_submits_of_one_report_at_two_instances_are_one_award_and_one_receipt() {
    let home = Home::new();
    let instances = [start(&home.place()), start(&home.place())];
    let mut device = Device::numbered(1);
    let account = enrol(&instances[0], &device);
    let report = device.report(1, 0);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1000 {
        let (ledger, report) = (Arc::clone(&instances[number % 2]), report.clone());
        tasks.spawn(async move { submit(&ledger, &[report]).await.remove(0) });
    }
    let outcomes = tasks.join_all().await;
    let accepted = |outcome: &&Outcome| matches!(outcome, Outcome::Answered(Answer::Accepted(_)));
    assert_eq!(outcomes.iter().filter(accepted).count(), 1);
    let receipts: BTreeSet<_> = outcomes.iter().map(receipt_bytes).collect();
    assert_eq!(receipts.len(), 1);
    let balance = instances[1].balance(account).expect("a balance");
    assert_eq!(balance.awarded.get(), balance.duration.get() * 100_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn g04_the_reports_of_one_batch_are_taken_in_their_order_by_any_number_of_writers() {
    let home = Home::new();
    let ledger = start(&home.place());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=20 {
        let mut device = Device::numbered(number);
        enrol(&ledger, &device);
        let reports: Vec<_> = (0..50).map(|_| device.report(1, 0)).collect();
        let ledger = Arc::clone(&ledger);
        tasks.spawn(async move {
            ledger
                .submit(reports.iter().map(claim).collect(), |_| true)
                .await
        });
    }
    for outcomes in tasks.join_all().await {
        let accepted =
            |outcome: &Outcome| matches!(outcome, Outcome::Answered(Answer::Accepted(_)));
        assert!(outcomes.iter().all(accepted), "{outcomes:?}");
    }
}

#[test]
fn an_instance_uses_a_database_that_an_equal_one_has_made_and_refuses_a_newer_one() {
    let home = Home::new();
    let first = start(&home.place());
    drop(start(&home.place()));
    let newer = format!("UPDATE ledger SET version = {}", SCHEMA_VERSION + 1);
    home.sql(&newer);
    let refused = Store::open(&home.place()).err().expect("a refusal");
    assert!(refused.to_string().contains("newer"), "{refused}");
    assert_eq!(
        first.key(),
        meter_core::LedgerSigner::from_seed(&SEED).key()
    );
}

#[test]
fn both_databases_take_every_statement_and_give_back_every_value() {
    let home = Home::new();
    let folder = tempfile::tempdir().expect("a folder");
    let file = Place::File(folder.path().join("ledger.sqlite3"));
    let seen: Vec<_> = [home.place(), file]
        .iter()
        .map(|place| {
            let store = Store::open(place).expect("a database");
            let text = "h\u{fc}lle\n'\u{1f9c5}".into();
            let token: Value = [0, 255, 7].as_slice().into();
            let login = [
                token.clone(),
                Value::Null,
                Value::Null,
                text,
                i64::MAX.into(),
            ];
            let added = store.write(|db| db.run(statements::ADD_LOGIN, &login));
            assert_eq!(added.expect("added"), 1);
            let found = store.read(|db| db.rows(statements::LOGIN, std::slice::from_ref(&token)));
            let found = found.expect("found");
            assert_eq!(found[0].columns()[2..4], login[3..]);
            found
        })
        .collect();
    assert_eq!(seen[0], seen[1]);
}
