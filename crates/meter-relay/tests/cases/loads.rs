//! Many clients at once: the limit on connections, and a thousand exact sums.

use std::{sync::Arc, time::Duration};

use meter_relay::RelayConfig;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Barrier,
    task::JoinSet,
    time::timeout,
};

use crate::support::{
    client::{Client, GREETING, usual_request},
    fake_tor::{FakeTor, SUCCESS, read_request},
    files::raise_the_limit_on_files,
    rig::{Rig, config, soon},
};

#[tokio::test]
async fn who_finds_no_place_waits_unaccepted_until_one_is_free() {
    let tor = FakeTor::start();
    let rig = Rig::start(
        RelayConfig {
            connections_max: 2,
            ..config()
        },
        Some(tor.upstream()),
    );
    let first = rig.pair(&tor).await;
    let second = rig.pair(&tor).await;
    let mut third = rig.client().await;
    third.send(&GREETING).await;

    // With a paused clock the limit passes when no socket and no task has work to do.
    tokio::time::pause();
    let patience = Duration::from_secs(60);
    timeout(patience, third.0.readable())
        .await
        .expect_err("the third is not served");
    tokio::time::resume();
    assert_eq!(rig.counters.snapshot().connections, 2);

    drop(first);
    assert_eq!(third.receive(2).await, [5, 0]);
    assert_eq!(rig.counters.snapshot().connections, 3);
    drop((second, third));
    rig.finish_with(0, 0).await;
}

const CLIENTS: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_at_once_sum_up_exactly() {
    raise_the_limit_on_files();
    let tor = Arc::new(FakeTor::start());
    let rig = Rig::start(
        RelayConfig {
            connections_max: CLIENTS,
            ..config()
        },
        Some(tor.upstream()),
    );
    let all_open = Arc::new(Barrier::new(CLIENTS + 1));

    let mut tors_side = JoinSet::new();
    let acceptor = Arc::clone(&tor);
    tors_side.spawn(async move {
        let mut streams = JoinSet::new();
        for _ in 0..CLIENTS {
            let stream = acceptor.accept().await;
            streams.spawn(answer_twice_as_much(stream));
        }
        streams.join_all().await;
    });
    let mut clients = JoinSet::new();
    for index in 0..CLIENTS {
        clients.spawn(visit(rig.port, index * 37 + 1, Arc::clone(&all_open)));
    }

    soon(all_open.wait()).await;
    let open = rig.counters.snapshot();
    soon(all_open.wait()).await; // now they may send
    assert_eq!(open.active, u64::try_from(CLIENTS).unwrap());
    let sums = soon(clients.join_all()).await;
    soon(tors_side.join_all()).await;
    let up: usize = (0..CLIENTS).map(|index| index * 37 + 1).sum();
    assert_eq!(
        sums.into_iter().sum::<usize>(),
        2 * up,
        "as read by the clients"
    );
    let snapshot = rig.finish_with(up, 2 * up).await;
    assert_eq!(snapshot.connections, u64::try_from(CLIENTS).unwrap());
}

/// Sends `length` bytes after all clients have connected. Returns how many came back.
async fn visit(port: u16, length: usize, all_open: Arc<Barrier>) -> usize {
    let mut client = Client::connect(port).await;
    client.greet().await;
    client.send(&usual_request()).await;
    assert_eq!(client.receive(SUCCESS.len()).await, SUCCESS);
    soon(all_open.wait()).await;
    soon(all_open.wait()).await;
    client.send(&vec![b'x'; length]).await;
    client.end().await;
    let (bytes, end) = client.rest().await;
    end.unwrap();
    bytes.len()
}

async fn answer_twice_as_much(mut stream: tokio::net::TcpStream) {
    read_request(&mut stream).await;
    stream.write_all(&SUCCESS).await.unwrap();
    let mut bytes = Vec::new();
    soon(stream.read_to_end(&mut bytes)).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    stream.shutdown().await.unwrap();
}
