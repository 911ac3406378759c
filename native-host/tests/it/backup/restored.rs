//! A backup on another computer, and older backups: what becomes of chain and reports.

use super::{HANG, WORDS, backed_up, home_with, is_there, restore};
use crate::{
    book::{await_noted, book},
    programs::c_program,
    said::{check, text},
    support::{PROGRAM, TestHome},
};
use meter_wire::{Request, RestoreReports};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    thread,
    time::{Duration, Instant},
};

#[test]
fn a_backup_is_put_back_on_another_computer_and_the_chain_goes_on() {
    let old = home_with(3);
    let path = backed_up(&old);
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!is_there(&old.root().join("backup.new")), "no draft stays");

    let new = TestHome::new();
    restore(&new, &path, &[]).expect(0, &["3 reports with 13.725 credits", "onionmeter install"]);
    let of = |home: &TestHome| text(&home.run(&["reports", "--json"]));
    assert_eq!(of(&new), of(&old));
    assert_eq!(
        fs::read(new.root().join("key/device.key")).expect("a key"),
        fs::read(old.root().join("key/device.key")).expect("a key")
    );
    check(&new, &["monitor", "start"], 0, &[]);
    let words = [
        "13.725 credits in 3 reports",
        "Restored",
        "a browser has later reports",
    ];
    check(&new, &["status"], 0, &words);
    let doctor = text(&new.run(&["doctor"]));
    assert!(doctor.contains("note   A backup was restored"), "{doctor}");
}

/// Waits for a status with these words.
#[track_caller]
fn await_status(home: &TestHome, words: &[&str]) -> String {
    let began = Instant::now();
    loop {
        let status = text(&home.run(&["status"]));
        if words.iter().all(|word| status.contains(word)) {
            return status;
        }
        assert!(began.elapsed() < HANG, "{status}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn an_older_backup_begins_a_new_chain_and_loses_nothing() {
    let home = home_with(3);
    let path = backed_up(&home);
    drop(book(&home, 2));
    check(&home, &["monitor", "start"], 0, &[]);
    await_noted(&home, 5);
    check(&home, &["stop"], 0, &[]);

    restore(&home, &path, &["--replace"]).expect(0, &["3 reports", "before-restore-1"]);
    check(&home, &["monitor", "start"], 0, &[]);
    await_status(
        &home,
        &[
            "0.0 in 0 reports of this chain",
            "so a new chain of reports began",
        ],
    );
    let doctor = text(&home.run(&["doctor"]));
    assert!(
        doctor.contains("so a new chain of reports began"),
        "{doctor}"
    );
    for (kept, credits) in [
        ("book.old-1.sqlite3", "13.725 credits"),
        ("before-restore-1/book.sqlite3", "22.875 credits"),
    ] {
        let kept = home.root().join(kept);
        let kept = kept.to_str().expect("UTF-8");
        check(&home, &["reports", "--book", kept], 0, &[credits]);
    }
    // What is kept is a way back, too.
    check(&home, &["stop"], 0, &[]);
    check(&home, &["monitor", "start"], 0, &[]);
    await_status(
        &home,
        &[
            "0.0 in 0 reports of this chain",
            "so a new chain of reports began",
        ],
    );
}

#[test]
fn a_browser_with_later_reports_gives_them_back_to_an_older_backup() {
    let old = home_with(3);
    let path = backed_up(&old);
    drop(book(&old, 2));
    let reports: serde_json::Value =
        serde_json::from_str(&text(&old.run(&["reports", "--json"]))).expect("JSON");
    let later = reports["reports"].as_array().expect("a list")[3..].to_vec();
    let later = serde_json::from_value(later.into()).expect("reports");

    let new = TestHome::new();
    restore(&new, &path, &[]).expect(0, &[]);
    let mut bridge = new.bridge();
    bridge.hello(false);
    let given = Request::RestoreReports(RestoreReports { reports: later });
    bridge.ask(2, given).expect("taken");
    await_status(&new, &["22.875 credits in 5 reports"]);
    assert!(
        !is_there(&new.root().join("book.old-1.sqlite3")),
        "the chain goes on"
    );
}

/// A kill right before each call that renames or removes, which is every step that changes a home.
#[test]
fn a_kill_at_any_step_of_a_restore_leaves_the_old_home_or_the_new_one() {
    let old = home_with(2);
    // It runs another program and kills it.
    let killer = c_program("killed_at.c", old.user());
    let path = backed_up(&old);
    let name = path.to_str().expect("UTF-8");
    let mut kills = 0;
    let mut ends = [0, 0];
    loop {
        let home = TestHome::new();
        drop(book(&home, 1));
        fs::write(home.user().join("words"), WORDS).expect("written");
        let words = home.user().join("words");
        let mut command = Command::new(&killer);
        command
            .arg(kills.to_string())
            .args([PROGRAM, "restore", name, "--replace", "--passphrase-file"])
            .arg(words)
            .env_clear()
            .env("HOME", home.user())
            .env("ONIONMETER_HOME", home.root());
        let status = command.status().expect("it starts");
        let shown = text(&home.run(&["reports"]));
        let reports = ["Balance: 4.575 credits", "Balance: 9.15 credits"];
        let reached = reports.iter().position(|balance| shown.contains(balance));
        ends[reached.unwrap_or_else(|| panic!("{kills}: {shown}"))] += 1;
        if reached == Some(1) {
            let kept = home.root().join("before-restore-1/book.sqlite3");
            let kept = kept.to_str().expect("UTF-8");
            check(&home, &["reports", "--book", kept], 0, &["4.575 credits"]);
        }
        check(&home, &["monitor", "start"], 0, &[]);
        if status.success() {
            break;
        }
        kills += 1;
    }
    assert!(ends[0] > 1 && ends[1] > 5, "{ends:?}");
}
