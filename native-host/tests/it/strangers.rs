//! What the daemon reports about other users at the relay, about possible requests outside of Tor,
//! and about when the identity may be changed again.

use crate::support::{Bridge, TestHome, connect};
use meter_wire::{
    Circuit, ErrorCode, FromDaemon, Notice, Problem, Request, SiteCircuit, SiteQuery, Status,
    Success,
};
use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
};

const NOBODY: &str = "65534";

/// Waits for a status that is as wanted; the daemon sends a status after each change.
fn wait_for(bridge: &mut Bridge, wanted: impl Fn(&Status) -> bool) -> Status {
    loop {
        match bridge.receive().expect("the bridge is there") {
            FromDaemon::Notice(Notice::Status(status)) if wanted(&status) => return *status,
            FromDaemon::Notice(_) | FromDaemon::Reply(_) => {}
        }
    }
}

fn said(home: &TestHome, command: &str) -> String {
    let output = home.run(&[command]);
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_request_for_an_address_is_told_and_explained() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(true);
    assert_eq!(bridge.ask(2, Request::MonitorStart), Ok(Success::Done));
    let mut client = connect(([127, 0, 0, 1], home.relay_port).into());
    // The target is a public address; no Tor runs here that could connect to it.
    let words = b"\x05\x01\x00\x05\x01\x00\x01\x09\x09\x09\x09\x00\x50";
    client.write_all(words).expect("it listens");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).expect("an answer");
    assert_eq!(answer, [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]);

    let status = wait_for(&mut bridge, |status| status.literals.0 > 0);
    assert_eq!((status.literals.0, status.foreign.0), (1, 0));
    assert_eq!(status.unreached, [], "it is not Tor that refused");
    let text = said(&home, "status");
    assert!(text.contains("instead of a name once"), "{text}");
    let text = said(&home, "doctor");
    assert!(text.contains("outside of Tor"), "{text}");
    assert!(!text.contains("9.9.9.9"), "{text}");
}

#[test]
fn another_user_who_tried_the_relay_is_told() {
    if !rustix::process::geteuid().is_root() {
        println!("not checked: only root can act as another user");
        return;
    }
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(true);
    assert_eq!(bridge.ask(2, Request::MonitorStart), Ok(Success::Done));
    for _ in 0..2 {
        let mut stranger = Command::new("setpriv");
        stranger.args(["--reuid", NOBODY, "--clear-groups", "bash", "-c"]);
        // Waits until the relay closes the connection.
        stranger.args(["exec 3<>/dev/tcp/127.0.0.1/$0; cat <&3"]);
        stranger.arg(home.relay_port.to_string());
        let output = stranger.stderr(Stdio::null()).output().expect("it starts");
        assert_eq!(output.stdout, b"", "not a word");
    }
    let status = wait_for(&mut bridge, |status| status.foreign.0 > 1);
    assert_eq!((status.foreign.0, status.literals.0), (2, 0));
    let text = said(&home, "status");
    assert!(text.contains("other users of this computer"), "{text}");
    let text = said(&home, "doctor");
    assert!(
        text.contains("tried the relay twice and were refused"),
        "{text}"
    );
}

#[test]
fn a_site_gets_no_second_circuit_in_a_moment_and_only_a_site_gets_one() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(true);
    let of = |site: &str| SiteQuery {
        site: site.to_owned(),
    };
    let long = "a.".repeat(128);
    for site in ["", "127.0.0.1", "localhost", "a b", &long] {
        for request in [Request::Circuit(of(site)), Request::NewCircuit(of(site))] {
            let refused = bridge.ask(2, request).expect_err("no site");
            assert_eq!(
                refused,
                Problem::new(ErrorCode::BadSite),
                "{site} is not repeated"
            );
        }
    }
    let renewed = bridge.ask(3, Request::NewCircuit(of("a.test")));
    assert_eq!(renewed, Ok(Success::Done));
    let refused = bridge.ask(4, Request::NewCircuit(of("b.test")));
    assert_eq!(
        refused.expect_err("too soon").code,
        ErrorCode::CircuitTooSoon
    );
    assert_eq!(bridge.ask(5, Request::NewIdentity), Ok(Success::Done));
    wait_for(&mut bridge, |status| status.new_circuit_in_s == 0);
    let answer = bridge.ask(6, Request::Circuit(of("www.a.test")));
    let expected = SiteCircuit {
        site: "a.test".to_owned(),
        circuit: Circuit::Untold,
    };
    assert_eq!(answer, Ok(Success::Circuit(expected)), "there is no tor");
}

#[test]
fn a_new_identity_is_not_given_twice_in_a_moment() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(true);
    bridge.send(2, Request::NewIdentity);
    bridge.send(3, Request::NewIdentity);
    assert_eq!(bridge.reply(Some(2)), Ok(Success::Done));
    let refused = bridge.reply(Some(3)).expect_err("too soon");
    assert_eq!(refused.code, ErrorCode::IdentityTooSoon);
    let waits = wait_for(&mut bridge, |status| status.new_identity_in_s > 0);
    assert!(waits.new_identity_in_s <= 10, "{waits:?}");
    wait_for(&mut bridge, |status| status.new_identity_in_s == 0);
    assert_eq!(bridge.ask(4, Request::NewIdentity), Ok(Success::Done));
}
