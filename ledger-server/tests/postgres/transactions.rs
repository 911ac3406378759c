//! What a transaction of PostgreSQL does that one of SQLite does not.

use crate::{
    home::Home,
    support::{enrol, start, submit},
};
use meter_core::AccountId;
use meter_testkit::device::Device;
use onionmeter_ledger::{
    committer::Answer,
    ledger::Outcome,
    store::{Db, Store, StoreError, Value, statements},
};
use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

#[test]
fn nothing_is_committed_after_a_statement_failed_even_if_the_work_goes_on() {
    let home = Home::new();
    let store = Store::open(&home.place()).expect("a database");
    let login = |token: u8| {
        let words = "two words".into();
        let token = [token].as_slice().into();
        [token, Value::Null, Value::Null, words, 7_i64.into()]
    };
    let add = |db: &mut dyn Db, token| db.run(statements::ADD_LOGIN, &login(token));
    store.write(|db| add(db, 1)).expect("added");
    let committed = store.write(|db| {
        add(db, 2)?;
        add(db, 1).expect_err("it is there already");
        Ok::<_, StoreError>(())
    });
    let error = committed.expect_err("a rollback looks like a success otherwise");
    assert!(matches!(error, StoreError::Statement(_)), "{error}");
    assert_eq!(home.sql("SELECT count(*) FROM logins"), "1");
    // The store is as good as before, and its log tells nothing about what is in a row.
    store.write(|db| add(db, 2)).expect("added");
    let refused = store.write(|db| add(db, 2)).expect_err("there already");
    assert!(refused.to_string().contains("23505"), "{refused}");
    assert!(!refused.to_string().contains("\\x02"), "{refused}");
}

#[test]
fn a_transaction_that_reads_sees_one_state_and_changes_nothing() {
    let home = Home::new();
    let store = Store::open(&home.place()).expect("a database");
    let add = "INSERT INTO policies (number, signed) VALUES (7, '')";
    let changed = store.read(|db| db.run(add, &[]));
    let error = changed.expect_err("it only reads");
    assert!(error.to_string().contains("25006"), "{error}");
    let seen = store.read(|db| -> Result<_, StoreError> {
        let before = db.rows(statements::POLICIES, &[])?.len();
        home.sql(add);
        Ok((before, db.rows(statements::POLICIES, &[])?.len()))
    });
    assert_eq!(seen.expect("rows"), (0, 0));
    let after = store.read(|db| db.rows(statements::POLICIES, &[]));
    let after: Result<_, StoreError> = after;
    assert_eq!(after.expect("rows").len(), 1);
}

#[test]
fn a_transaction_that_lost_in_a_deadlock_is_run_again() {
    let home = Home::new();
    let ledger = start(&home.place());
    let accounts: Vec<_> = (1..=2)
        .map(|number| enrol(&ledger, &Device::numbered(number)))
        .collect();
    let runs = AtomicU32::new(0);
    let both_hold_one = Barrier::new(2);
    let lock_both = |first: AccountId, second: AccountId| {
        let mut is_first_run = true;
        ledger
            .store()
            .write(|db: &mut dyn Db| -> Result<(), StoreError> {
                runs.fetch_add(1, Ordering::Relaxed);
                db.lock_accounts(&[first])?;
                if std::mem::take(&mut is_first_run) {
                    both_hold_one.wait();
                }
                db.lock_accounts(&[second])
            })
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| lock_both(accounts[0], accounts[1]));
        lock_both(accounts[1], accounts[0]).expect("it succeeds in the end");
        other.join().expect("no panic").expect("the other, too");
    });
    assert_eq!(runs.load(Ordering::Relaxed), 3);
    assert_eq!(home.logged("40P01").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_whose_account_stays_locked_is_told_to_come_later_within_seconds() {
    let home = Home::new();
    let ledger = start(&home.place());
    let mut device = Device::numbered(1);
    let account = enrol(&ledger, &device);
    let (locked, is_locked) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let holder = thread::spawn({
        let ledger = Arc::clone(&ledger);
        move || {
            ledger
                .store()
                .write(|db: &mut dyn Db| -> Result<(), StoreError> {
                    db.lock_accounts(&[account])?;
                    locked.send(()).expect("the test waits");
                    is_released.recv().expect("the test releases");
                    Ok(())
                })
        }
    });
    is_locked.recv().expect("locked");
    let report = [device.report(1, 1)];
    let outcomes = submit(&ledger, &report).await;
    let is_busy = matches!(outcomes[0], Outcome::Answered(Answer::Busy));
    assert!(is_busy, "{outcomes:?}");
    // Everybody else is served meanwhile.
    let mut other = Device::numbered(2);
    enrol(&ledger, &other);
    let outcomes = submit(&ledger, &[other.report(1, 1)]).await;
    let is_accepted = matches!(outcomes[0], Outcome::Answered(Answer::Accepted(_)));
    assert!(is_accepted, "{outcomes:?}");
    release.send(()).expect("it waits");
    holder.join().expect("no panic").expect("committed");
    let outcomes = submit(&ledger, &report).await;
    let is_accepted = matches!(outcomes[0], Outcome::Answered(Answer::Accepted(_)));
    assert!(is_accepted, "{outcomes:?}");
}

#[test]
fn a_commit_waits_for_the_disk_whatever_the_server_would_do_by_itself() {
    for (of_server, expected) in [("local", "on"), ("remote_apply", "remote_apply")] {
        let home = Home::new();
        home.sql(&format!(
            "ALTER DATABASE {} SET synchronous_commit = {of_server}",
            home.database
        ));
        let store = Store::open(&home.place());
        let ask = "SELECT current_setting('synchronous_commit')";
        let told = store.expect("a database").read(|db| db.rows(ask, &[]));
        let told: Result<_, StoreError> = told;
        assert_eq!(told.expect("a row")[0].columns(), [expected.into()]);
    }
}
