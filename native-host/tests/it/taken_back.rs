//! Reports that `restore` hands to the daemon: how far that comes, and what is said of it.

use crate::{
    book::book,
    programs::c_library,
    said::{Said, check, text},
    support::TestHome,
};
use serde_json::Value;
use std::{fs, path::PathBuf, thread, time::Duration};

/// A file with this many reports, of which the book in the home has the first.
fn behind(home: &TestHome, reports: u32) -> String {
    let (path, older) = (home.root().join("book.sqlite3"), home.user().join("older"));
    drop(book(home, 1));
    fs::copy(&path, &older).expect("copied");
    drop(book(home, reports - 1));
    let json = home.run(&["reports", "--json"]).stdout;
    fs::copy(&older, &path).expect("put back");
    let file = home.user().join("reports.json");
    fs::write(&file, json).expect("written");
    file.to_str().expect("UTF-8").to_owned()
}

/// Starts the daemon; from then on its disk has this fault of `faulty_disk.c`, as long as the file
/// that is returned is there.
fn on_a_disk_that(home: &TestHome, fault: &str) -> PathBuf {
    let while_there = home.user().join(fault);
    let mut start = home.command(&["monitor", "start"]);
    let library = c_library("faulty_disk.c", home.user());
    start.env("LD_PRELOAD", library).env(fault, &while_there);
    Said::of(&mut start).expect(0, &[]);
    fs::write(&while_there, "").expect("written");
    while_there
}

#[test]
fn a_disk_that_is_only_slow_is_not_called_dead_and_the_progress_is_told() {
    let home = TestHome::new();
    let file = behind(&home, 25);
    on_a_disk_that(&home, "SLOW");
    let words = [
        "24 reports were taken into the book; it holds 25 now",
        " of 25 reports taken\n",
    ];
    check(&home, &["restore", &file], 0, &words);
}

#[test]
fn a_restore_that_the_disk_stops_says_how_many_were_taken_and_goes_on_when_run_again() {
    let home = TestHome::new();
    let file = behind(&home, 25);
    let hangs = on_a_disk_that(&home, "HANGS");
    let words = ["does not answer", "0 of 25 reports were taken", "again"];
    check(&home, &["restore", &file], 73, &words);
    fs::remove_file(&hangs).expect("removed");
    while text(&home.run(&["status"])).contains("does not answer") {
        thread::sleep(Duration::from_millis(20));
    }
    // The daemon has taken some of them since.
    check(&home, &["restore", &file], 0, &["it holds 25 now"]);
}

#[test]
fn a_report_that_does_not_verify_is_told_with_how_many_were_taken_before_it() {
    let home = TestHome::new();
    let file = behind(&home, 25);
    let mut json: Value = serde_json::from_slice(&fs::read(&file).expect("there")).expect("JSON");
    json["reports"][14]["signature"] = "0".repeat(128).into();
    fs::write(&file, json.to_string()).expect("written");
    let words = ["did not sign", "13 of 25 reports were taken before it"];
    check(&home, &["restore", &file], 65, &words);
    let object = home.run(&["restore", &file, "--json"]).stdout;
    let object: Value = serde_json::from_slice(&object).expect("one object");
    assert_eq!(
        (&object["taken"], &object["reports"]),
        (&"0".into(), &"14".into())
    );
    check(
        &home,
        &["new-chain", "--yes"],
        0,
        &["with its 14 reports is kept"],
    );
}
