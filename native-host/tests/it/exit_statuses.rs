//! Each exit status of the list, from a real command.

use crate::{
    programs::c_library,
    said::Said,
    scripts::{check, object},
    stand_in::{Part, StandIn},
    support::TestHome,
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    process::Command,
};

#[test]
fn a_daemon_of_another_version_ends_commands_with_the_status_for_it() {
    let home = TestHome::new();
    fs::create_dir(home.root().join("run")).expect("made");
    let newer = StandIn::start(&home, Part::OtherProtocol);
    for args in [&["status"][..], &["monitor", "start"], &["new-identity"]] {
        let refused = check(&home, args, 76, "error");
        assert_eq!(refused["error"]["code"], "unsupported_protocol", "{args:?}");
    }
    drop(newer);
    let _older = StandIn::start(&home, Part::Older);
    for args in [&["status"][..], &["monitor", "start"], &["new-identity"]] {
        let refused = check(&home, args, 76, "error");
        assert_eq!(refused["error"]["code"], "unknown_request", "{args:?}");
    }
}

#[test]
fn an_answer_to_another_question_is_a_mistake_of_ours() {
    let home = TestHome::new();
    fs::create_dir(home.root().join("run")).expect("made");
    let _confused = StandIn::start(&home, Part::Confused);
    let refused = check(&home, &["status"], 70, "error");
    assert_eq!(refused["error"]["code"], "internal");
}

#[test]
fn a_panic_is_a_sentence_with_its_place_and_the_status_for_a_mistake_of_ours() {
    let home = TestHome::new();
    // Rust's standard library panics where the computer's clock cannot be read.
    let broken = c_library("without_a_clock.c", home.user());
    let run = |args: &[&str]| {
        let mut command = home.command(args);
        command
            .env("LD_PRELOAD", &broken)
            .output()
            .expect("it starts")
    };
    let output = run(&["man"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(70), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("mistake of Onionmeter itself, at "), "{said}");
    assert!(
        said.contains(".rs:") && said.contains("report it"),
        "{said}"
    );
    assert_eq!(
        object(&run(&["man", "--json"]))["error"]["code"],
        "internal"
    );
}

/// What the list says, and no more.
#[test]
fn every_status_of_the_list_is_that_of_a_command() {
    let home = TestHome::new();
    let listed = check(&home, &["exit-codes"], 0, "exit_codes");
    let listed = listed["exit_codes"].as_array().expect("a list");
    let listed: BTreeSet<_> = listed
        .iter()
        .filter_map(|row| row["code"].as_i64())
        .collect();
    let seen = [
        without_daemon(&home),
        with_daemon(&home),
        with_a_stand_in(),
        broken(),
    ]
    .concat();
    let seen: BTreeSet<_> = seen.into_iter().map(i64::from).collect();
    assert_eq!(seen, listed);
}

#[track_caller]
fn status(command: &mut Command) -> i32 {
    let output = command.output().expect("it starts");
    output.status.code().expect("no signal")
}

fn statuses(home: &TestHome, commands: &[&[&str]]) -> Vec<i32> {
    commands
        .iter()
        .map(|args| status(&mut home.command(args)))
        .collect()
}

fn without_daemon(home: &TestHome) -> Vec<i32> {
    fs::write(home.user().join("mine"), "mine").expect("ours");
    let mine = home.user().join("mine");
    let mine = mine.to_str().expect("UTF-8");
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let mut seen = statuses(
        home,
        &[
            &["exit-codes"],
            &["status"],
            &["install"],
            &["reports"],
            &["brew-tea"],
            &["verify", mine],
            &["verify", "/nowhere.json"],
            &["backup", mine],
        ],
    );
    seen.push(status(home.command(&["exit-codes"]).stdout(full)));
    seen
}

/// As with `>> log 2>&1` on a disk that is full.
#[test]
fn where_not_even_the_reason_can_be_written_the_status_still_tells_it() {
    let home = TestHome::new();
    for (args, code) in [
        (&["reports"][..], 5),
        (&["verify", "/nowhere.json"], 66),
        (&["config", "set", "tea", "1"], 64),
        (&["exit-codes"], 74),
        (&["status", "--json"], 74),
    ] {
        let full = || {
            File::options()
                .write(true)
                .open("/dev/full")
                .expect("Linux has it")
        };
        let mut command = home.command(args);
        command.stdout(full()).stderr(full());
        assert_eq!(status(&mut command), code, "{args:?}");
    }
}

fn with_daemon(home: &TestHome) -> Vec<i32> {
    statuses(
        home,
        &[
            &["monitor", "start"],
            &["status", "--check"],
            &["tor", "start"],
            &["new-identity"],
            &["new-identity"],
            &["ledger", "leave", "--yes"],
            &["stop"],
        ],
    )
}

fn with_a_stand_in() -> Vec<i32> {
    let played = |part, commands: &[&[&str]]| {
        let home = TestHome::new();
        fs::create_dir(home.root().join("run")).expect("made");
        let _stand_in = StandIn::start(&home, part);
        statuses(&home, commands)
    };
    let silence: &[&[&str]] = &[&["status"], &["new-identity", "--timeout", "100ms"]];
    [
        played(Part::Silence, silence),
        played(Part::OtherProtocol, &[&["status"]]),
        played(Part::Confused, &[&["status"]]),
    ]
    .concat()
}

fn broken() -> Vec<i32> {
    let home = TestHome::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    home.relay_at(taken.local_addr().expect("bound").port());
    let mut seen = statuses(&home, &[&["monitor", "start"]]);
    home.configure("[relay]\nport = 80\n");
    seen.extend(statuses(&home, &[&["monitor", "start"]]));
    seen
}

#[test]
fn who_has_no_ledger_is_not_asked_whether_to_leave_it() {
    let home = TestHome::new();
    let said = Said::of(&mut home.command(&["ledger", "leave"]));
    said.expect(77, &["not enrolled"]);
}
