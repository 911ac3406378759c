//! Tests what remains after a panic in the middle of a transfer.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, watch},
    task::JoinSet,
};

use super::*;
use crate::{
    Counters, RelayConfig,
    cut::Tasks,
    slot::{Shared, Slot},
};

/// Two ends of a connection on loopback.
async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test's own, on loopback")]
    let theirs = TcpStream::connect(listener.local_addr().unwrap());
    let (theirs, ours) = tokio::join!(theirs, listener.accept());
    (theirs.unwrap(), ours.unwrap().0)
}

async fn slot(counters: &Arc<Counters>) -> Slot {
    let shared = Shared {
        config: RelayConfig::on(([127, 0, 0, 1], 0).into()),
        upstream: watch::channel(None).1,
        tasks: Tasks::default(),
        pipes: PipePool::default(),
        places: Semaphore::new(1),
    };
    let shared = Arc::new(shared);
    let place = shared.places.acquire().await.unwrap();
    Slot::take(counters.open(), Arc::clone(&shared), place)
}

#[tokio::test]
async fn a_panic_in_mid_transfer_resets_both_sides_and_keeps_the_count() {
    let counters = Arc::new(Counters::default());
    let (mut client, to_client) = connected().await;
    let (mut tor, to_tor) = connected().await;
    let pair = Pair {
        client: Socket::Tcp(to_client),
        tor: Socket::Tcp(to_tor),
        up: Flow::holding(Box::default()),
        early_down: Box::default(),
    };
    // `connection.rs` does the same before payload.
    pair.client.reset_on_close().unwrap();
    pair.tor.reset_on_close().unwrap();
    let slot = slot(&counters).await;
    let bug = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let met = Arc::clone(&bug);
    tasks.spawn(async move {
        tokio::select! {
            ended = relay(pair, &slot) => ended.unwrap(),
            () = met.notified() => panic!("a bug in this connection"),
        }
    });

    let block = vec![7; 300_000]; // enough for a pipe to be in use
    let (sent, read) = tokio::join!(tor.write_all(&block), async {
        client.read_exact(&mut vec![0; block.len()]).await
    });
    sent.unwrap();
    read.unwrap();
    client.write_all(b"up").await.unwrap();
    tor.read_exact(&mut [0; 2]).await.unwrap();
    bug.notify_one();

    assert!(tasks.join_next().await.unwrap().unwrap_err().is_panic());
    for stream in [&mut client, &mut tor] {
        let error = stream.read(&mut [0; 1]).await.expect_err("a reset");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
    let snapshot = counters.snapshot();
    let down = u64::try_from(block.len()).unwrap();
    assert_eq!((snapshot.bytes_up, snapshot.bytes_down), (2, down));
    assert_eq!(snapshot.active, 0);
}
