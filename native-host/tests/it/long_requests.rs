//! A request that takes long delays no other, and the request that came last decides the final
//! state.

use crate::support::{Bridge, TestHome, connect};
use meter_core::Backend;
use meter_fixtures::script;
use meter_wire::{FromDaemon, Outcome, Request, Status, Success, TorState, TorUse};
use rustix::process::{Signal, kill_process};
use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    path::PathBuf,
    process::{Child, ChildStderr, Stdio},
    thread,
    time::Duration,
};

/// The next reply, to any request.
fn next_reply(bridge: &mut Bridge) -> (u32, Outcome) {
    loop {
        match bridge.receive().expect("the bridge is there") {
            FromDaemon::Reply(reply) => return (reply.id.expect("a number"), reply.outcome),
            FromDaemon::Notice(_) => {}
        }
    }
}

fn status(bridge: &mut Bridge) -> Status {
    match bridge.ask(90, Request::Status) {
        Ok(Success::Status(status)) => *status,
        other => panic!("no status: {other:?}"),
    }
}

/// A program in the place of `tor` that never opens its control socket and ends slowly. Unlike
/// `tor`, it does not notice when its daemon is killed, so it ends when the test's folder is
/// removed.
pub(crate) struct DeafTor {
    starts: PathBuf,
}

