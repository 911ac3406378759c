//! S-29: a flood of new connections. Measured in turns and not in time, so that the speed of the
//! machine does not matter: an open stream continues after a few more connections, however many
//! wait.

use std::net::TcpStream;

use meter_relay::RelayConfig;
use tokio::io::AsyncReadExt;

use crate::support::{
    fake_tor::FakeTor,
    files::raise_the_limit_on_files,
    rig::{Rig, config, soon},
};

/// As many as the kernel queues for the relay, less a few.
const FLOOD: usize = 1_000;
/// Several turns of the accepting task. For one byte, both ends of the stream and this test must be
/// woken. It is looked at in the middle of all, because on a busy computer the kernel may deliver a
/// single byte late. Without turns it is 128, a task's share of the runtime.
const ACCEPTED_PER_BYTE_MAX: u64 = 48;

#[tokio::test] // one thread: the relay accepts only between two turns of the stream
async fn s_29_a_flood_of_connections_lets_open_streams_through() {
    raise_the_limit_on_files();
    let tor = FakeTor::start();
    let rig = Rig::start(
        RelayConfig {
            connections_max: 2 * FLOOD,
            ..config()
        },
        Some(tor.upstream()),
    );
    let (mut client, mut stream) = rig.pair(&tor).await;
    #[expect(clippy::disallowed_methods, reason = "the flood, on loopback")]
    let connect = || TcpStream::connect(("127.0.0.1", rig.port)).unwrap();
    // The relay has no turn here, so all connections wait in the kernel's queue.
    let flood: Vec<_> = (0..FLOOD).map(|_| connect()).collect();

    let accepted = || rig.counters.snapshot().connections - 1;
    let all = u64::try_from(FLOOD).unwrap();
    let mut bytes = 0;
    let mut beside_a_byte = Vec::new();
    while accepted() < all {
        let before = accepted();
        client.send(b"!").await;
        soon(stream.read_exact(&mut [0; 1])).await.unwrap();
        bytes += 1;
        beside_a_byte.push(accepted() - before);
    }
    // The last ones may come when the rest has long been accepted.
    beside_a_byte.retain(|accepted| *accepted > 0);
    beside_a_byte.sort_unstable();
    let usual = beside_a_byte[beside_a_byte.len() / 2];
    assert!(usual <= ACCEPTED_PER_BYTE_MAX, "{beside_a_byte:?}");
    drop((client, stream, flood));
    let snapshot = rig.finish_with(bytes, 0).await;
    assert_eq!(snapshot.connections, all + 1);
}
