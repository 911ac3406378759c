//! A fake Tor that gives every reply, and addresses that are reached without Tor.

use super::*;
use tokio::{
    io::{DuplexStream, duplex},
    net::{TcpListener, TcpSocket},
};

const NAME: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
/// An answer's rest: IPv4, no address, no port.
const BOUND: [u8; 8] = [0, 1, 0, 0, 0, 0, 0, 0];

fn name() -> OnionName {
    NAME.parse().expect("a name")
}

/// What the dialer makes of a Tor that takes everything and gives this reply.
async fn answered(reply: &[u8]) -> (Result<(), LedgerDialError>, DuplexStream) {
    let (mut ours, mut tor) = duplex(1024);
    let key = IsolationKey::new([0xab; 16]);
    let name = name();
    let fake = async {
        read(&mut tor, &[5, 1, 2]).await;
        tor.write_all(&[5, 2]).await.unwrap();
        let credentials = format!("\x01\x09<torS0X>0\x20{}", "ab".repeat(16));
        read(&mut tor, credentials.as_bytes()).await;
        tor.write_all(&[1, 0]).await.unwrap();
        let request = format!("\x05\x01\x00\x03\x3e{NAME}\x0d\x73");
        read(&mut tor, request.as_bytes()).await;
        tor.write_all(reply).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(connect(&mut ours, (&name, 3443), &key), fake);
    (outcome, ours)
}

/// Exactly these bytes come, and nothing else before there is an answer to them.
async fn read(tor: &mut DuplexStream, expected: &[u8]) {
    let mut found = vec![0; expected.len()];
    tor.read_exact(&mut found).await.unwrap();
    assert_eq!(found, expected);
    // The clock is paused: it moves only when nothing else can.
    let more = timeout(Duration::from_secs(1), tor.read_u8()).await;
    assert!(more.is_err(), "sent before the answer");
}

fn reply(code: u8) -> Vec<u8> {
    [&[5, code][..], &BOUND].concat()
}

#[tokio::test(start_paused = true)]
async fn each_step_waits_for_tors_answer_and_payload_is_left_alone() {
    let (outcome, mut ours) = answered(&[&reply(0)[..], b"payload"].concat()).await;
    assert_eq!(outcome, Ok(()));
    let mut payload = [0; 7];
    ours.read_exact(&mut payload).await.unwrap();
    assert_eq!(&payload, b"payload");
    // An IPv6 address is longer.
    let v6 = [&[5, 0, 0, 4][..], &[0; 18], b"p"].concat();
    let (outcome, mut ours) = answered(&v6).await;
    assert_eq!((outcome, ours.read_u8().await.unwrap()), (Ok(()), b'p'));
}

#[tokio::test(start_paused = true)]
async fn every_reply_of_tor_has_its_reason() {
    for (code, expected) in [
        (1, LedgerDialError::Unreachable),
        (2, LedgerDialError::NotAllowed),
        (3, LedgerDialError::Unreachable),
        (4, LedgerDialError::Unreachable),
        (5, LedgerDialError::Refused),
        (6, LedgerDialError::TimedOut),
        (7, LedgerDialError::TorBroken),
        (8, LedgerDialError::TorBroken),
        (0xF0, LedgerDialError::NotFound),
        (0xF1, LedgerDialError::NotFound),
        (0xF2, LedgerDialError::Down),
        (0xF3, LedgerDialError::Down),
        (0xF4, LedgerDialError::ClosedService),
        (0xF5, LedgerDialError::ClosedService),
        (0xF6, LedgerDialError::TorBroken),
        (0xF7, LedgerDialError::Down),
        (0xF8, LedgerDialError::TorBroken),
    ] {
        let (outcome, _) = answered(&reply(code)).await;
        assert_eq!(outcome, Err(expected), "{code:#x}");
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_tor_would_not_send_are_no_connection() {
    for bytes in [
        &b"HTTP/1.0 501 Tor is not an HTTP Proxy"[..],
        &[4, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        &[5, 0, 1, 1, 0, 0, 0, 0, 0, 0],
        &[5, 0, 0, 3, 1, b'x', 0, 0, 0, 0],
    ] {
        let (outcome, _) = answered(bytes).await;
        assert_eq!(outcome, Err(LedgerDialError::TorBroken), "{bytes:?}");
    }
    for method in [[5, 0], [5, 0xFF], [4, 2]] {
        let (mut ours, mut tor) = duplex(64);
        tor.write_all(&method).await.unwrap();
        let key = IsolationKey::new([1; 16]);
        let outcome = connect(&mut ours, (&name(), 80), &key).await;
        assert_eq!(outcome, Err(LedgerDialError::TorBroken), "{method:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tor_that_says_nothing_or_hangs_up_ends_the_wait() {
    let key = IsolationKey::new([1; 16]);
    let (mut ours, tor) = duplex(64);
    let outcome = connect(&mut ours, (&name(), 80), &key).await;
    assert_eq!(outcome, Err(LedgerDialError::TimedOut));
    drop(tor);
    let outcome = connect(&mut ours, (&name(), 80), &key).await;
    assert_eq!(outcome, Err(LedgerDialError::TorBroken));
}

#[tokio::test]
async fn an_onion_service_is_reached_through_tor_or_not_at_all() {
    let key = IsolationKey::new([1; 16]);
    let onion = LedgerAddress::Onion {
        name: name(),
        port: 80,
    };
    let outcome = dial_ledger(&onion, None, &key).await;
    assert_eq!(outcome.err(), Some(LedgerDialError::NoTor));
    // Not on this computer: nothing is tried.
    let other = TorAddr::Tcp(([192, 0, 2, 1], 9050).into());
    let outcome = dial_ledger(&onion, Some((&other, None)), &key).await;
    assert_eq!(outcome.err(), Some(LedgerDialError::NoTor));
}

#[tokio::test]
async fn a_ledger_on_this_computer_is_reached_without_tor() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (key, ledger) = (IsolationKey::new([1; 16]), LedgerAddress::Loopback(address));
    let mut stream = dial_ledger(&ledger, None, &key).await.unwrap();
    let (mut accepted, _) = listener.accept().await.unwrap();
    stream.write_all(b"GET").await.unwrap();
    let mut found = [0; 3];
    accepted.read_exact(&mut found).await.unwrap();
    assert_eq!(&found, b"GET");

    // Nothing listens here, and no other program can take the port.
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let ledger = LedgerAddress::Loopback(held.local_addr().unwrap());
    let outcome = dial_ledger(&ledger, None, &key).await;
    assert_eq!(outcome.err(), Some(LedgerDialError::NotRunning));
}

/// A variant of `LedgerAddress` can hold any address, so the dialer looks itself.
#[tokio::test]
async fn an_address_of_another_computer_is_never_dialled() {
    let key = IsolationKey::new([1; 16]);
    let other = LedgerAddress::Loopback(([192, 0, 2, 1], 80).into());
    let outcome = dial_ledger(&other, None, &key).await;
    assert_eq!(outcome.err(), Some(LedgerDialError::NotRunning));
}