impl DeafTor {
    pub(crate) fn of(home: &TestHome) -> Self {
        let (program, starts) = (home.user().join("tor"), home.user().join("starts"));
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *--version*) echo 'Tor version 0.4.8.9.'; exit;; esac\n\
             trap 'sleep 1; exit' TERM INT\necho started >> '{0}'\n\
             while [ -e '{0}' ]; do sleep 0.05; done\n",
            starts.display()
        );
        script::put(&program, &script).expect("a script");
        home.configure(&format!(
            "[relay]\nport = {}\n[tor]\nbackend = 'managed'\nprogram = '{}'\n",
            home.relay_port,
            program.display()
        ));
        Self { starts }
    }

    fn started(&self) -> usize {
        fs::read_to_string(&self.starts).map_or(0, |text| text.lines().count())
    }

    pub(crate) fn wait(&self) {
        while self.started() == 0 {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn while_tor_starts_pings_are_answered_and_notices_come() {
    let home = TestHome::new();
    let tor = DeafTor::of(&home);
    let mut bridge = home.bridge();
    bridge.hello(true);
    bridge.send(2, Request::TorStart);
    tor.wait();
    bridge.send(3, Request::Ping);
    assert_eq!(next_reply(&mut bridge), (3, Outcome::Ok(Success::Done)));
    // While this client waits for its own reply, it receives notices of what another client does.
    home.bridge().hello(false);
    let output = home.run(&["monitor", "stop"]);
    assert!(output.status.success());
    loop {
        match bridge.receive().expect("the bridge is there") {
            FromDaemon::Notice(meter_wire::Notice::Status(status))
                if status.relay == meter_wire::RelayStatus::Stopped =>
            {
                break;
            }
            FromDaemon::Notice(_) => {}
            FromDaemon::Reply(reply) => panic!("too early: {reply:?}"),
        }
    }
    bridge.send(4, Request::TorStop);
    let mut replies = [next_reply(&mut bridge), next_reply(&mut bridge)];
    replies.sort_by_key(|(id, _)| *id);
    assert!(matches!(replies[0], (2, Outcome::Error(_))), "{replies:?}");
    assert_eq!(replies[1], (4, Outcome::Ok(Success::Done)));
}

/// The words come long before the answer: the command still runs when they are read.
#[test]
fn a_command_that_waits_for_tor_says_so_while_it_waits() {
    let backend = ["tor", "use", "managed"];
    for args in [&["tor", "start"][..], &backend, &["tor", "anew"]] {
        let home = TestHome::new();
        let tor = DeafTor::of(&home);
        let mut command = home.command(args);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let stderr = child.stderr.take().expect("piped");
        let mut lines = BufReader::new(stderr).lines();
        let words = "Tor is starting; waiting for the program `tor` to answer";
        assert!(
            lines.any(|line| line.expect("text") == words),
            "{args:?} says nothing"
        );
        assert_eq!(child.try_wait().expect("ours"), None, "{args:?}: it waits");
        tor.wait();
        assert!(home.run(&["tor", "stop"]).status.success());
        child.wait().expect("it ends");
    }
    let home = TestHome::new();
    let tor = DeafTor::of(&home);
    let mut command = home.command(&["tor", "start", "--timeout", "2500ms"]);
    let output = command.output().expect("it starts");
    tor.wait();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(124), "{said}");
    assert!(said.contains("Last heard: Tor is starting"), "{said}");
}

/// An `up` that waits for the answer about Tor, and its further lines.
fn waiting_up(home: &TestHome) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut command = home.command(&["up"]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let stderr = child.stderr.take().expect("piped");
    let mut lines = BufReader::new(stderr).lines();
    assert!(lines.any(|line| line.expect("text").starts_with("Tor is starting")));
    (child, lines)
}

#[track_caller]
fn ends(mut up: Child, lines: Lines<BufReader<ChildStderr>>, code: i32, words: &str) {
    let said: Vec<_> = lines.map(|line| line.expect("text")).collect();
    let said = said.join("\n");
    assert_eq!(up.wait().expect("ours").code(), Some(code), "{said}");
    assert!(said.contains(words), "{said}");
}

/// What was asked for may have been done, so it must not be called impossible.
#[test]
fn a_daemon_that_ends_before_it_answers_was_there() {
    let home = TestHome::new();
    let _tor = DeafTor::of(&home);
    let (up, lines) = waiting_up(&home);
    kill_process(home.daemon_pid().expect("one runs"), Signal::KILL).expect("ours");
    ends(up, lines, 7, "ended before it answered");
}

#[test]
fn an_up_whose_relay_another_command_closes_ends_and_says_so() {
    let home = TestHome::new();
    let _tor = DeafTor::of(&home);
    let (up, lines) = waiting_up(&home);
    assert!(home.run(&["monitor", "stop"]).status.success());
    ends(up, lines, 69, "another command closed the relay");
}

#[test]
fn doctor_says_that_it_waits_for_a_tor_that_says_nothing() {
    let home = TestHome::new();
    let folder = home.user().join("theirs");
    fs::create_dir(&folder).expect("ours");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("ours");
    let [socks, control] = ["socks", "control"].map(|name| folder.join(name));
    let silent = [&socks, &control].map(|path| UnixListener::bind(path).expect("free"));
    home.configure(&format!(
        "[tor]\nbackend = 'existing'\nsocks_port = '{}'\ncontrol_port = '{}'\n",
        socks.display(),
        control.display()
    ));
    let output = home.run(&["doctor"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        said,
        "waiting for answers at the places where a Tor may run\n"
    );
    drop(silent);
}

#[test]
fn a_tor_that_was_stopped_is_not_started_by_what_was_asked_for_before() {
    let home = TestHome::new();
    let tor = DeafTor::of(&home);
    let mut bridge = home.bridge();
    bridge.hello(false);
    tor.wait();
    let backend = Some(Backend::Managed);
    bridge.send(3, Request::TorUse(TorUse { backend }));
    bridge.send(4, Request::TorStart);
    bridge.send(5, Request::TorStop);
    let mut replies: Vec<_> = (0..3).map(|_| next_reply(&mut bridge)).collect();
    replies.sort_by_key(|(id, _)| *id);
    assert_eq!(replies[0], (3, Outcome::Ok(Success::Done)), "it is kept");
    assert!(matches!(replies[1], (4, Outcome::Error(_))), "{replies:?}");
    assert_eq!(replies[2], (5, Outcome::Ok(Success::Done)));
    assert_eq!(status(&mut bridge).tor.state, TorState::Off);
    assert_eq!(tor.started(), 1, "none after the stop");
    bridge.send(6, Request::TorStart);
    while tor.started() < 2 {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(bridge.ask(7, Request::Ping), Ok(Success::Done));
}

#[test]
fn while_connections_end_the_daemon_goes_on_answering() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(false);
    let mut open = connect(([127, 0, 0, 1], home.relay_port).into());
    open.write_all(b"\x05\x01\x00").expect("it listens");
    open.read_exact(&mut [0; 2]).expect("it is served");
    bridge.send(2, Request::MonitorStop);
    bridge.send(3, Request::Status);
    let (id, outcome) = next_reply(&mut bridge);
    assert_eq!(id, 3, "before the connection was cut: {outcome:?}");
    let (id, outcome) = next_reply(&mut bridge);
    assert_eq!((id, outcome), (2, Outcome::Ok(Success::Done)));
    assert_eq!(open.read(&mut [0; 1]).unwrap_or(0), 0, "cut by then");
}
