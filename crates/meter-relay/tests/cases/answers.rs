//! Answers of Tor, wrong answers and missing answers: S-25, S-30, S-31.

use std::time::Duration;

use meter_core::TorAddr;
use meter_relay::ReplyCounts;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::Instant,
};

use crate::support::{
    client::{Client, reply, request_for_name, usual_request},
    fake_tor::{FakeTor, SUCCESS, read_request},
    rig::{Rig, config, soon},
};

/// Returns a client that has sent its request, and Tor's side after it read the request.
async fn asked(rig: &Rig, tor: &FakeTor) -> (Client, TcpStream) {
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&usual_request()).await;
    let mut stream = tor.accept().await;
    read_request(&mut stream).await;
    (client, stream)
}

/// Asserts that the relay has closed its connection to Tor.
async fn is_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // A close with bytes that the relay did not read is a reset. Both count as closed.
    drop(soon(stream.read_to_end(&mut rest)).await);
    assert_eq!(rest, b"", "nothing more was said to Tor");
}

#[tokio::test]
async fn s_25_tors_refusals_reach_the_client_unchanged() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let codes = || (1..=9).chain(0xF0..=0xF7).chain([0xFF]);
    for code in codes() {
        let (mut client, mut stream) = asked(&rig, &tor).await;
        let answer = [5, code, 0, 1, 1, 2, 3, 4, 5, 6];
        stream.write_all(&answer).await.unwrap();
        client.hears_last(&answer).await;
        is_closed(stream).await;
    }
    let snapshot = rig.finish_with(0, 0).await;
    assert_eq!(snapshot.refused, 0, "it is Tor that refused");
    assert_eq!(snapshot.unreached, codes().collect());
}

/// Only Tor can judge an onion address.
#[tokio::test]
async fn s_25_a_malformed_onion_address_reaches_tor_and_tors_word_the_client() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    for name in [&b"a.onion"[..], b"not-base32-018.onion", b"x.y.onion."] {
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&request_for_name(name, 80)).await;
        let mut stream = tor.accept().await;
        // With the final dot Tor would ask an exit for it.
        let name = name.strip_suffix(b".").unwrap_or(name);
        assert_eq!(read_request(&mut stream).await, request_for_name(name, 80));
        stream.write_all(&reply(0xF6)).await.unwrap();
        client.hears_last(&reply(0xF6)).await;
    }
    assert_eq!(rig.finish_with(0, 0).await.refused, 0);
}

#[tokio::test]
async fn a_success_with_an_ipv6_address_reaches_the_client_unchanged() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = asked(&rig, &tor).await;
    let answer: Vec<u8> = [&[5, 0, 0, 4][..], &(1..=18).collect::<Vec<u8>>()].concat();
    stream.write_all(&answer).await.unwrap();
    drop(stream);
    client.hears_last(&answer).await;
    drop(client);
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn an_answer_cut_at_every_byte_is_the_same_answer() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&usual_request()).await;
    let mut stream = tor.accept().await;
    soon(stream.read_exact(&mut [0; 3])).await.unwrap();
    for byte in [&[5, 0][..], &SUCCESS, b"payload"].concat() {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    stream.shutdown().await.unwrap();
    client
        .hears_last(&[&SUCCESS[..], b"payload"].concat())
        .await;
    drop((client, stream));
    rig.finish_with(0, 7).await;
}

#[tokio::test]
async fn s_30_broken_replies_of_tor_are_general_failures() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let truncated = (0..SUCCESS.len()).map(|length| SUCCESS[..length].to_vec());
    let wrong = [
        vec![4, 0, 0, 1, 0, 0, 0, 0, 0, 0],                    // version
        vec![0, 90, 0, 0, 0, 0, 0, 0, 0, 0],                   // a SOCKS4 reply
        b"HTTP/1.0 501 Tor is not an HTTP Proxy\r\n".to_vec(), // another protocol
        vec![5, 0, 1, 1, 0, 0, 0, 0, 0, 0],                    // reserved byte
        vec![5, 0, 0, 2, 0, 0, 0, 0, 0, 0],                    // address type
        [&[5, 0, 0, 3, 255][..], &[b'a'; 255], &[0, 80]].concat(), // name of 255 bytes
        [&[5, 0, 0, 3, 11][..], b"example.com", &[0, 80]].concat(), // any name
        vec![5, 0, 0, 3, 0, 0, 80],                            // empty name
    ];
    for answer in truncated.chain(wrong) {
        let (mut client, mut stream) = asked(&rig, &tor).await;
        stream.write_all(&answer).await.unwrap();
        stream.shutdown().await.unwrap();
        client.hears_last(&reply(1)).await;
        is_closed(stream).await;
        tor.assert_untouched(); // no second attempt
    }
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn s_30_a_broken_choice_of_method_is_a_general_failure() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    for choice in [&[][..], &[5], &[5, 2], &[5, 0xFF], &[4, 0], b"HTTP/1.0 501"] {
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&usual_request()).await;
        let mut stream = tor.accept().await;
        // Read everything that was sent: unread bytes would make the end a reset.
        let mut words = [0; 3 + 18];
        soon(stream.read_exact(&mut words)).await.unwrap();
        assert_eq!(words[3..], usual_request());
        stream.write_all(choice).await.unwrap();
        stream.shutdown().await.unwrap();
        client.hears_last(&reply(1)).await;
        is_closed(stream).await;
        tor.assert_untouched();
    }
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn a_reset_by_tor_before_its_answer_is_a_general_failure() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, stream) = asked(&rig, &tor).await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    client.hears_last(&reply(1)).await;
    tor.assert_untouched();
    rig.finish_with(0, 0).await;
}

