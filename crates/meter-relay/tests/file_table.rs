//! A full file table. This is a program of its own because the limit applies to the whole process.

use std::{fs::File, sync::Arc};

// Not used here: `cargo bolero` builds every test of this crate and needs its engine in each of
// them.
use bolero as _;
use meter_relay::{Relay, RelayConfig};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    sync::watch,
    task::{JoinSet, yield_now},
};
use tokio_util::sync::CancellationToken;

#[tokio::test] // one thread, so that the relay runs when the test yields
async fn a_full_file_table_delays_clients_and_breaks_nothing() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(256);
    setrlimit(Resource::Nofile, limit).unwrap();

    let config = RelayConfig::on(([127, 0, 0, 1], 0).into());
    let relay = Relay::bind(config, watch::channel(None).1, Arc::default()).unwrap();
    let address = ([127, 0, 0, 1], relay.port()).into();
    let counters = relay.counters();
    let stop = CancellationToken::new();
    let mut running = JoinSet::new();
    running.spawn(relay.run(stop.clone()));

    // The client's own file descriptor is opened before the table is full.
    let socket = TcpSocket::new_v4().unwrap();
    let mut fillers = Vec::new();
    while let Ok(filler) = File::open("/dev/null") {
        fillers.push(filler);
    }
    let mut client = socket.connect(address).await.unwrap();
    client.write_all(&[5, 1, 0]).await.unwrap();
    for _ in 0..200 {
        yield_now().await; // lets the relay try and fail
    }
    assert!(running.try_join_next().is_none(), "the relay goes on");
    assert_eq!(counters.snapshot().connections, 0);

    drop(fillers);
    let mut answer = [0; 2];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [5, 0]);
    drop(client);
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(counters.snapshot().connections, 1);
}
