//! The outbox is made when it can be made, with real files. The tests set the time.

use super::*;
use meter_core::{AccountId, Amount, EnrolmentRule, LedgerSigner, Policy};
use std::fs;

fn at(ms: u64) -> MonotonicMs {
    MonotonicMs::new(ms).expect("fits")
}

fn open(home: &Home) -> Accounting {
    Accounting::open(home, &Config::default())
}

fn joins(accounting: &mut Accounting) {
    let ledger = LedgerSigner::from_seed(&[7; 32]);
    let policy = Policy::first(ledger.key(), EnrolmentRule::Open, UnixMs::from_u32(1));
    let joining = Joining {
        address: "127.0.0.1:3443".parse().expect("loopback"),
        ledger: ledger.key(),
        account: AccountId([3; 16]),
        name: "brave otter".to_owned(),
        head: *accounting.head().expect("a chain"),
        awarded: Amount::ZERO,
        policy: ledger.sign(&policy).expect("signed"),
    };
    accounting
        .join(joining, UnixMs::from_u32(2))
        .expect("enrolled");
}

/// One second of the engine.
fn second(accounting: &mut Accounting, ms: u64) -> bool {
    let (now, wall) = (at(ms), UnixMs::from_u32(5));
    accounting.tick(now, wall, CounterSnapshot::default(), false);
    accounting.look_at_outbox(now, wall, |_| false);
    accounting.status().ledger.is_some()
}

#[test]
fn a_file_of_receipts_that_cannot_be_used_at_the_start_is_used_once_it_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::at(folder.path().join("home"));
    let mut accounting = open(&home);
    joins(&mut accounting);
    assert!(second(&mut accounting, 0));
    accounting.end();
    let whole = fs::read(home.receipts()).expect("read");
    fs::write(home.receipts(), "no database").expect("written");

    let mut accounting = open(&home);
    assert!(!second(&mut accounting, 0));
    fs::write(home.receipts(), whole).expect("written");
    assert!(!second(&mut accounting, 1_999), "not read each second");
    assert!(second(&mut accounting, 2_000));
}

#[test]
fn a_device_that_comes_back_to_a_ledger_sends_again_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::at(folder.path().join("home"));
    let mut accounting = open(&home);
    assert!(!second(&mut accounting, 0));
    joins(&mut accounting);
    assert!(second(&mut accounting, 1_000));
    accounting.leave(UnixMs::from_u32(6)).expect("left");
    assert!(!second(&mut accounting, 2_000));
    joins(&mut accounting);
    assert!(second(&mut accounting, 3_000));
}
