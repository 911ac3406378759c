//! A book without reports is no evidence.

use super::IN_USE;
use crate::{
    book::{book, book_of},
    said::check,
    support::TestHome,
};
use meter_core::ChainId;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fs;

#[test]
fn a_book_without_reports_is_not_exported() {
    let home = TestHome::new();
    drop(book_of(IN_USE, &home, 0));
    let path = home.user().join("evidence.json");
    let name = path.to_str().expect("UTF-8");
    check(&home, &["export", name], 5, &["there are no reports yet"]);
    assert!(!path.try_exists().expect("readable"));
    assert!(home.run(&["export", "-"]).stdout.is_empty());
    let told = home.run(&["export", name, "--json"]);
    let told: Value = serde_json::from_slice(&told.stdout).expect("one object");
    assert_eq!(told["state"], "no_reports");
    fs::write(home.root().join("book.old-1.sqlite3"), "no book").expect("written");
    check(&home, &["export", name], 65, &["book.old-1.sqlite3"]);
}

#[test]
fn an_export_claims_nothing_of_a_chain_that_has_no_reports_yet() {
    let home = TestHome::new();
    drop(book(&home, 2));
    let kept = home.root().join("book.old-1.sqlite3");
    fs::rename(home.root().join("book.sqlite3"), kept).expect("ours");
    drop(book_of(ChainId([0xd5; 16]), &home, 0));
    let path = home.user().join("evidence.json");
    let name = path.to_str().expect("UTF-8");
    check(
        &home,
        &["export", name],
        0,
        &["holds 2 reports and 0 receipts"],
    );
    let words = [
        "has no reports yet",
        "Proven: 2 reports of 1 earlier chain,",
    ];
    let said = check(&home, &["verify", name], 0, &words);
    assert!(!said.contains("0 reports"), "{said}");
}

#[test]
fn a_file_without_reports_is_not_called_proof() {
    let home = TestHome::new();
    drop(book_of(IN_USE, &home, 1));
    let path = home.user().join("evidence.json");
    let name = path.to_str().expect("UTF-8");
    check(&home, &["export", name], 0, &["1 report and 0 receipts"]);
    check(
        &home,
        &["verify", name],
        0,
        &["Proven: this report forms one"],
    );
    let text = fs::read_to_string(&path).expect("there");
    let text: String = text.split_whitespace().collect();
    let (before, rest) = text.split_once(r#""reports":["#).expect("a list");
    let (_, rest) = rest.split_once(']').expect("its end");
    let (rest, _) = rest.split_once(r#","sha256""#).expect("the last member");
    let members = format!(r#"{before}"reports":[]{rest}"#);
    let hash = hex::encode(Sha256::digest(format!("{members}}}")));
    fs::write(&path, format!(r#"{members},"sha256":"{hash}"}}"#)).expect("ours");
    check(&home, &["verify", name], 65, &["it holds no reports"]);
}
