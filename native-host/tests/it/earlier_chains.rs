//! After a new chain every command gives the same number the same name.

use crate::{
    book::{book, book_of},
    said::check,
    support::TestHome,
};
use meter_core::ChainId;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Keeps the book in use as `new-chain` does. Returns its place.
fn keep_book(home: &TestHome, number: u32) -> PathBuf {
    let kept = home.root().join(format!("book.old-{number}.sqlite3"));
    fs::rename(home.root().join("book.sqlite3"), &kept).expect("ours");
    kept
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn reports_names_the_earlier_chain_while_the_one_in_use_has_none() {
    let home = TestHome::new();
    check(&home, &["reports"], 5, &["There are no reports yet"]);
    drop(book(&home, 2));
    check(&home, &["new-chain", "--yes", "--new-key"], 0, &[]);
    let kept = home.root().join("book.old-1.sqlite3");
    let way = format!("`onionmeter reports --book {}` shows them", text(&kept));
    let words = ["no reports in this chain yet; 2 in an earlier one", &way];
    check(&home, &["reports"], 5, &words);
    let all = "9.15 credits: 0.0 in 0 reports of this chain, 9.15 in earlier chains";
    check(&home, &["status"], 0, &[all]);
    let of_book = ["reports", "--book", text(&kept)];
    let said = check(&home, &of_book, 0, &["This book: 9.15 credits"]);
    assert!(!said.contains("alance"), "{said}");
    check(&home, &["stop"], 0, &[]);
    fs::remove_file(home.root().join("book.sqlite3")).expect("ours");
    check(&home, &["reports"], 5, &words);
}

#[test]
fn reports_and_status_call_the_same_number_the_balance() {
    let home = TestHome::new();
    drop(book(&home, 2));
    check(&home, &["reports"], 0, &["Balance: 9.15 credits"]);
    keep_book(&home, 1);
    drop(book_of(ChainId([0xd5; 16]), &home, 3));
    let second = keep_book(&home, 2);
    drop(book_of(ChainId([0xe6; 16]), &home, 0));
    let way = format!("--book {}` shows the last one", text(&second));
    check(&home, &["reports"], 5, &["5 in 2 earlier ones", &way]);
    drop(book_of(ChainId([0xe6; 16]), &home, 1));
    let sum = "This chain: 4.575 credits; balance 27.45 with earlier chains";
    check(&home, &["reports"], 0, &[sum]);
    check(&home, &["monitor", "start"], 0, &[]);
    check(
        &home,
        &["status"],
        0,
        &["Balance  27.45 credits: 4.575 in 1 report of"],
    );
}
