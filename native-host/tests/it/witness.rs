//! Witnesses: from the extension's question, over the relay, to the daemon's answer.

use crate::support::{Bridge, TestHome, connect};
use meter_wire::{Request, Status, Success, WitnessQuery, WitnessSeen, WitnessText};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

fn named(bridge: &mut Bridge, id: u32) -> WitnessText {
    match bridge.ask(id, Request::Witness) {
        Ok(Success::Witness(witness)) => witness.name,
        other => panic!("no witness: {other:?}"),
    }
}

fn seen(bridge: &mut Bridge, id: u32, name: WitnessText) -> WitnessSeen {
    match bridge.ask(id, Request::WitnessSeen(WitnessQuery { name })) {
        Ok(Success::WitnessSeen(seen)) => seen,
        other => panic!("no answer: {other:?}"),
    }
}

fn status(bridge: &mut Bridge, id: u32) -> Status {
    match bridge.ask(id, Request::Status) {
        Ok(Success::Status(status)) => *status,
        other => panic!("no status: {other:?}"),
    }
}

/// Asks the relay for a name, as a browser does, and gives the connection and the relay's reply.
fn ask_relay(home: &TestHome, name: &str) -> (TcpStream, u8) {
    let mut client = connect(([127, 0, 0, 1], home.relay_port).into());
    let length = u8::try_from(name.len()).expect("short");
    let request = [
        b"\x05\x01\x00\x05\x01\x00\x03",
        &[length][..],
        name.as_bytes(),
        b"\x00\x50",
    ];
    client.write_all(&request.concat()).expect("it listens");
    let mut answer = [0; 12];
    client.read_exact(&mut answer).expect("an answer");
    let [5, 0, 5, reply, ..] = answer else {
        panic!("{answer:?}");
    };
    (client, reply)
}

#[test]
fn a_request_that_reached_the_relay_is_told_from_one_that_did_not() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(false);
    assert_eq!(bridge.ask(2, Request::MonitorStart), Ok(Success::Done));
    let (first, second) = (named(&mut bridge, 3), named(&mut bridge, 4));
    assert!(first != second, "nobody could guess it");

    let (mut client, reply) = ask_relay(&home, &first.0.to_string());
    assert_eq!(reply, 0, "no Tor is there, and none is needed");
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("open");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("HTTP");
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");

    // Two browsers ask one daemon, each for its own.
    let mut other = home.bridge();
    other.hello(false);
    let third = named(&mut other, 2);
    assert!(!seen(&mut other, 3, third).arrived);
    assert!(seen(&mut bridge, 5, first).arrived);
    assert!(!seen(&mut bridge, 6, first).arrived, "told once");
    assert!(!seen(&mut bridge, 7, second).arrived, "it was never sent");
    let (_, reply) = ask_relay(&home, &second.0.to_string());
    assert_eq!(reply, 4, "and now comes too late");

    let status = status(&mut bridge, 8);
    assert_eq!((status.session, status.unreached), (None, Vec::new()));
    let log = std::fs::read_to_string(home.root().join("log/onionmeter.log")).expect("a log");
    assert!(!log.contains("invalid"), "{log}");
}

#[test]
fn the_connections_that_are_open_are_told_to_whoever_asks() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(false);
    assert_eq!(bridge.ask(2, Request::MonitorStart), Ok(Success::Done));
    // Witnesses that send nothing more just wait, and they need no Tor.
    let mut open = Vec::new();
    for id in 10..13 {
        let name = named(&mut bridge, id).0.to_string();
        open.push(ask_relay(&home, &name));
    }
    let name = named(&mut bridge, 20);
    assert_eq!(seen(&mut bridge, 21, name).connections, 3);
    let output = home.run(&["status"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains(", 3 connections open"), "{text}");
    drop(open);
}
