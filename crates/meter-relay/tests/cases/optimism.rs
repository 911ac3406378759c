//! The optimistic port: it reports success before Tor answers, and sends early payload ahead.

use meter_relay::{IdentitySecret, Isolation, RelayConfig};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    client::{Client, reply, request_for_name, usual_request},
    fake_tor::{FakeTor, SUCCESS, read_isolated_request, read_request},
    pattern::pattern,
    rig::{Rig, config, soon},
};

fn optimistic() -> RelayConfig {
    RelayConfig {
        optimistic: true,
        ..config()
    }
}

fn before(tor: &FakeTor) -> Rig {
    Rig::start(optimistic(), Some(tor.upstream()))
}

/// Returns a client that was told of success, and Tor's side, which has not answered the request
/// yet.
async fn promised(rig: &Rig, tor: &FakeTor, early: &[u8]) -> (Client, TcpStream) {
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&[&usual_request()[..], early].concat()).await;
    assert_eq!(client.receive(10).await, SUCCESS);
    let mut stream = tor.accept().await;
    assert_eq!(read_request(&mut stream).await, usual_request());
    (client, stream)
}

async fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    soon(stream.read_exact(&mut bytes)).await.unwrap();
    bytes
}

#[tokio::test]
async fn payload_reaches_tor_before_tor_has_answered_and_is_counted_then() {
    let tor = FakeTor::start();
    let rig = before(&tor);
    let (mut client, mut stream) = promised(&rig, &tor, b"early ").await;
    client.send(b"and more").await;
    assert_eq!(read(&mut stream, 14).await, b"early and more");
    assert_eq!(rig.counters.snapshot().bytes_up, 14);
    // The answer and the payload behind it come together, as Tor sends them.
    let answer = [&SUCCESS[..], b"hello"].concat();
    stream.write_all(&answer).await.unwrap();
    assert_eq!(client.receive(5).await, b"hello");
    client.send(b"!").await;
    assert_eq!(read(&mut stream, 1).await, b"!");
    drop((client, stream));
    rig.finish_with(15, 5).await;
}

#[tokio::test]
async fn bulk_sent_ahead_arrives_whole_however_late_the_answer() {
    const BYTES: usize = 3 << 20;
    let tor = FakeTor::start();
    let rig = before(&tor);
    let (client, mut stream) = promised(&rig, &tor, b"").await;
    let (mut receiver, mut sender) = client.0.into_split();
    let sent = async {
        sender.write_all(&pattern(BYTES)).await.unwrap();
        sender.shutdown().await.unwrap();
    };
    let taken = async {
        let mut first = read(&mut stream, BYTES / 2).await;
        stream.write_all(&SUCCESS).await.unwrap();
        stream.read_to_end(&mut first).await.unwrap();
        assert!(first == pattern(BYTES), "something else arrived");
        stream.shutdown().await.unwrap();
    };
    soon(async { tokio::join!(sent, taken) }).await;
    let mut back = Vec::new();
    soon(receiver.read_to_end(&mut back)).await.unwrap();
    assert_eq!(back, b"");
    drop((receiver, sender));
    rig.finish_with(BYTES, 0).await;
}

#[tokio::test]
async fn a_refusal_that_comes_after_the_promise_is_a_reset() {
    let tor = FakeTor::start();
    let rig = before(&tor);
    for answer in [
        &reply(0xF0)[..],
        &reply(4),
        &[5, 0],
        b"",
        b"garbage of some length",
    ] {
        let (mut client, mut stream) = promised(&rig, &tor, b"early").await;
        assert_eq!(read(&mut stream, 5).await, b"early");
        stream.write_all(answer).await.unwrap();
        drop(stream);
        let (bytes, end) = client.rest().await;
        assert_eq!(bytes, b"", "after {answer:?}");
        assert!(
            end.is_err(),
            "a broken promise looks whole after {answer:?}"
        );
    }
    rig.finish_with(5 * 5, 0).await;
}

#[tokio::test]
async fn what_the_relay_itself_refuses_is_still_refused_in_words() {
    let tor = FakeTor::start();
    let rig = before(&tor);
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&request_for_name(b"localhost", 80)).await;
    client.hears_last(&reply(2)).await;
    tor.assert_untouched();
    rig.upstream.send(None).unwrap();
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&usual_request()).await;
    client.hears_last(&reply(1)).await;
    rig.finish_with(0, 0).await;
}

#[tokio::test]
async fn an_end_behind_early_payload_is_passed_on_after_the_answer_only() {
    let tor = FakeTor::start();
    let rig = before(&tor);
    let (mut client, mut stream) = promised(&rig, &tor, b"question").await;
    client.end().await;
    assert_eq!(read(&mut stream, 8).await, b"question");
    let error = stream.try_read(&mut [0]).expect_err("an end came too soon");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    stream.write_all(&SUCCESS).await.unwrap();
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap(), 0);
    stream.write_all(b"answer").await.unwrap();
    drop(stream);
    client.hears_last(b"answer").await;
    drop(client);
    rig.finish_with(8, 6).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_frees_tors_side() {
    let tor = FakeTor::start();
    let rig = before(&tor);
    let (client, mut stream) = promised(&rig, &tor, b"").await;
    drop(client); // without sending anything
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap(), 0);
    let (client, mut stream) = promised(&rig, &tor, b"word").await;
    assert_eq!(read(&mut stream, 4).await, b"word");
    client.reset();
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap(), 0);
    rig.finish_with(4, 0).await;
}

#[tokio::test]
async fn with_isolation_payload_follows_credentials_and_request() {
    let tor = FakeTor::start();
    let config = RelayConfig {
        isolation: Some(Isolation::new(IdentitySecret::new([7; 32]))),
        ..optimistic()
    };
    let rig = Rig::start(config, Some(tor.upstream()));
    let mut client = rig.client().await;
    client.greet().await;
    client
        .send(&[&usual_request()[..], b"early"].concat())
        .await;
    assert_eq!(client.receive(10).await, SUCCESS);
    let mut stream = tor.accept().await;
    let (_, request) = read_isolated_request(&mut stream).await;
    assert_eq!(request, usual_request());
    assert_eq!(read(&mut stream, 5).await, b"early");
    stream.write_all(&SUCCESS).await.unwrap();
    drop(stream);
    client.hears_last(b"").await;
    drop(client);
    rig.finish_with(5, 0).await;
}
