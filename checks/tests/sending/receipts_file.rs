//! A file of receipts that cannot be read: it is told everywhere, nothing is taken for "not
//! enrolled", and both ways out lead out.

use crate::place::{LIMIT, Person, Place};
use meter_wire::{ErrorCode, Status};
use std::{fs, path::PathBuf};

fn is_damaged(status: &Status) -> bool {
    let problem = status.problem.as_ref();
    problem.is_some_and(|problem| problem.code == ErrorCode::ReceiptsDamaged)
}

fn file(person: &Person) -> PathBuf {
    person.host.folder().join("om/receipts.sqlite3")
}

/// Returns the whole file.
async fn damages(person: &mut Person) -> Vec<u8> {
    person.host.end().unwrap();
    let whole = fs::read(file(person)).unwrap();
    let mut damaged = whole.clone();
    damaged[4_096..].fill(0x5A);
    fs::write(file(person), damaged).unwrap();
    person.host.start_again().unwrap();
    person.host.wait_for(LIMIT, is_damaged).await.unwrap();
    whole
}

#[track_caller]
fn refuses(person: &Person, arguments: &[&str]) {
    let refused = person.host.run(arguments).unwrap_err().to_string();
    assert!(refused.contains("receipts_damaged"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_of_receipts_is_told_and_comes_back_by_itself_once_it_is_put_back() {
    let mut place = Place::new().await;
    place.person.earns(2);
    place.settles().await;
    let whole = damages(&mut place.person).await;
    let person = &mut place.person;
    for arguments in [
        &["ledger", "--json"][..],
        &["ledger", "send", "--json"],
        &["ledger", "leave", "--yes", "--json"],
        &["new-chain", "--new-key", "--json"],
    ] {
        refuses(person, arguments);
    }
    let said = person.host.run(&["doctor"]).unwrap_err().to_string();
    assert!(said.contains("move receipts.sqlite3"), "{said}");
    assert!(said.contains("the relay listens"), "{said}");
    // Reports are signed and kept meanwhile.
    person.earns(1);
    assert_eq!(person.status().reports.0, 3);
    fs::write(file(person), whole).unwrap();
    let is_back = |status: &Status| status.problem.is_none() && status.ledger.is_some();
    person.host.wait_for(LIMIT, is_back).await.unwrap();
    place.settles().await;
    place.has_receipts(3);
    let said = place.person.host.run(&["doctor"]);
    let said = said.unwrap_or_else(|error| error.to_string());
    assert!(
        said.contains("receipts: 3, every signature checked"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moves_a_damaged_file_of_receipts_away_and_enrols_again_goes_on() {
    let mut place = Place::new().await;
    place.person.earns(2);
    place.settles().await;
    let credited = place.person.status().ledger.unwrap().credited;
    damages(&mut place.person).await;
    let person = &mut place.person;
    person.earns(1);
    person.host.end().unwrap();
    fs::rename(file(person), person.host.folder().join("kept")).unwrap();
    for end in ["-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{end}", file(person).display())));
    }
    person.host.start_again().unwrap();
    person.host.wait_for(LIMIT, |_| true).await.unwrap();
    let address = place.between.address().to_string();
    let key = place.ledger.vkey();
    let said = person
        .host
        .run(&["enroll", &address, "--yes", "--key", key]);
    assert!(said.unwrap().contains(&person.account));
    place.settles().await;
    let ledger = place.person.status().ledger.unwrap();
    assert!(ledger.credited.0 > credited.0, "{ledger:?}");
}
