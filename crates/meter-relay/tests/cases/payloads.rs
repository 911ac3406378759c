//! Payload and its ends: S-26 to S-28. Every count is compared with what the peers read.

use std::{io, time::Duration};

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::TcpStream,
    time::timeout,
};

use crate::support::{
    client::{Client, usual_request},
    fake_tor::{FakeTor, SUCCESS, read_request},
    rig::{Rig, config, soon},
};

/// Bytes in which a lost, doubled or swapped block shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| u8::try_from((index * 31 + index / 251) % 256).unwrap())
        .collect()
}

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
    // They have arrived, and the client closes without a look at them: a stopped download.
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

/// Waits for the reset on a socket whose reading side has already ended in order.
async fn breaks(stream: &TcpStream) {
    soon(stream.ready(Interest::ERROR)).await.unwrap();
    // Linux says "broken pipe" for a reset behind an end.
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

/// Offers 1 GiB; returns what was taken before everything stood still.
async fn offer_a_gibibyte(sender: &mut TcpStream) -> usize {
    /// Far above the kernel's buffers on this path (6 MB at most each), far below 1 GiB.
    const TAKEN_MAX: usize = 64 << 20;
    let chunk = vec![0x5A; 1 << 20];
    let mut taken = 0;
    // With the clock paused, the limit passes when no socket and no task has anything to do.
    tokio::time::pause();
    while taken < 1 << 30 {
        match timeout(Duration::from_secs(60), sender.write(&chunk)).await {
            Ok(written) => taken += written.unwrap(),
            Err(_stands_still) => break,
        }
        assert!(taken < TAKEN_MAX, "memory grows");
    }
    tokio::time::resume();
    taken
}

#[tokio::test]
async fn s_28_a_client_that_never_reads_makes_tor_wait() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    let taken = offer_a_gibibyte(&mut stream).await;
    stream.shutdown().await.unwrap();
    let (bytes, end) = client.rest().await;
    end.unwrap();
    assert_eq!(bytes.len(), taken);
    drop((client, stream));
    rig.finish_with(0, taken).await;
}

#[tokio::test]
async fn a_tor_that_never_reads_makes_the_client_wait() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    let taken = offer_a_gibibyte(&mut client.0).await;
    client.end().await;
    assert_eq!(read_rest(&mut stream).await.unwrap().len(), taken);
    drop((client, stream));
    rig.finish_with(taken, 0).await;
}

#[tokio::test]
async fn a_blocked_direction_leaves_the_other_free() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    let taken = offer_a_gibibyte(&mut stream).await;
    let up = pattern(100_000);
    client.send(&up).await;
    client.end().await;
    assert!(read_rest(&mut stream).await.unwrap() == up);
    stream.shutdown().await.unwrap();
    assert_eq!(client.rest().await.0.len(), taken);
    rig.finish_with(up.len(), taken).await;
}

#[tokio::test]
async fn a_reset_by_either_side_frees_a_blocked_connection() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);

    let (mut client, mut stream) = rig.pair(&tor).await;
    let down = offer_a_gibibyte(&mut stream).await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    // The client still holds its socket and reads nothing; the relay must not wait for it.
    client.0.ready(Interest::ERROR).await.unwrap();
    let (read, _) = client.rest().await;

    let (mut client, mut stream) = rig.pair(&tor).await;
    let up = offer_a_gibibyte(&mut client.0).await;
    client.reset();
    stream.ready(Interest::ERROR).await.unwrap();
    drop(stream.read(&mut [0; 1]).await);

    // What a reset threw away on the way is the kernel's; what the peers read was counted.
    let snapshot = rig.finish().await;
    let at_most = |taken: usize| u64::try_from(taken).unwrap();
    assert!(
        (1..=at_most(down)).contains(&snapshot.bytes_down),
        "{}",
        snapshot.bytes_down
    );
    assert!(snapshot.bytes_down >= at_most(read.len()));
    assert!(
        (1..=at_most(up)).contains(&snapshot.bytes_up),
        "{}",
        snapshot.bytes_up
    );
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

/// One write of one side.
#[derive(Clone, Debug)]
enum Write {
    Up(usize),
    Down(usize),
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let length = prop_oneof![
        1..10_usize,
        Just(16_383),
        Just(16_384),
        Just(16_385),
        1..200_000_usize
    ];
    let write = (any::<bool>(), length).prop_map(|(up, length)| {
        if up {
            Write::Up(length)
        } else {
            Write::Down(length)
        }
    });
    prop::collection::vec(write, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sent_arrives_whole_and_is_counted_to_the_byte(writes in writes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(exchange(&writes));
    }
}

/// Both sides send their parts and read the other's, all at once.
async fn exchange(writes: &[Write]) {
    let parts = |up: bool| {
        writes.iter().filter_map(move |write| match *write {
            Write::Up(length) => up.then_some(length),
            Write::Down(length) => (!up).then_some(length),
        })
    };
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (Client(client), stream) = rig.pair(&tor).await;
    let (from_client, from_tor) = tokio::join!(
        one_side(client, parts(true)),
        one_side(stream, parts(false))
    );
    let expected = |up: bool| parts(up).flat_map(pattern).collect::<Vec<u8>>();
    let (up, down) = (expected(true), expected(false));
    assert!(from_client == down && from_tor == up);
    rig.finish_with(up.len(), down.len()).await;
}

/// Sends the parts and the end; returns what came from the other side.
async fn one_side(stream: TcpStream, parts: impl Iterator<Item = usize>) -> Vec<u8> {
    let (mut reader, mut writer) = stream.into_split();
    let send = async {
        for length in parts {
            writer.write_all(&pattern(length)).await.unwrap();
        }
        writer.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let (end, ()) = soon(async { tokio::join!(reader.read_to_end(&mut received), send) }).await;
    end.unwrap();
    received
}
