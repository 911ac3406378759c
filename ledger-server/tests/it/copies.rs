//! Copies of a ledger: to another database, to a file, and back.

use crate::program::{Home, fill};
use onionmeter_ledger::{
    copy::contents,
    store::{Place, Store},
};
use std::fs;

#[tokio::test]
async fn a_copied_ledger_has_the_same_balances_and_receipts_and_goes_on() {
    let home = Home::new();
    let opened = home.open();
    let mut reporters = fill(&opened.ledger, 4, 10).await;
    let (code, _) = opened.ledger.invite(None, 60_000).expect("a code");
    let balances: Vec<_> = reporters
        .iter()
        .map(|reporter| opened.ledger.balance(reporter.account).expect("a balance"))
        .collect();
    let before = opened.ledger.store().read(contents).expect("read");
    drop(opened);
    let told = home.told(&["copy", "--from", "ledger.sqlite3", "--to", "other.sqlite3"]);
    assert_eq!(told["reports"], "40");
    assert_eq!(told["receipts_sha256"], hex::encode(before.receipts));
    assert_eq!(told["balances_sha256"], hex::encode(before.balances));
    // From now on the copy is the database: the same key, guard, accounts and invitations fit it.
    fs::rename(home.path().join("other.sqlite3"), home.database()).expect("ours");
    let opened = home.open();
    assert_eq!(opened.ledger.held(), None);
    for (reporter, balance) in reporters.iter().zip(&balances) {
        let found = opened.ledger.balance(reporter.account).expect("a balance");
        assert_eq!(found, *balance);
    }
    reporters[0].report(&opened.ledger, 3).await;
    let invited = meter_testkit::device::Device::numbered(9);
    let challenge = crate::support::challenge();
    let statement = invited.enrolment(opened.ledger.key(), challenge, Some(code.hash()));
    opened
        .ledger
        .enrol(&statement, crate::support::far())
        .expect("invited");
    drop(opened);
    assert_eq!(home.told(&["audit"])["state"], "sound");
}

#[tokio::test]
async fn nothing_is_copied_over_a_ledger_or_from_nothing() {
    let home = Home::new();
    let opened = home.open();
    fill(&opened.ledger, 1, 2).await;
    drop(opened);
    let to_other = ["copy", "--from", "ledger.sqlite3", "--to", "other.sqlite3"];
    home.told(&to_other);
    let text = home.refused(&to_other, 2);
    assert!(text.contains("holds a ledger already"), "{text}");
    let text = home.refused(&["copy", "--from", "none.sqlite3", "--to", "b.sqlite3"], 66);
    assert!(text.contains("no file none.sqlite3"), "{text}");
    let empty = home.path().join("empty.sqlite3");
    drop(Store::open(&Place::File(empty)).expect("made"));
    home.refused(
        &["copy", "--from", "empty.sqlite3", "--to", "b.sqlite3"],
        66,
    );
}

#[tokio::test]
async fn a_backup_is_one_sound_file_and_never_replaces_another() {
    let home = Home::new();
    let opened = home.open();
    fill(&opened.ledger, 2, 4).await;
    let before = opened.ledger.store().read(contents).expect("read");
    let file = home.outer.path().join("copy.sqlite3");
    let name = file.to_str().expect("text");
    // While it is in use.
    assert_eq!(home.told(&["backup", name])["reports"], "8");
    let store = Store::open(&Place::File(file.clone())).expect("a database");
    assert_eq!(store.read(contents).expect("read"), before);
    drop(store);
    let bytes = fs::read(&file).expect("there");
    let text = home.refused(&["backup", name], 73);
    assert!(text.contains("is there already"), "{text}");
    assert_eq!(fs::read(&file).expect("there"), bytes);
    let outer = fs::read_dir(home.outer.path()).expect("readable");
    let left: Vec<_> = outer
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    assert_eq!(left.len(), 2, "nothing else is left: {left:?}");
    let nowhere = home.outer.path().join("no/such/folder");
    home.refused(&["backup", nowhere.to_str().expect("text")], 73);
}

#[tokio::test]
async fn what_is_no_sound_copy_is_not_restored() {
    let home = Home::new();
    let opened = home.open();
    fill(&opened.ledger, 1, 40).await;
    drop(opened);
    let file = home.outer.path().join("copy.sqlite3");
    let name = file.to_str().expect("text");
    home.told(&["backup", name]);
    let before = fs::read(home.database()).expect("there");
    let good = fs::read(&file).expect("there");
    let mut torn = good.clone();
    for byte in &mut torn[8192..] {
        *byte = 0xa5;
    }
    let foreign = home.outer.path().join("foreign.sqlite3");
    let connection = rusqlite::Connection::open(&foreign).expect("ours");
    connection
        .execute("CREATE TABLE letters (text)", [])
        .expect("ours");
    drop(connection);
    for bytes in [
        torn,
        good[..good.len() / 2].to_vec(),
        b"no".to_vec(),
        fs::read(&foreign).expect("there"),
    ] {
        fs::write(&file, &bytes).expect("ours");
        home.refused(&["restore", name], 65);
        assert_eq!(fs::read(home.database()).expect("there"), before);
    }
    fs::remove_file(&file).expect("ours");
    home.refused(&["restore", name], 66);
    home.serve(&[]);
}
