//! What scripts rely on: one JSON object with a state, exit statuses, and pipes that end early.

mod usage;

use crate::support::TestHome;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    process::{Output, Stdio},
};

/// The object on stdout; checks what holds for every object.
#[track_caller]
pub(crate) fn object(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let object: Value = match serde_json::from_str(&text) {
        Ok(object) => object,
        Err(error) => panic!("{error}: {text}"),
    };
    assert!(object["state"].is_string(), "a state: {text}");
    let code = output.status.code().expect("no signal");
    assert_eq!(object.get("error").is_some(), code != 0, "{code}: {text}");
    if code != 0 {
        let error = &object["error"];
        assert!(
            error["code"].is_string() && error["message"].is_string(),
            "{text}"
        );
        assert_eq!(error["exit_status"], code, "{text}");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "", "all that is said is in the object");
    object
}

#[track_caller]
pub(crate) fn check(home: &TestHome, args: &[&str], code: i32, state: &str) -> Value {
    let output = home.run(&[args, &["--json"]].concat());
    let object = object(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {object}");
    assert_eq!(object["state"], state, "{args:?}: {object}");
    stands_in_the_page(args, &object);
    object
}

/// The page about the objects has a row for the command, with this state and these members.
#[track_caller]
fn stands_in_the_page(args: &[&str], object: &Value) {
    let page = include_str!("../../../docs/spec/command-line-json.md");
    let rows = page
        .lines()
        .skip_while(|line| *line != "## States")
        .take_while(|line| *line != "## Exit statuses");
    let rows = rows.filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|');
        Some((cells.next()?, cells.next()?, cells.next()?))
    });
    let rows: Vec<_> = rows.collect();
    let words: Vec<_> = args
        .iter()
        .take_while(|word| !word.starts_with('-'))
        .collect();
    let row = |count: usize| {
        let words = words.get(..count)?;
        let call: Vec<_> = words.iter().map(ToString::to_string).collect();
        let call = format!("`{}`", call.join(" "));
        rows.iter().find(|(calls, ..)| calls.contains(&call))
    };
    let state = object["state"].as_str().expect("a state");
    let Some((_, states, members)) = row(2).or_else(|| row(1)) else {
        assert_eq!(state, "error", "{args:?} stands in no row");
        return;
    };
    let is_named = |cell: &str, word: &str| cell.contains(&format!("`{word}`"));
    let is_usual = matches!(state, "error" | "not_running" | "no_reports");
    assert!(is_usual || is_named(states, state), "{args:?}: {state}");
    // Where a row leaves members to another page, another test checks them.
    let names = object.as_object().expect("an object").keys();
    let names = names.filter(|name| !matches!(name.as_str(), "state" | "error"));
    for name in names.filter(|_| !members.contains("](")) {
        assert!(is_named(members, name), "{args:?}: {name}");
    }
}

#[test]
fn every_command_gives_one_object_with_a_state_when_nothing_runs() {
    let home = TestHome::new();
    for (args, code, state) in [
        (&["status"][..], 3, "not_running"),
        (&["status", "--check"], 3, "not_running"),
        (&["reports"], 5, "no_reports"),
        (&["verify", "/nowhere.json"], 66, "error"),
        (&["reports", "--book", "/nowhere.sqlite3"], 66, "error"),
        (&["reports", "--book", "/tmp"], 66, "error"),
        (&["reports", "--book", "/dev/null"], 66, "error"),
        (&["tor", "stop"], 0, "not_running"),
        (&["monitor", "stop"], 0, "not_running"),
        (&["down"], 0, "not_running"),
        (&["stop"], 0, "not_running"),
        (&["new-identity"], 3, "not_running"),
        (&["circuit", "example.com"], 3, "not_running"),
        (&["new-circuit", "example.com"], 3, "not_running"),
        (&["thresholds"], 0, "not_running"),
        (&["thresholds", "--min-bytes", "1MB"], 3, "not_running"),
        (&["thresholds", "--min-bytes", "1kB"], 64, "error"),
        (&["config", "path"], 0, "present"),
        (&["config", "get"], 0, "present"),
        (&["config", "check"], 0, "sound"),
        (&["logs"], 66, "error"),
        (&["version"], 0, "not_running"),
        (&["completions", "fish"], 0, "completions"),
        (&["man"], 0, "man"),
        (&["exit-codes"], 0, "exit_codes"),
        (
            &[
                "relay",
                "--listen",
                "9.9.9.9:1",
                "--upstream",
                "127.0.0.1:1",
            ],
            64,
            "error",
        ),
        (&["brew-tea"], 64, "error"),
        (&["status", "--tea"], 64, "error"),
        (&["circuit", "file:///etc/passwd"], 64, "error"),
    ] {
        check(&home, args, code, state);
    }
    assert!(home.daemon_pid().is_none(), "looking starts nothing");
}

