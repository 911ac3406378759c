//! What happens to a book in daily use: it is read-only, full, copied, lost, restored, or on a disk
//! without hard links.

use crate::{
    programs::c_program,
    said::{Said, text},
    support::{PROGRAM, TestHome},
};
use meter_core::{
    ByteCount, ChainId, DeviceSigner, DurationMs, SessionTotals, Tariff, UnixMs, Verified,
};
use meter_ledger::Book;
use rusqlite::Connection;
use std::{
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    process::{Command, Output},
    time::{Duration, Instant},
};

/// A wait that takes longer has hung.
const HANG: Duration = Duration::from_secs(60);

const CHAIN: ChainId = ChainId([0xc4; 16]);

fn signer() -> DeviceSigner {
    DeviceSigner::from_seed(&[0x51; 32])
}

fn next(book: &Book, chain: ChainId) -> Verified<meter_core::SessionReport> {
    let open = SessionTotals {
        started_at: UnixMs::from_u32(1_000),
        ended_at: UnixMs::from_u32(46_000),
        duration: DurationMs::from_u32(45_000),
        bytes_up: ByteCount::from_u32(50_000),
        bytes_down: ByteCount::from_u32(100_000),
        resumed: false,
    };
    let head = book.head(chain, signer().key()).expect("read");
    let report = head.next_report(&open, &Tariff::V1).expect("fits");
    signer().sign(&report).expect("our own")
}

/// A book of `reports` reports, and the key that signed them.
pub(crate) fn book(home: &TestHome, reports: u32) -> Book {
    book_of(CHAIN, home, reports)
}

/// The same for another chain of that key.
pub(crate) fn book_of(chain: ChainId, home: &TestHome, reports: u32) -> Book {
    let key = home.root().join("key");
    if !key.is_dir() {
        fs::create_dir(&key).expect("a folder");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o700)).expect("ours");
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600);
        let mut file = file.open(key.join("device.key")).expect("a key");
        std::io::Write::write_all(&mut file, &[0x51; 32]).expect("a key");
    }
    let mut book = Book::open(&home.root().join("book.sqlite3")).expect("made");
    book.begin_chain(chain, signer().key()).expect("begun");
    for _ in 0..reports {
        let report = next(&book, chain);
        book.post(&report).expect("posted");
    }
    book
}

#[track_caller]
fn check(output: &Output, code: i32, parts: &[&str]) -> String {
    Said::from(output).expect(code, parts)
}

/// Runs a shell line that may mount; `None` where this system does not allow that.
pub(crate) fn mounting(home: &TestHome, line: &str) -> Option<Output> {
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-ec", line]);
    unshare
        .env("ONIONMETER_HOME", home.root())
        .env("HOME", home.user())
        .env("P", PROGRAM);
    let output = unshare.output().expect("`unshare` of util-linux");
    let refused = text(&output).starts_with("unshare: ");
    (!refused).then_some(output)
}

pub(crate) const READ_ONLY: &str = r#"mount --bind "$ONIONMETER_HOME" "$ONIONMETER_HOME"
    mount -o remount,bind,ro "$ONIONMETER_HOME"; "#;

