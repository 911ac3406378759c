//! A daemon that hangs after a command has begun to watch or to wait.

use super::{Watch, configure_tor_without_network};
use crate::{
    said::{Said, check},
    support::TestHome,
};
use rustix::process::{Signal, kill_process};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

fn signal(home: &TestHome, signal: Signal) {
    kill_process(home.daemon_pid().expect("one runs"), signal).expect("ours");
}

/// Ends a command that is never told.
const LIMIT: &str = "--timeout=30s";

#[test]
fn a_watch_says_once_that_the_daemon_hangs_and_goes_on_when_it_answers_again() {
    let home = TestHome::new();
    check(&home, &["monitor", "start"], 0, &[]);
    let mut lines = Watch::start(&home, &["status", "--watch", LIMIT]);
    let mut objects = Watch::start(&home, &["status", "--watch", LIMIT, "--json"]);
    lines.until("tor_failed");
    objects.until("\"tor_failed\"");
    signal(&home, Signal::STOP);
    let line = lines.until("runs but does not answer");
    assert!(line.contains("`kill -CONT "), "{line}");
    let silent: Value = serde_json::from_str(&objects.until("daemon_silent")).expect("one a line");
    assert_eq!(silent["state"], "error");
    assert_eq!(silent["error"]["exit_status"], 7);
    // Each of them waits as long as the watches wait for one look at the daemon.
    for _ in 0..2 {
        check(&home, &["status"], 7, &["runs but does not answer"]);
    }
    signal(&home, Signal::CONT);
    for (watch, state) in [(lines, "tor_failed"), (objects, "\"tor_failed\"")] {
        let mut watch = watch;
        let next = watch.until("");
        assert!(next.contains(state), "it was said before: {next}");
        watch.hang_up();
    }
}

#[test]
fn a_wait_for_tor_ends_when_the_daemon_hangs() {
    let home = TestHome::new();
    configure_tor_without_network(&home);
    for args in [&["up", LIMIT][..], &["tor", "start", "--wait", LIMIT]] {
        let mut command = home.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut told = BufReader::new(child.stderr.take().expect("piped")).lines();
        while !told
            .next()
            .expect("it goes on")
            .expect("text")
            .contains(" %  ")
        {}
        // Once this is answered, so is the same request of the command that waits.
        check(&home, &["tor", "start"], 0, &[]);
        signal(&home, Signal::STOP);
        let rest: Vec<String> = told.map(|line| line.expect("text")).collect();
        let mut output = child.wait_with_output().expect("it ends");
        output.stderr = rest.join("\n").into_bytes();
        Said::from(&output).expect(7, &["runs but does not answer", "`kill -CONT "]);
        signal(&home, Signal::CONT);
    }
}