#[test]
fn every_command_gives_one_object_while_the_daemon_runs() {
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, "started");
    let status = check(&home, &["status"], 0, "tor_failed");
    assert_eq!(status["relay"]["listening"]["port"], home.relay_port);
    check(&home, &["status", "--check"], 1, "tor_failed");
    check(&home, &["reports"], 5, "no_reports");
    let failed = check(&home, &["tor", "start"], 69, "error");
    assert_eq!(failed["error"]["code"], "tor_missing");
    check(&home, &["up"], 69, "error");
    check(
        &home,
        &["circuit", "https://Example.COM:443/x"],
        0,
        "untold",
    );
    check(&home, &["new-circuit", "example.com"], 0, "done");
    let soon = check(&home, &["new-circuit", "example.org"], 75, "error");
    assert_eq!(soon["error"]["code"], "circuit_too_soon");
    check(&home, &["new-identity"], 0, "done");
    let soon = check(&home, &["new-identity"], 75, "error");
    assert_eq!(soon["error"]["code"], "identity_too_soon");
    check(
        &home,
        &[
            "thresholds",
            "--min-bytes",
            "1.5MB",
            "--max-duration",
            "20min",
        ],
        0,
        "in_force",
    );
    let now = check(&home, &["thresholds"], 0, "in_force");
    assert_eq!(now["thresholds"]["min_bytes"], "1500000");
    assert_eq!(now["thresholds"]["min_duration_ms"], "30000", "as it was");
    assert_eq!(now["thresholds"]["max_duration_ms"], "1200000");
    assert_eq!(now["next_start"]["min_bytes"], "100000");
    let version = check(&home, &["version"], 0, "same");
    assert_eq!(version["daemon"]["version"], env!("CARGO_PKG_VERSION"));
    let log = check(&home, &["logs", "-n", "2"], 0, "log");
    assert_eq!(log["lines"].as_array().map(Vec::len), Some(2));
    check(&home, &["monitor", "stop"], 0, "stopped");
    check(&home, &["down"], 0, "stopped");
}

#[test]
fn what_is_in_the_way_has_an_exit_status_of_its_own() {
    let home = TestHome::new();
    let listed = check(&home, &["exit-codes"], 0, "exit_codes");
    let rows = listed["exit_codes"].as_array().expect("a list");
    let numbers: BTreeSet<_> = rows.iter().filter_map(|row| row["code"].as_i64()).collect();
    assert_eq!(numbers.len(), rows.len());
    let help = home.run(&["help", "exit-codes"]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for row in rows {
        let name = row["name"].as_str().expect("a name");
        assert!(help.contains(name), "{name}: {help}");
    }
    // Another program has the port.
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    home.relay_at(taken.local_addr().expect("bound").port());
    let refused = check(&home, &["monitor", "start"], 71, "error");
    assert_eq!(refused["error"]["code"], "port_taken");
    home.configure("[relay]\nport = 80\n");
    let broken = check(&home, &["monitor", "start"], 78, "error");
    assert_eq!(broken["error"]["code"], "config_invalid");
    check(&home, &["tor", "start"], 78, "error");
    check(&home, &["daemon"], 78, "error");
}

/// A reader that stops reading is not an error, and the program prints nothing about it.
#[test]
fn a_pipe_that_ends_early_is_quiet() {
    let home = TestHome::new();
    for args in [
        &["exit-codes"][..],
        &["man"],
        &["completions", "bash"],
        &["config", "get"],
    ] {
        let mut child = home
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let mut said = String::new();
        let mut stderr = child.stderr.take().expect("piped");
        stderr.read_to_string(&mut said).expect("text");
        assert_eq!(said, "", "{args:?}");
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{args:?}");
    }
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("a device");
    let output = home
        .command(&["exit-codes"])
        .stdout(full)
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(74));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot be written"), "{said}");
}

/// When a command cannot read the log or the book, it names that file and does not blame its own
/// output.
#[test]
fn what_cannot_be_read_is_named_and_not_called_the_output() {
    let home = TestHome::new();
    // The book's folder is a file.
    fs::remove_dir_all(home.root()).expect("ours");
    fs::write(home.root(), "").expect("written");
    let refused = check(&home, &["reports"], 66, "error");
    let message = refused["error"]["message"].as_str().expect("a message");
    assert!(message.contains("book.sqlite3"), "{message}");

    let home = TestHome::new();
    let log = home.root().join("log/onionmeter.log");
    fs::create_dir_all(log.parent().expect("a folder")).expect("made");
    fs::write(&log, "one\n").expect("written");
    let mut child = home
        .command(&["logs", "-f"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut out = child.stdout.take().expect("piped");
    out.read_exact(&mut [0; 4]).expect("the first line");
    fs::remove_file(&log).expect("ours");
    fs::create_dir(&log).expect("made");
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("piped");
    stderr.read_to_string(&mut said).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(66), "{said}");
    assert!(said.contains("onionmeter.log cannot be read"), "{said}");
}

#[test]
fn a_relay_whose_port_is_taken_ends_with_the_status_of_the_table() {
    let home = TestHome::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let at = taken.local_addr().expect("bound").to_string();
    let upstream = ["relay", "--upstream", "127.0.0.1:1", "--listen"];
    let refused = check(&home, &[&upstream[..], &[&at]].concat(), 71, "error");
    assert_eq!(refused["error"]["code"], "relay_failed");
    let stats = [&upstream[..], &["127.0.0.1:0", "--stats", &at]].concat();
    let refused = check(&home, &stats, 71, "error");
    let message = refused["error"]["message"].as_str().expect("a message");
    assert!(message.contains(&at), "{message}");
}

#[test]
fn a_pipe_gets_no_colours() {
    let home = TestHome::new();
    for args in [
        &["--help"][..],
        &["brew-tea"],
        &["status"],
        &["doctor"],
        &["status", "--help"],
    ] {
        let output = home
            .command(args)
            .env("CLICOLOR", "1")
            .output()
            .expect("it starts");
        let all = [output.stdout, output.stderr].concat();
        assert!(!all.contains(&b'\x1b'), "{args:?}");
    }
}
