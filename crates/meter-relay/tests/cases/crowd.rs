//! A thousand connections at once, with both directions in use and four sockets each: one exact
//! sum.

use tokio::task::JoinSet;

use crate::support::{
    fake_tor::FakeTor,
    files::raise_the_limit_on_files,
    kernel::Books,
    rig::{Rig, config, soon},
    wire::{Moved, Side, Wire},
};

const CONNECTIONS: u64 = 1_000;

/// Different numbers of bytes, from zero to somewhat more than two copy buffers.
fn bytes(index: u64) -> Moved {
    Moved {
        up: index * 7_919 % 40_000,
        down: index * 104_729 % 40_000,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_busy_connections_are_the_kernels_sum_and_the_peers() {
    raise_the_limit_on_files();
    let tor = FakeTor::start();
    let rig = Rig::start(
        meter_relay::RelayConfig {
            connections_max: 2_000,
            ..config()
        },
        Some(tor.upstream()),
    );
    let mut wires = Vec::new();
    for _ in 0..CONNECTIONS {
        wires.push(Wire::open(&rig, &tor, Moved::default()).await);
    }
    let mut busy = JoinSet::new();
    for (index, mut wire) in (0..CONNECTIONS).zip(wires) {
        busy.spawn(async move {
            let Moved { up, down } = bytes(index);
            tokio::join!(wire.client.exchange(up, down), wire.tor.exchange(down, up));
            wire
        });
    }
    let mut wires = soon(busy.join_all()).await;

    // Everything was read and no side has ended, so no socket changes any more.
    let books = Books::open();
    let (mut peers, mut relays) = (Moved::default(), Moved::default());
    for wire in &wires {
        peers.up += wire.tor.read;
        peers.down += wire.client.read;
        for (side, sum) in [
            (Side::Tor, &mut relays.up),
            (Side::Client, &mut relays.down),
        ] {
            let handed_over = wire.handed_over(&books, side).unwrap();
            let received = wire.peers_socket(&books, side).unwrap().received;
            assert_eq!(handed_over, received - wire.said_to(side));
            *sum += handed_over;
        }
    }
    let sent = (0..CONNECTIONS).map(bytes);
    let up: u64 = sent.clone().map(|moved| moved.up).sum();
    let down: u64 = sent.map(|moved| moved.down).sum();
    assert_eq!(rig.counters.snapshot().active, CONNECTIONS);
    assert_eq!((relays, peers), (Moved { up, down }, Moved { up, down }));

    // Every second connection is reset, from alternating sides; the others end in order.
    for (index, wire) in wires.iter_mut().enumerate() {
        match index % 4 {
            0 => wire.reset(Side::Client),
            2 => wire.reset(Side::Tor),
            _ => {}
        }
    }
    drop(wires);
    // Only after the end: a counter on another thread may lag behind its socket by one instruction.
    let last = rig.finish().await;
    assert_eq!((last.bytes_up, last.bytes_down), (up, down));
}
