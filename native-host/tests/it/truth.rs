//! In every state of the daemon, every command and every browser gets a report of it, within the
//! program's own short limits.

use crate::{
    said::text,
    support::{Bridge, TestHome},
};
use meter_wire::{
    Client, ErrorCode, FRAME_OUT_MAX, FromDaemon, Hello, Notice, Outcome, ProtocolRange, Request,
    RequestEnvelope, parse_from_daemon, write_request,
};
use rustix::process::{Signal, kill_process};
use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Within this time a person is told that a daemon does not answer.
const PROMISED: Duration = Duration::from_secs(3);

fn signal(home: &TestHome, signal: Signal) {
    kill_process(home.daemon_pid().expect("one runs"), signal).expect("ours");
}

fn number(home: &TestHome) -> i32 {
    let pid = home.daemon_pid().expect("one runs");
    pid.as_raw_nonzero().get()
}

/// How many daemons have started so far.
fn daemons(root: &Path) -> usize {
    let log = fs::read_to_string(root.join("log/onionmeter.log")).expect("there");
    log.matches("daemon ready").count()
}

#[test]
fn every_command_says_that_the_daemon_is_suspended_and_what_lets_it_go_on() {
    let home = TestHome::new();
    home.bridge().hello(false);
    let process = number(&home);
    signal(&home, Signal::STOP);
    let thresholds = [
        "thresholds",
        "--min-bytes=20000",
        "--min-duration-ms=15000",
        "--max-duration-ms=60000",
    ];
    let commands: [&[&str]; 10] = [
        &["status"],
        &["version"],
        &["doctor"],
        &["tor", "start"],
        &["tor", "stop"],
        &["monitor", "start"],
        &["monitor", "stop"],
        &["new-identity"],
        &["circuit", "example.com"],
        &thresholds,
    ];
    thread::scope(|scope| {
        for args in commands {
            let home = &home;
            scope.spawn(move || {
                let output = home.run(args);
                let text = text(&output);
                let code = if args == ["doctor"] { 1 } else { 7 };
                assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
                assert!(
                    text.contains("runs but does not answer"),
                    "{args:?}: {text}"
                );
                let remedy = format!("`kill -CONT {process}`");
                assert!(text.contains(&remedy), "{args:?}: {text}");
            });
        }
    });
    // Other tests run beside this one, so one of three tries has to be as quick as is promised.
    for args in [
        &["status"][..],
        &["ledger", "leave", "--yes"],
        &["ledger", "leave"],
    ] {
        let is_quick = |_| {
            let since = Instant::now();
            home.run(args);
            since.elapsed() < PROMISED
        };
        assert!(
            (0..3).any(is_quick),
            "{args:?}: no try was quicker than {PROMISED:?}"
        );
    }
    signal(&home, Signal::CONT);
    let output = home.run(&["status"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(number(&home), process, "the same one goes on");
}

#[test]
fn version_says_what_the_program_knows_itself_though_the_daemon_gives_no_answer() {
    let home = TestHome::new();
    home.bridge().hello(false);
    signal(&home, Signal::STOP);
    let output = home.run(&["version"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    let program = format!("Program       {}", env!("CARGO_PKG_VERSION"));
    for words in [
        &program,
        "Daemon        not known",
        "Extension     not known",
        "Tor in use    not known",
        "Built-in Tor  ",
        "Protocol      1 to 1",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let json = home.run(&["version", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("one object");
    assert_eq!(json["state"], "error");
    assert_eq!(json["error"]["code"], "daemon_silent");
    assert_eq!(json["program"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn thresholds_shows_those_of_the_settings_though_the_daemon_gives_no_answer() {
    let home = TestHome::new();
    home.bridge().hello(false);
    signal(&home, Signal::STOP);
    let output = home.run(&["thresholds"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    for words in ["is not known", "by config.toml:\nA session closes at 100kB"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// Each attempt takes the whole time limit for a daemon which does not answer.
#[test]
fn doctor_waits_once_for_a_daemon_that_does_not_answer() {
    let home = TestHome::new();
    fs::create_dir(home.root().join("run")).expect("ours");
    let silent = UnixListener::bind(home.root().join("run/daemon.sock")).expect("free");
    let text = text(&home.run(&["doctor"]));
    // A client that connected stays in the queue, although it is gone by now.
    silent.set_nonblocking(true).expect("a socket");
    let attempts = silent.incoming().take_while(Result::is_ok).count();
    assert_eq!(attempts, 1, "{text}");
}

#[test]
fn a_suspended_daemon_ends_when_it_is_asked_to() {
    let home = TestHome::new();
    home.bridge().hello(false);
    signal(&home, Signal::STOP);
    let output = home.run(&["stop"]);
    assert!(text(&output).contains("is stopped"), "{}", text(&output));
    assert!(home.daemon_pid().is_none());
}

#[test]
fn a_browser_hears_that_the_daemon_does_not_answer() {
    let home = TestHome::new();
    let mut old = home.bridge();
    old.hello(false);
    signal(&home, Signal::STOP);
    old.send(7, Request::Ping);
    let mut new = home.bridge();
    new.send(1, hello("extension"));
    for mut bridge in [old, new] {
        let message = bridge.receive();
        let Some(FromDaemon::Notice(Notice::Problem(problem))) = message else {
            panic!("no problem was told: {message:?}");
        };
        assert_eq!(problem.code, ErrorCode::DaemonSilent);
        assert_eq!(bridge.wait().code(), Some(69));
    }
}

fn hello(name: &str) -> Request {
    Request::Hello(Hello {
        protocol: ProtocolRange::OURS,
        client: Client {
            name: name.to_owned(),
            version: "0".to_owned(),
        },
        notices: false,
    })
}

/// A client without a process of its own.
fn knock(home: &TestHome) -> UnixStream {
    UnixStream::connect(home.root().join("run/daemon.sock")).expect("it listens")
}

fn greet(mut client: &UnixStream, name: &str) -> Outcome {
    let request = hello(name);
    let json = write_request(&RequestEnvelope { id: 1, request });
    let length = u32::try_from(json.len()).expect("small").to_ne_bytes();
    let frame = [&length[..], &json].concat();
    client.write_all(&frame).expect("it listens");
    let mut length = [0; 4];
    client.read_exact(&mut length).expect("an answer");
    let length = usize::try_from(u32::from_ne_bytes(length)).expect("64 bit");
    assert!(length <= FRAME_OUT_MAX);
    let mut json = vec![0; length];
    client.read_exact(&mut json).expect("a whole frame");
    match parse_from_daemon(&json).expect("a message") {
        FromDaemon::Reply(reply) => reply.outcome,
        other => panic!("not asked for: {other:?}"),
    }
}

#[test]
fn clients_that_never_say_hello_hold_no_places_and_are_closed() {
    let home = TestHome::new();
    home.bridge().hello(false);
    let silent: Vec<_> = (0..200).map(|_| knock(&home)).collect();
    let idle: Vec<Bridge> = (0..4).map(|_| home.bridge()).collect();
    assert!(matches!(greet(&knock(&home), "extension"), Outcome::Ok(_)));
    assert!(home.run(&["status"]).status.success());
    // No later client pushed out the last one: the daemon's own time limit closes it.
    let mut last = silent.last().expect("some");
    assert_eq!(last.read(&mut [0; 1]).expect("an end"), 0);
    drop(idle);
}

#[test]
fn when_all_places_are_taken_a_browser_is_told_and_commands_still_work() {
    let home = TestHome::new();
    home.bridge().hello(false);
    let mut full = None;
    let mut clients = Vec::new();
    while full.is_none() {
        assert!(clients.len() <= 64, "there is a limit");
        let client = knock(&home);
        match greet(&client, "extension") {
            Outcome::Ok(_) => clients.push(client),
            Outcome::Error(problem) => full = Some(problem.code),
        }
    }
    assert_eq!(full, Some(ErrorCode::DaemonFull));
    for args in [&["status"][..], &["monitor", "stop"], &["monitor", "start"]] {
        let output = home.run(args);
        assert!(output.status.success(), "{}", text(&output));
    }
    let mut bridge = home.bridge();
    let refused = bridge.ask(1, hello("extension")).expect_err("full");
    assert_eq!(refused.code, ErrorCode::DaemonFull);
    drop(clients);
}

#[test]
fn a_command_right_after_a_kill_gets_a_new_daemon() {
    let home = TestHome::new();
    for _ in 0..12 {
        assert!(home.run(&["monitor", "start"]).status.success());
        // The test does not wait for the end: the socket may still be the old daemon's.
        signal(&home, Signal::KILL);
        let output = home.run(&["monitor", "start"]);
        assert!(output.status.success(), "{}", text(&output));
        home.kill_daemon();
    }
}

#[test]
fn twenty_commands_at_once_start_one_daemon() {
    let home = TestHome::new();
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let output = home.run(&["monitor", "start"]);
                assert!(output.status.success(), "{}", text(&output));
            });
        }
    });
    assert_eq!(daemons(&home.root()), 1);
}

#[test]
fn a_daemon_whose_run_folder_was_removed_makes_it_again_and_stays_the_only_one() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(false);
    fs::remove_dir_all(home.root().join("run")).expect("ours");
    let output = home.run(&["monitor", "start"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(daemons(&home.root()), 1);
    assert!(bridge.ask(2, Request::Ping).is_ok());
    assert!(home.run(&["stop"]).status.success());
}

#[test]
fn a_daemon_whose_run_folder_was_removed_ends_when_it_is_asked_to() {
    let home = TestHome::new();
    home.bridge().hello(false);
    fs::remove_dir_all(home.root().join("run")).expect("ours");
    let output = home.run(&["stop"]);
    assert!(text(&output).contains("is stopped"), "{}", text(&output));
    let output = home.run(&["monitor", "start"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(daemons(&home.root()), 2);
}

#[test]
fn a_daemon_whose_home_was_moved_ends_and_the_home_works_where_it_is_now() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(false);
    let moved = home.user().join("moved");
    fs::rename(home.root(), &moved).expect("ours");
    while bridge.receive().is_some() {}
    assert_eq!(bridge.wait().code(), Some(69));
    let run = |args| {
        let mut command = home.command(args);
        command.env("ONIONMETER_HOME", &moved);
        command.output().expect("it starts")
    };
    // The daemon keeps its lock until its process is gone.
    while text(&run(&["status"])).contains("does not answer") {
        thread::sleep(Duration::from_millis(20));
    }
    let output = run(&["monitor", "start"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(daemons(&moved), 2);
    assert!(run(&["stop"]).status.success());
}
