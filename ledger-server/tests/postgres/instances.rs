//! G-12 and more: several instances of the ledger on one database.

use crate::{
    home::{Home, place},
    support::{SEED, enrol, receipt_bytes, start, submit},
};
use meter_testkit::{
    device::Device,
    postgres_proxy::{Act, Point, PostgresProxy},
};
use onionmeter_ledger::{
    committer::Answer,
    ledger::Outcome,
    store::{Place, SCHEMA_VERSION, Store, Value, statements},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

#[test]
fn g_12_eight_instances_that_start_on_an_empty_database_at_once_make_its_tables_once() {
    for _ in 0..5 {
        let home = Home::new();
        let place = home.place();
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
        assert_eq!(home.logged("40P01"), Vec::<String>::new());
    }
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
    let accepted = outcomes.iter().filter(|outcome| is_accepted(outcome));
    assert_eq!(accepted.count(), 1);
    let receipts: BTreeSet<_> = outcomes.iter().map(receipt_bytes).collect();
    assert_eq!(receipts.len(), 1);
    let balance = instances[1].balance(account).expect("a balance");
    assert_eq!(balance.awarded.get(), balance.duration.get() * 100_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn g_04_a_report_never_overtakes_the_one_before_it_on_the_way_to_another_writer() {
    let home = Home::new();
    let proxy = PostgresProxy::start(home.server.address()).expect("a proxy");
    let ledger = start(&place(
        &home.server.url_through(proxy.address(), &home.database),
    ));
    let mut device = Device::numbered(1);
    enrol(&ledger, &device);
    // A key that is certainly not in the same queue.
    let mut other = (2..)
        .map(Device::numbered)
        .find(|other| other.key().0[0].wrapping_sub(device.key().0[0]) % 4 == 1)
        .expect("a key");
    enrol(&ledger, &other);
    submit(&ledger, &[device.report(1, 0)]).await;

    // The transaction of the second report does not begin, and the third one comes.
    proxy.spoil(
        Point::Query("BEGIN ISOLATION LEVEL READ COMMITTED"),
        Act::Hold,
    );
    let mut tasks = tokio::task::JoinSet::new();
    let mut submit_next = |tasks: &mut tokio::task::JoinSet<Outcome>| {
        let (ledger, report) = (Arc::clone(&ledger), [device.report(1, 0)]);
        tasks.spawn(async move { submit(&ledger, &report).await.remove(0) });
    };
    submit_next(&mut tasks);
    let until = async |is_so: &dyn Fn() -> bool| {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    until(&|| proxy.has_acted()).await;
    let before = proxy.counts().frontend;
    submit_next(&mut tasks);
    // The two queries that look it up; then it waits for its transaction.
    until(&|| proxy.counts().frontend >= before + 8).await;
    // Other devices are not held up.
    let outcomes = submit(&ledger, &[other.report(1, 0)]).await;
    assert!(is_accepted(&outcomes[0]), "{outcomes:?}");
    proxy.release();
    for outcome in tasks.join_all().await {
        assert!(is_accepted(&outcome), "{outcome:?}");
    }
}

fn is_accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Answered(Answer::Accepted(_)))
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
fn g_12_instances_that_start_at_once_take_on_a_database_of_the_first_version() {
    let home = Home::new();
    drop(start(&home.place()));
    home.sql("ALTER TABLE web_sessions DROP COLUMN device_key");
    home.sql("UPDATE ledger SET version = 1");
    let places: Vec<_> = (0..4).map(|_| home.place()).collect();
    let threads: Vec<_> = places
        .into_iter()
        .map(|place| thread::spawn(move || start(&place)))
        .collect();
    for thread in threads {
        let ledger = thread.join().expect("started");
        let link = ledger.new_login(None).expect("a link");
        ledger.use_login(&link.token).expect("signed in");
    }
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