#[test]
fn reports_are_shown_and_checked_on_a_read_only_disk() {
    let home = TestHome::new();
    drop(book(&home, 3));
    let reports =
        format!(r#"{READ_ONLY} "$P" reports --json > "$HOME/r.json"; "$P" verify "$HOME/r.json""#);
    let Some(output) = mounting(&home, &reports) else {
        return;
    };
    check(&output, 0, &["All 3 reports verify"]);
    let doctor = mounting(&home, &format!(r#"{READ_ONLY} "$P" doctor"#)).expect("as before");
    let said = check(
        &doctor,
        1,
        &[
            "book: 3 reports, every signature and posting checked",
            "is on a read-only disk",
        ],
    );
    assert!(
        !said.contains("book.sqlite3 with its"),
        "a sound book stays: {said}"
    );
}

#[test]
fn reports_that_are_in_the_log_alone_are_shown_on_a_read_only_disk() {
    let home = TestHome::new();
    let open = book(&home, 3);
    let copy = home.user().join("copy ü? #1");
    fs::create_dir(&copy).expect("a folder");
    for name in ["book.sqlite3", "book.sqlite3-wal"] {
        fs::copy(home.root().join(name), copy.join(name)).expect("copied");
    }
    drop(open);
    let line = r#"C="$HOME/copy ü? #1"; mount --bind "$C" "$C"
        mount -o remount,bind,ro "$C"; "$P" reports --book "$C/book.sqlite3""#;
    let Some(output) = mounting(&home, line) else {
        return;
    };
    check(&output, 0, &["This book: 13.725 credits"]);
    // Without its write-ahead log the copy is an older book, and a valid one.
    fs::remove_file(copy.join("book.sqlite3-wal")).expect("ours");
    let output = mounting(&home, line).expect("as before");
    assert_eq!(
        output.status.code(),
        Some(5),
        "no chain was begun: {}",
        text(&output)
    );
}

#[test]
fn a_full_disk_is_told_as_full_and_a_sound_book_on_it_is_read() {
    let home = TestHome::new();
    drop(book(&home, 3));
    let line = r#"
        cp -a "$ONIONMETER_HOME" "$HOME/kept"
        mount -t tmpfs -o size=1m,mode=700 none "$ONIONMETER_HOME"
        cp -a "$HOME/kept/." "$ONIONMETER_HOME"; touch "$ONIONMETER_HOME/.onionmeter"
        cat /dev/zero > "$ONIONMETER_HOME/filler" 2>/dev/null || true
        "$P" reports; "$P" doctor || true; "$P" monitor start 2>&1 || true"#;
    let Some(output) = mounting(&home, line) else {
        return;
    };
    let said = check(
        &output,
        0,
        &[
            "Balance: 13.725 credits",
            "book: 3 reports, every signature",
            "is full (0 kB are free)",
            "The disk is full; make room",
        ],
    );
    assert!(!said.contains("amaged"), "{said}");
    assert!(!said.contains("move book.sqlite3"), "{said}");
}

#[test]
fn a_new_chain_on_a_full_disk_leaves_the_old_one_in_use() {
    let home = TestHome::new();
    drop(book(&home, 3));
    let line = r#"
        cp -a "$ONIONMETER_HOME" "$HOME/kept"
        mount -t tmpfs -o size=2m,mode=700 none "$ONIONMETER_HOME"
        cp -a "$HOME/kept/." "$ONIONMETER_HOME"; touch "$ONIONMETER_HOME/.onionmeter"
        "$P" monitor start; cat /dev/zero > "$ONIONMETER_HOME/filler" 2>/dev/null || true
        "$P" new-chain --yes 2>&1 && exit 1; "$P" status; "$P" stop; ls "$ONIONMETER_HOME""#;
    let Some(output) = mounting(&home, line) else {
        return;
    };
    let said = check(
        &output,
        0,
        &["The disk is full; make room", "13.725 credits in 3 reports"],
    );
    assert!(!said.contains("book.old"), "{said}");
    assert!(!said.contains("book.sqlite3.new"), "{said}");
}

#[test]
fn a_book_that_another_program_holds_is_told_within_seconds_by_every_command() {
    let home = TestHome::new();
    drop(book(&home, 3));
    let other = Connection::open(home.root().join("book.sqlite3")).expect("a second program");
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")
        .expect("held");
    let backup = home.user().join("backup");
    let words = home.user().join("words");
    fs::write(&words, "a passphrase that nobody guesses").expect("written");
    fs::set_permissions(&words, fs::Permissions::from_mode(0o600)).expect("ours");
    let [backup, words] = [&backup, &words].map(|path| path.to_str().expect("UTF-8"));
    let backup = ["backup", backup, "--passphrase-file", words];
    for (args, code) in [
        (&["reports"][..], 75),
        (&["doctor"], 1),
        (&["monitor", "start"], 75),
        (&backup, 75),
    ] {
        let begun = Instant::now();
        let text = Said::of(&mut home.command(args)).expect(code, &["nother program"]);
        assert!(begun.elapsed() < Duration::from_secs(4), "{args:?}: {text}");
        assert_eq!(
            text.matches("is using the book").count().max(1),
            1,
            "{text}"
        );
    }
    drop(other);
    Said::of(&mut home.command(&["reports"])).expect(0, &["13.725"]);
}

#[test]
fn a_first_start_on_a_full_disk_is_never_told_as_a_lost_key_and_succeeds_once_there_is_room() {
    let home = TestHome::new();
    let line = r#"
        cp "$ONIONMETER_HOME/config.toml" "$HOME/kept"
        mount -t tmpfs -o size=56k,mode=700 none "$ONIONMETER_HOME"
        cp "$HOME/kept" "$ONIONMETER_HOME/config.toml"
        "$P" monitor start 2>&1 || true; "$P" doctor || true; "$P" stop
        mount -o remount,size=10m "$ONIONMETER_HOME"; "$P" monitor start; "$P" stop"#;
    let Some(output) = mounting(&home, line) else {
        return;
    };
    let said = check(
        &output,
        0,
        &[
            "The disk is full",
            "no signing key yet",
            "is open and counts",
        ],
    );
    assert!(!said.contains("is missing"), "{said}");
}

#[test]
fn key_and_book_are_made_where_no_hard_links_are() {
    let home = TestHome::new();
    let program = c_program("without_links.c", home.user());
    let mut command = Command::new(&program);
    let daemon = command
        .args([PROGRAM, "monitor", "start"])
        .env_clear()
        .env("HOME", home.user())
        .env("ONIONMETER_HOME", home.root())
        .output()
        .expect("starts");
    check(&daemon, 0, &["counts"]);
    for name in ["key/device.key", "key/last-signed", "book.sqlite3"] {
        assert!(home.root().join(name).is_file(), "{name}");
    }
    let left = fs::read_dir(home.root().join("key"))
        .expect("readable")
        .count();
    assert_eq!(left, 2, "no draft stays");
}

/// Waits until the daemon has noted the number of the last report.
pub(crate) fn await_noted(home: &TestHome, number: u64) {
    let began = Instant::now();
    let noted = || {
        let noted = fs::read_to_string(home.root().join("key/last-signed"));
        noted.is_ok_and(|text| text.contains(&format!(" {number} ")))
    };
    while !noted() {
        assert!(began.elapsed() < HANG, "{number} was never noted");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_older_book_is_told_everywhere_and_taken_back_from_a_file() {
    let home = TestHome::new();
    drop(book(&home, 2));
    let path = home.root().join("book.sqlite3");
    fs::copy(&path, home.user().join("backup")).expect("copied");
    drop(book(&home, 3));
    // The daemon must read the five reports once, so that it knows their number.
    check(&home.run(&["monitor", "start"]), 0, &[]);
    await_noted(&home, 5);
    check(&home.run(&["reports", "--json"]), 0, &[]);
    let json = home.run(&["reports", "--json"]).stdout;
    fs::write(home.user().join("reports.json"), json).expect("written");
    check(&home.run(&["stop"]), 0, &[]);
    fs::copy(&path, home.user().join("newer.sqlite3")).expect("copied");
    fs::copy(home.user().join("backup"), &path).expect("put back");

    let older = "is older than the last signed report";
    check(
        &home.run(&["doctor"]),
        1,
        &["holds 2 reports, and 5 were signed", "onionmeter restore"],
    );
    check(&home.run(&["monitor", "start"]), 0, &[]);
    check(&home.run(&["status"]), 0, &[older, "onionmeter new-chain"]);
    let newer = home.user().join("newer.sqlite3");
    check(
        &home.run(&["restore", newer.to_str().expect("UTF-8")]),
        0,
        &["3 reports were taken", "holds 5"],
    );
    let status = check(&home.run(&["status"]), 0, &["in 5 reports"]);
    assert!(!status.contains(older), "{status}");
    let json = home.user().join("reports.json");
    check(
        &home.run(&["restore", json.to_str().expect("UTF-8")]),
        0,
        &["0 reports"],
    );
    check(&home.run(&["doctor"]), 1, &["book: 5 reports"]);

    check(&home.run(&["new-chain"]), 64, &["Nothing is wrong"]);
    let said = check(
        &home.run(&["new-chain", "--yes"]),
        0,
        &["5 reports is kept"],
    );
    let kept = home.root().join("book.old-1.sqlite3");
    assert!(said.contains(kept.to_str().expect("UTF-8")), "{said}");
    let all = "22.875 credits: 0.0 in 0 reports of this chain, 22.875 in earlier chains";
    check(&home.run(&["status"]), 0, &[all]);
    check(
        &home.run(&["reports", "--book", kept.to_str().expect("UTF-8")]),
        0,
        &["This book: 22.875 credits"],
    );
    check(
        &home.run(&["restore", json.to_str().expect("UTF-8")]),
        65,
        &["another chain"],
    );

    check(&home.run(&["stop"]), 0, &[]);
    fs::remove_file(home.root().join("key/device.key")).expect("ours");
    let gone = "The signing key of your reports is gone";
    check(&home.run(&["monitor", "start"]), 65, &[gone]);
    check(&home.run(&["new-chain"]), 0, &["A new chain"]);
    let status = check(&home.run(&["status"]), 0, &[all]);
    assert!(!status.contains(gone), "{status}");
}

#[test]
fn whatever_lies_in_place_of_the_book_is_told_as_what_it_is() {
    let home = TestHome::new();
    let path = home.root().join("book.sqlite3");
    fs::create_dir(&path).expect("a folder");
    check(&home.run(&["doctor"]), 1, &["is a folder, not a file"]);
    check(&home.run(&["reports"]), 65, &["is a folder, not a file"]);
    fs::remove_dir(&path).expect("ours");
    fs::write(&path, "").expect("written");
    check(&home.run(&["doctor"]), 1, &["is empty; it holds no report"]);
    fs::remove_file(&path).expect("ours");
    drop(book(&home, 1));
    let later = Connection::open(&path).expect("opened");
    later
        .pragma_update(None, "user_version", 2)
        .expect("written");
    drop(later);
    let said = check(
        &home.run(&["doctor"]),
        1,
        &["format 2", "update this program"],
    );
    assert!(!said.contains("move book.sqlite3"), "{said}");
    let mut bytes = fs::read(&path).expect("there");
    bytes.truncate(5_000);
    fs::write(&path, bytes).expect("cut off");
    check(&home.run(&["doctor"]), 1, &["BAD    book"]);
}

#[test]
fn a_time_since_which_no_report_ended_is_told_and_no_empty_evidence_is_written() {
    let home = TestHome::new();
    drop(book(&home, 3));
    let all = home.run(&["reports", "--since", "1970-01-01T00:00:46Z"]);
    check(&all, 0, &["Balance"]);
    let named = home.run(&["reports", "--since", "1970-01-01T05:00:46[Etc/GMT-5]"]);
    check(&named, 0, &["Balance"]);
    let later = ["reports", "--since", "1970-01-01T00:00:47Z"];
    let text = check(
        &home.run(&later),
        5,
        &["No report ended since then", "newest of 3"],
    );
    assert!(!text.contains("Balance"), "{text}");
    let json = home.run(&[&later[..], &["--json"]].concat());
    check(&json, 5, &["\"no_reports\""]);
}
