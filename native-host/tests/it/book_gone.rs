//! The book is removed while a daemon has it open, or no book can be made: what the commands say
//! then, and the ways out.

use crate::{
    book::{book, mounting},
    said::Said,
    support::TestHome,
};
use std::{fs, path::PathBuf, thread, time::Duration};

/// A daemon whose book of three reports was removed, and a copy of that book.
fn removed() -> (TestHome, PathBuf) {
    let home = TestHome::new();
    drop(book(&home, 3));
    let copy = home.user().join("copy.sqlite3");
    fs::copy(home.root().join("book.sqlite3"), &copy).expect("copied");
    expect(&home, &["monitor", "start"], 0, &["is open and counts"]);
    for suffix in ["", "-wal", "-shm"] {
        drop(fs::remove_file(
            home.root().join(format!("book.sqlite3{suffix}")),
        ));
    }
    // The daemon looks once a second.
    for _ in 0..100 {
        let status = Said::from(&home.run(&["status"])).text;
        if status.contains("moved away while it was in use") {
            return (home, copy);
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("not noticed");
}

#[track_caller]
fn expect(home: &TestHome, args: &[&str], code: i32, parts: &[&str]) -> String {
    Said::from(&home.run(args)).expect(code, parts)
}

#[test]
fn a_book_that_was_removed_from_under_the_daemon_is_made_anew_by_restore() {
    let (home, copy) = removed();
    expect(
        &home,
        &["status"],
        0,
        &["`onionmeter restore FILE` makes the book anew"],
    );
    let copy = copy.to_str().expect("text");
    let said = ["3 reports were taken into the book; it holds 3 now."];
    expect(&home, &["restore", copy], 0, &said);
    expect(&home, &["reports"], 0, &["13.725 credits"]);
    expect(&home, &["stop"], 0, &["The open session is kept."]);
}

#[test]
fn a_stop_says_that_no_session_is_kept_while_the_book_is_gone() {
    for command in ["stop", "down"] {
        let (home, copy) = removed();
        let said = ["The book of reports is not in its place, so no open session is kept"];
        let said = expect(&home, &[command], 0, &said);
        assert!(!said.contains("session is kept."), "{said}");
        let copy = copy.to_str().expect("text");
        expect(&home, &["restore", copy], 0, &["3 reports were taken"]);
        expect(&home, &[command], 0, &["The open session is kept"]);
    }
}

#[test]
fn a_new_chain_after_a_lost_book_does_not_say_that_its_credits_count() {
    let (home, _) = removed();
    let said = expect(
        &home,
        &["new-chain", "--yes"],
        0,
        &["A new chain of reports begins. The book of the chain before is not in its place"],
    );
    assert!(!said.contains("still count"), "{said}");
}

#[test]
fn restore_says_what_to_move_while_another_file_is_in_the_place_of_the_book() {
    let (home, copy) = removed();
    fs::write(home.root().join("book.sqlite3"), "something else").expect("written");
    thread::sleep(Duration::from_millis(1_500));
    let copy = copy.to_str().expect("text");
    let said = expect(
        &home,
        &["restore", copy],
        65,
        &["another file is in its place"],
    );
    assert!(!said.contains("run the same command again"), "{said}");
    fs::remove_file(home.root().join("book.sqlite3")).expect("moved away");
    thread::sleep(Duration::from_millis(1_500));
    expect(&home, &["restore", copy], 0, &["3 reports were taken"]);
}

#[test]
fn a_daemon_that_started_on_a_full_disk_works_once_there_is_room() {
    let home = TestHome::new();
    let line = r#"
        cp -a "$ONIONMETER_HOME" "$HOME/kept"
        mount -t tmpfs -o size=1m,mode=700 none "$ONIONMETER_HOME"
        cp -a "$HOME/kept/." "$ONIONMETER_HOME"; touch "$ONIONMETER_HOME/.onionmeter"
        cd "$ONIONMETER_HOME"; mkdir -m 700 key run log tor run/tor tor/data || true
        cat /dev/zero > filler 2>/dev/null || true; truncate -s -40k filler
        "$P" monitor start 2>&1 || true
        rm filler
        for _ in $(seq 100); do
            "$P" status 2>&1 | grep -q "disk is full" || break; sleep 0.1
        done
        "$P" status 2>&1; "$P" stop"#;
    let Some(output) = mounting(&home, line) else {
        return;
    };
    Said::from(&output).expect(0, &["The disk is full; make room", "127.0.0.1:"]);
}
