//! Another receipt key takes over.

use crate::{
    program::{Home, fill},
    support::receipt_bytes,
};
use meter_core::{KeyChange, LedgerSigner, Receipt, SIGNATURE_BYTES, Signed};
use onionmeter_ledger::{folder::Folder, ledger::rotate, opening, rotation};
use std::fs;

fn signed<T: meter_core::Signable>(bytes: &[u8]) -> Signed<T> {
    let (body, signature) = bytes
        .split_last_chunk::<SIGNATURE_BYTES>()
        .expect("long enough");
    Signed::new(body.to_vec(), *signature)
}

#[tokio::test]
async fn after_a_change_of_the_key_old_receipts_verify_and_are_repeated_byte_for_byte() {
    let home = Home::new();
    let opened = home.open();
    let mut reporter = fill(&opened.ledger, 1, 3).await.remove(0);
    let old = opened.ledger.key();
    drop(opened);
    let told = home.told(&["rotate-key"]);
    assert_eq!(told["number"], 2);
    let opened = home.open();
    let ledger = &opened.ledger;
    let new = ledger.key();
    assert_ne!(new, old);
    let vkey: meter_core::Vkey = told["vkey"]
        .as_str()
        .expect("text")
        .parse()
        .expect("a vkey");
    assert_eq!(vkey.key(), new);
    // The old key names the new one.
    let keys = ledger.keys();
    assert_eq!(
        keys.iter().map(|entry| entry.key).collect::<Vec<_>>(),
        [old, new]
    );
    let change = keys[1].change.as_deref().expect("signed");
    let change = *signed::<KeyChange>(change)
        .verify(old)
        .expect("by the old key")
        .value();
    assert_eq!((change.old, change.new, change.number), (old, new, 2));
    assert_eq!(ledger.policy().value().ledger, new);
    // Old receipts stay, new ones are by the new key, in one chain.
    let outcomes = reporter.submit_again(ledger).await;
    for (outcome, receipt) in outcomes.iter().zip(&reporter.receipts) {
        assert_eq!(receipt_bytes(outcome), *receipt);
        signed::<Receipt>(receipt)
            .verify(old)
            .expect("by the old key");
    }
    reporter.report(ledger, 2).await;
    let last = reporter.receipts.last().expect("taken");
    signed::<Receipt>(last).verify(new).expect("by the new key");
    drop(opened);
    assert_eq!(home.told(&["audit"])["state"], "sound");
    let kept = fs::read(home.path().join("receipt-key.1")).expect("kept");
    let kept = LedgerSigner::from_seed(&kept.try_into().expect("32 bytes"));
    assert_eq!(kept.key(), old);
    assert_eq!(home.told(&["rotate-key"])["number"], 3);
    home.serve(&[]);
}

#[test]
fn a_change_of_the_key_that_was_interrupted_is_finished_at_the_next_start() {
    let home = Home::new();
    let opened = home.open();
    let old = opened.ledger.key();
    drop(opened);
    let folder = Folder::open(&home.path()).expect("there");
    let (key, next) = (folder.key(), home.path().join("receipt-key.next"));
    // Before the database names the new key, the old one is in force.
    let new = onionmeter_ledger::key_file::open(&next).expect("made");
    assert_eq!(home.open().ledger.key(), old);
    let store = opening::open_store(&folder, &home.wanted(false)).expect("a database");
    let signer = rotation::signer(&folder, &store).expect("the old key");
    assert_eq!(rotate(&store, &signer, &new).expect("named"), 2);
    drop(store);
    // After that the new one is, whether or not the old file has its second name already.
    fs::hard_link(&key, home.path().join("receipt-key.1")).expect("ours");
    assert_eq!(home.open().ledger.key(), new.key());
    assert!(!next.try_exists().expect("readable"));
    assert_eq!(home.open().ledger.key(), new.key());
}

#[tokio::test]
async fn a_copy_from_before_the_change_of_the_key_heals_receipts_of_both_keys() {
    let home = Home::new();
    let opened = home.open();
    let mut reporter = fill(&opened.ledger, 1, 2).await.remove(0);
    let copy = home.outer.path().join("copy.sqlite3");
    let copy = copy.to_str().expect("text");
    home.told(&["backup", copy]);
    reporter.report(&opened.ledger, 1).await;
    drop(opened);
    home.told(&["rotate-key"]);
    let opened = home.open();
    reporter.report(&opened.ledger, 1).await;
    drop(opened);
    home.told(&["restore", copy]);
    let opened = home.try_open(true).expect("accepted");
    let outcomes = reporter.submit_again(&opened.ledger).await;
    for (outcome, receipt) in outcomes.iter().zip(&reporter.receipts) {
        assert_eq!(receipt_bytes(outcome), *receipt);
    }
    drop(opened);
    assert_eq!(home.told(&["audit"])["state"], "sound");
}
