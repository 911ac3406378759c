//! One report is not called reports.

use crate::{
    backup::{WORDS, home_with, with_words},
    said::{Said, check},
    support::TestHome,
};
use std::{fs, path::Path};

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[track_caller]
fn says(home: &TestHome, args: &[&str], code: i32, part: &str) {
    let said = check(home, args, code, &[part]);
    assert!(!said.contains("1 reports"), "{args:?}: {said}");
}

#[test]
fn one_report_is_called_a_report_by_every_command() {
    let home = home_with(1);
    let [json, evidence, kept] = ["r.json", "e.json", "k.age"].map(|name| home.user().join(name));
    fs::write(&json, home.run(&["reports", "--json"]).stdout).expect("written");
    says(
        &home,
        &["verify", text(&json)],
        0,
        "The report verifies and is the chain from",
    );
    says(
        &home,
        &["export", text(&evidence)],
        0,
        "1 report and 0 receipts",
    );
    says(
        &home,
        &["verify", text(&evidence)],
        0,
        "this report forms one unbroken chain",
    );
    says(&home, &["doctor"], 1, "book: 1 report,");
    Said::of(&mut with_words(&home, &["backup", text(&kept)], WORDS))
        .expect(0, &["and 1 report with 4.575 credits."]);
    let restore = ["restore", text(&kept), "--replace"];
    Said::of(&mut with_words(&home, &restore, WORDS)).expect(0, &["in place: 1 report with"]);
    let book = home.root().join("book.sqlite3");
    fs::rename(&book, home.user().join("away")).expect("ours");
    says(&home, &["reports"], 65, "it held 1 report;");
    says(
        &home,
        &["export", text(&home.user().join("x.json"))],
        65,
        "it held 1 report;",
    );
    says(&home, &["doctor"], 1, "1 report was signed into it");
    fs::rename(home.user().join("away"), &book).expect("ours");
}

#[test]
fn one_report_is_called_a_report_by_every_command_that_asks_the_daemon() {
    let home = home_with(1);
    let json = home.user().join("r.json");
    fs::write(&json, home.run(&["reports", "--json"]).stdout).expect("written");
    fs::remove_dir_all(home.root().join("key")).expect("ours");
    fs::remove_file(home.root().join("book.sqlite3")).expect("ours");
    drop(crate::book::book(&home, 0));
    check(&home, &["monitor", "start"], 0, &[]);
    says(
        &home,
        &["restore", text(&json)],
        0,
        "1 report was taken into the book; it holds 1 now",
    );
    says(&home, &["status"], 0, "4.575 credits in 1 report\n");
    says(
        &home,
        &["new-chain", "--yes"],
        0,
        "with its 1 report is kept",
    );
}
