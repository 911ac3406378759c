//! What is wrong with the database or with one chain in it, and whom that holds up.

use crate::{
    clocked::{one, word, words},
    support::{Bench, claim, enrol},
};
use meter_testkit::device::Device;
use onionmeter_ledger::store::Place;
use rusqlite::{Connection, TransactionBehavior};
use std::{path::PathBuf, time::Duration};

fn file(bench: &Bench) -> PathBuf {
    match bench.home.place() {
        Place::File(path) => path,
        Place::Server(_) => panic!("a file"),
    }
}

/// A program that copies or checks the file may hold it for long.
#[tokio::test]
async fn a_database_that_another_process_holds_is_busy_soon_and_takes_the_same_reports_later() {
    let bench = Bench::new();
    let (mut device, mut other) = (Device::numbered(1), Device::numbered(2));
    enrol(&bench.ledger, &device);
    enrol(&bench.ledger, &other);
    let mut connection = Connection::open(file(&bench)).expect("a connection");
    let held = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let held = held.expect("the file");
    let claims = [device.report(1, 1), other.report(1, 1)]
        .each_ref()
        .map(claim);
    // Two batches at most, and five seconds for each.
    let answers = words(&bench.ledger, claims.to_vec());
    let answers = tokio::time::timeout(Duration::from_secs(40), answers).await;
    assert_eq!(answers.expect("an answer"), ["busy", "busy"]);
    drop(held);
    assert_eq!(words(&bench.ledger, claims.to_vec()).await, ["accepted"; 2]);
}

#[tokio::test]
async fn a_chain_that_is_damaged_in_the_database_holds_up_no_other_one() {
    let bench = Bench::new();
    let mut devices: Vec<_> = (0..20).map(Device::numbered).collect();
    for device in &devices {
        enrol(&bench.ledger, device);
    }
    let damage = Connection::open(file(&bench)).expect("a connection");
    let damaged = damage.execute(
        "UPDATE chains SET link = x'00' WHERE device_key = ?1",
        [devices[7].key().0],
    );
    assert_eq!(damaged.expect("a statement"), 1);
    let reports: Vec<_> = devices
        .iter_mut()
        .map(|device| device.report(1, 1))
        .collect();
    let answers = words(&bench.ledger, reports.iter().map(claim).collect()).await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(
            answer,
            if number == 7 { "busy" } else { "accepted" },
            "{number}"
        );
    }
    let next = one(&bench.ledger, &devices[0].report(1, 1)).await;
    assert_eq!(word(&next), "accepted");
}