#[tokio::test(start_paused = true)] // the limit is 120 s; the paused clock jumps ahead
async fn a_tor_that_never_answers_is_given_up_with_tors_own_code() {
    for words in [0, 2, 9] {
        let tor = FakeTor::start();
        let rig = Rig::before(&tor);
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&usual_request()).await;
        let start = Instant::now();
        let mut stream = tor.accept().await;
        stream
            .write_all(&[&[5, 0][..], &SUCCESS].concat()[..words])
            .await
            .unwrap();
        client.hears_last(&reply(6)).await;
        assert_eq!(start.elapsed().as_secs(), 120, "after {words} bytes");
        drop((client, stream));
        let snapshot = rig.finish_with(0, 0).await;
        assert_eq!(snapshot.unreached, [6].into_iter().collect());
    }
}

#[tokio::test]
async fn s_31_without_a_tor_every_request_fails_at_once() {
    let rig = Rig::start(config(), None);
    for _ in 0..3 {
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&usual_request()).await;
        client.hears_last(&reply(1)).await;
    }
    let snapshot = rig.finish_with(0, 0).await;
    assert_eq!((snapshot.connections, snapshot.refused), (3, 0));
    let none = ReplyCounts::default();
    assert_eq!(snapshot.unreached, none, "there was no Tor to refuse");
}

#[tokio::test]
async fn s_31_a_dead_upstream_is_a_general_failure() {
    let gone = FakeTor::start().upstream(); // this drops the listener
    let directory = tempfile::tempdir().unwrap();
    for upstream in [
        gone,
        TorAddr::Unix(directory.path().join("no-such-socket")),
        TorAddr::Unix(directory.path().to_owned()),
    ] {
        let rig = Rig::start(config(), Some(upstream));
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&usual_request()).await;
        client.hears_last(&reply(1)).await;
        drop(client);
        rig.finish_with(0, 0).await;
    }
}

#[tokio::test]
async fn an_upstream_that_is_not_on_loopback_is_never_dialled() {
    let tor = FakeTor::start();
    let TorAddr::Tcp(address) = tor.upstream() else {
        unreachable!()
    };
    // Linux treats 0.0.0.0 as this machine, so a connection would arrive.
    let elsewhere = TorAddr::Tcp(([0, 0, 0, 0], address.port()).into());
    let rig = Rig::start(config(), Some(elsewhere));
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&usual_request()).await;
    client.hears_last(&reply(1)).await;
    tor.assert_untouched();
    drop(client);
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn s_31_a_tor_that_comes_back_elsewhere_is_found() {
    let first = FakeTor::start();
    let rig = Rig::before(&first);
    drop(first);
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&usual_request()).await;
    client.hears_last(&reply(1)).await;

    let second = FakeTor::start();
    rig.upstream.send(Some(second.upstream())).unwrap();
    let (client, stream) = rig.pair(&second).await;
    drop((client, stream));
    rig.finish_with(0, 0).await;
}

/// Connections to a listener with a full queue hang. In real time the kernel would retry.
#[tokio::test(start_paused = true)]
async fn s_31_a_tor_too_busy_to_accept_is_given_up_within_a_second() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut fillers = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "fills the queue, on loopback")]
    while let Ok(filler) =
        tokio::time::timeout(Duration::from_millis(10), TcpStream::connect(address)).await
    {
        fillers.push(filler.unwrap());
        assert!(fillers.len() < 100, "the queue never fills");
    }

    let rig = Rig::start(config(), Some(TorAddr::Tcp(address)));
    let mut client = rig.client().await;
    client.greet().await;
    let start = Instant::now();
    client.send(&usual_request()).await;
    client.hears_last(&reply(1)).await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "by the paused clock"
    );
    drop(client);
    rig.finish_with(0, 0).await;
}
