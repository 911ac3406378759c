//! Payload and its ends: S-26, S-27. Every count is compared with what the peers read.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::TcpStream,
};

use crate::support::{
    client::usual_request,
    fake_tor::{FakeTor, SUCCESS, read_request},
    pattern::pattern,
    rig::{Rig, config, soon},
};

async fn read_rest(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    soon(stream.read_to_end(&mut bytes)).await?;
    Ok(bytes)
}

#[track_caller]
fn assert_reset<T: std::fmt::Debug>(outcome: io::Result<T>) {
    assert_eq!(
        outcome.expect_err("a reset").kind(),
        io::ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn s_27_a_client_that_ends_first_still_receives() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    let (up, down) = (pattern(40_001), pattern(70_003));
    client.send(&up).await;
    client.end().await;
    assert_eq!(read_rest(&mut stream).await.unwrap(), up);
    stream.write_all(&down).await.unwrap();
    drop(stream);
    client.hears_last(&down).await;
    drop(client);
    rig.finish_with(up.len(), down.len()).await;
}

#[tokio::test]
async fn s_27_a_tor_that_ends_first_still_receives() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    let (up, down) = (pattern(70_003), pattern(40_001));
    stream.write_all(&down).await.unwrap();
    stream.shutdown().await.unwrap();
    client.hears_last(&down).await;
    client.send(&up).await;
    client.end().await;
    assert_eq!(read_rest(&mut stream).await.unwrap(), up);
    rig.finish_with(up.len(), down.len()).await;
}

#[tokio::test]
async fn s_27_a_clients_reset_reaches_tor_as_a_reset_and_keeps_the_count() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    client.send(&pattern(50_000)).await;
    soon(stream.read_exact(&mut vec![0; 50_000])).await.unwrap();
    stream.write_all(b"abc").await.unwrap();
    client.receive(3).await;
    client.reset();
    assert_reset(soon(stream.read(&mut [0; 1])).await);
    rig.finish_with(50_000, 3).await;
}

#[tokio::test]
async fn s_27_tors_reset_reaches_the_client_as_a_reset_and_keeps_the_count() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    client.send(b"ab").await;
    soon(stream.read_exact(&mut [0; 2])).await.unwrap();
    stream.write_all(&pattern(50_000)).await.unwrap();
    client.receive(50_000).await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    let (bytes, end) = client.rest().await;
    assert_eq!(bytes, b"");
    assert_reset(end);
    rig.finish_with(2, 50_000).await;
}

#[tokio::test]
async fn a_client_that_closes_on_unread_bytes_is_a_reset_to_tor() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (client, mut stream) = rig.pair(&tor).await;
    stream.write_all(&pattern(1_000)).await.unwrap();
    // The bytes have arrived, and the client closes without reading them, like a stopped download.
    soon(client.0.peek(&mut [0; 1_000])).await.unwrap();
    drop(client);
    assert_reset(soon(stream.read(&mut [0; 1])).await);
    rig.finish_with(0, 1_000).await;
}

#[tokio::test]
async fn s_27_a_reset_after_an_orderly_end_frees_both_sockets() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);

    let (mut client, mut stream) = rig.pair(&tor).await;
    client.send(b"up").await;
    client.end().await;
    assert_eq!(read_rest(&mut stream).await.unwrap(), b"up");
    client.reset();
    breaks(&stream).await;

    let (mut client, mut stream) = rig.pair(&tor).await;
    stream.write_all(b"down").await.unwrap();
    stream.shutdown().await.unwrap();
    client.hears_last(b"down").await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    breaks(&client.0).await;

    rig.finish_with(2, 4).await;
}

/// Waits for a reset of a socket after its reading side has ended in order.
async fn breaks(stream: &TcpStream) {
    soon(stream.ready(Interest::ERROR)).await.unwrap();
    // Linux reports "broken pipe" for a reset after an end.
    stream.take_error().unwrap().expect("broken");
}

#[tokio::test]
async fn s_26_payload_before_the_reply_is_counted_when_it_is_written_and_not_before() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let mut client = rig.client().await;
    client.greet().await;
    let early = pattern(1_000_000);
    client
        .send(&[&usual_request()[..], &early[..1_000]].concat())
        .await;
    let mut stream = tor.accept().await;
    read_request(&mut stream).await;
    assert_eq!(rig.counters.snapshot().bytes_up, 0);
    let waiting = stream
        .try_read(&mut [0; 1])
        .expect_err("nothing is sent to Tor early");
    assert_eq!(waiting.kind(), io::ErrorKind::WouldBlock);

    let tors_side = async {
        stream.write_all(&SUCCESS).await.unwrap();
        read_rest(&mut stream).await.unwrap()
    };
    let clients_side = async {
        client.send(&early[1_000..]).await;
        client.end().await;
    };
    let (arrived, ()) = tokio::join!(tors_side, clients_side);
    assert!(arrived == early);
    drop(stream);
    client.hears_last(&SUCCESS).await;
    drop(client);
    rig.finish_with(early.len(), 0).await;
}

#[tokio::test]
async fn payload_in_one_segment_with_tors_reply_is_counted_without_the_reply() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&usual_request()).await;
    let mut stream = tor.accept().await;
    read_request(&mut stream).await;
    let answer = [&SUCCESS[..], &pattern(20_000)].concat();
    stream.write_all(&answer).await.unwrap();
    drop(stream);
    client.hears_last(&answer).await;
    drop(client);
    rig.finish_with(0, 20_000).await;
}

#[tokio::test]
async fn a_cut_at_stop_is_a_reset_to_both_sides_and_keeps_the_count() {
    let tor = FakeTor::start();
    let cutting = meter_relay::RelayConfig {
        drain_max: Duration::ZERO,
        ..config()
    };
    let rig = Rig::start(cutting, Some(tor.upstream()));
    let (mut client, mut stream) = rig.pair(&tor).await;
    client.send(b"abcde").await;
    soon(stream.read_exact(&mut [0; 5])).await.unwrap();
    stream.write_all(b"abc").await.unwrap();
    client.receive(3).await;
    rig.finish_with(5, 3).await;
    assert_reset(client.rest().await.1);
    assert_reset(read_rest(&mut stream).await);
}

#[tokio::test]
async fn a_relay_dropped_where_it_stands_resets_both_sides() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    stream.write_all(b"abc").await.unwrap();
    client.receive(3).await;
    let counters = rig.abort().await;
    assert_reset(client.rest().await.1);
    assert_reset(read_rest(&mut stream).await);
    assert_eq!(counters.snapshot().bytes_down, 3);
}

#[tokio::test]
async fn what_was_written_arrives_though_the_client_reads_after_the_relay_has_gone() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    let down = pattern(50_000);
    client.end().await;
    assert_eq!(read_rest(&mut stream).await.unwrap(), b"");
    stream.write_all(&down).await.unwrap();
    drop(stream);
    rig.finish_with(0, down.len()).await;
    client.hears_last(&down).await;
}
