//! A reader that does not read: the other side waits, memory does not grow, and the count is what
//! the receiving socket holds. S-26, S-28.

use std::time::Duration;

use meter_relay::RelayConfig;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::TcpStream,
    time::timeout,
};

use crate::support::{
    client::usual_request,
    fake_tor::{FakeTor, SUCCESS, UnixTor, read_request},
    pattern::pattern,
    rig::{Rig, config, soon},
};

async fn read_rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    soon(stream.read_to_end(&mut bytes)).await.unwrap();
    bytes
}

/// Offers 1 GiB. Returns how much was accepted before everything stopped.
async fn offer_a_gibibyte(sender: &mut TcpStream) -> usize {
    /// Far above the kernel's buffers on this path (6 MB at most each), far below 1 GiB.
    const TAKEN_MAX: usize = 64 << 20;
    let chunk = vec![0x5A; 1 << 20];
    let mut taken = 0;
    // With a paused clock the limit passes when no socket and no task has work to do.
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
async fn s_26_a_client_that_never_waits_for_the_answer_is_made_to_wait() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let mut client = rig.client().await;
    client.greet().await;
    client.send(&usual_request()).await;
    let mut stream = tor.accept().await;
    read_request(&mut stream).await;
    let taken = offer_a_gibibyte(&mut client.0).await;
    assert_eq!(rig.counters.snapshot().bytes_up, 0);
    client.end().await;
    stream.write_all(&SUCCESS).await.unwrap();
    assert_eq!(read_rest(&mut stream).await.len(), taken);
    drop((client, stream));
    rig.finish_with(taken, 0).await;
}

#[tokio::test]
async fn a_tor_that_never_reads_makes_the_client_wait() {
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    let taken = offer_a_gibibyte(&mut client.0).await;
    client.end().await;
    assert_eq!(read_rest(&mut stream).await.len(), taken);
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
    assert!(read_rest(&mut stream).await == up);
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
    // The client still holds its socket and reads nothing. The relay must not wait for it.
    client.0.ready(Interest::ERROR).await.unwrap();
    let (read, _) = client.rest().await;

    let (mut client, mut stream) = rig.pair(&tor).await;
    let up = offer_a_gibibyte(&mut client.0).await;
    client.reset();
    stream.ready(Interest::ERROR).await.unwrap();
    drop(stream.read(&mut [0; 1]).await);

    // Bytes that a reset discarded on the way are in the kernel; bytes that the peers read were
    // counted.
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

/// On a Unix socket every byte that a write accepted is in the reader's own queue. So the exact
/// count is known even after a reset: not the bytes offered, and not only those that were read.
#[tokio::test]
async fn a_torn_connection_has_counted_exactly_what_tors_socket_holds() {
    let tor = UnixTor::start();
    let rig = Rig::start(config(), Some(tor.upstream()));
    let (mut client, mut stream) = tor.pair(&rig).await;
    let taken = offer_a_gibibyte(&mut client.0).await;
    client.reset();
    let mut held = Vec::new();
    soon(stream.read_to_end(&mut held)).await.unwrap();
    assert!(
        (1..taken).contains(&held.len()),
        "the relay was stuck in the middle"
    );
    rig.finish_with(held.len(), 0).await;
}

#[tokio::test]
async fn a_cut_connection_has_counted_exactly_what_tors_socket_holds() {
    let tor = UnixTor::start();
    let cutting = RelayConfig {
        drain_max: Duration::ZERO,
        ..config()
    };
    let rig = Rig::start(cutting, Some(tor.upstream()));
    let (mut client, mut stream) = tor.pair(&rig).await;
    offer_a_gibibyte(&mut client.0).await;
    let snapshot = rig.finish().await;
    let mut held = Vec::new();
    soon(stream.read_to_end(&mut held)).await.unwrap();
    assert_eq!(snapshot.bytes_up, u64::try_from(held.len()).unwrap());
    assert!(snapshot.bytes_up > 0);
}
