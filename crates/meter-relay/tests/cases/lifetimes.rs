//! Binding, stopping, draining and starting again: S-24.

use std::{io, sync::Arc};

use meter_relay::{Relay, RelayConfig, RelayError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

use crate::support::{
    client::Client,
    fake_tor::FakeTor,
    rig::{Rig, config, soon},
};

fn bind(config: RelayConfig) -> Result<Relay, RelayError> {
    Relay::bind(config, watch::channel(None).1, Arc::default())
}

fn on_port(port: u16) -> RelayConfig {
    RelayConfig {
        listen: ([127, 0, 0, 1], port).into(),
        ..config()
    }
}

#[tokio::test]
async fn only_loopback_addresses_are_listened_on() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0", "[::ffff:127.0.0.1]:0"] {
        let outcome = bind(RelayConfig {
            listen: address.parse().unwrap(),
            ..config()
        });
        assert!(matches!(outcome, Err(RelayError::NotLoopback)), "{address}");
    }
    assert!(
        bind(RelayConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            ..config()
        })
        .is_ok()
    );
}

#[tokio::test]
async fn s_24_a_taken_port_is_reported_with_its_number() {
    // The standard library's listener allows reuse, as ours does. This must not mean sharing the
    // port.
    let stranger = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = stranger.local_addr().unwrap().port();
    let outcome = bind(on_port(port));
    assert!(matches!(outcome, Err(RelayError::PortTaken { port: named }) if named == port));
}

#[tokio::test]
async fn s_24_a_port_taken_on_all_addresses_is_taken() {
    let stranger = std::net::TcpListener::bind(("0.0.0.0", 0)).unwrap();
    let port = stranger.local_addr().unwrap().port();
    assert!(matches!(
        bind(on_port(port)),
        Err(RelayError::PortTaken { .. })
    ));
}

#[tokio::test]
async fn s_24_two_relays_never_share_a_port() {
    let first = bind(config()).unwrap();
    assert!(matches!(
        bind(on_port(first.port())),
        Err(RelayError::PortTaken { .. })
    ));
    let port = first.port();
    drop(first);
    assert_eq!(bind(on_port(port)).unwrap().port(), port);
}

#[tokio::test]
async fn a_stopped_relay_is_started_again_at_once_and_its_totals_go_on() {
    let tor = FakeTor::start();
    let first = Rig::before(&tor);
    let (port, counters) = (first.port, Arc::clone(&first.counters));
    let (mut client, mut stream) = first.pair(&tor).await;
    stream.write_all(b"abc").await.unwrap();
    // The relay closes its side first, so its port remains in TIME_WAIT.
    drop(stream);
    client.receive(3).await;
    let mut refused = first.client().await;
    refused.send(&[5, 0]).await;
    refused.hears_last(&[5, 0xFF]).await;
    drop((client, refused));
    first.finish_with(0, 3).await;

    let second = Rig::start_with(on_port(port), Some(tor.upstream()), counters);
    assert_eq!(second.port, port);
    let (mut client, mut stream) = second.pair(&tor).await;
    client.send(b"de").await;
    client.end().await;
    let mut arrived = Vec::new();
    soon(stream.read_to_end(&mut arrived)).await.unwrap();
    drop((client, stream));
    let snapshot = second.finish_with(2, 3).await;
    assert_eq!((snapshot.connections, snapshot.refused), (3, 1));
}

#[tokio::test]
async fn a_stop_closes_the_port_and_lets_open_connections_end() {
    let tor = FakeTor::start();
    let mut rig = Rig::before(&tor);
    let (mut client, mut stream) = rig.pair(&tor).await;
    rig.stop();
    while connects(rig.port).await {
        tokio::task::yield_now().await; // until the relay has seen the stop
    }
    client.send(b"still here").await;
    soon(stream.read_exact(&mut [0; 10])).await.unwrap();
    assert!(rig.is_running());
    stream.write_all(b"yes").await.unwrap();
    drop(stream);
    client.hears_last(b"yes").await;
    drop(client);
    rig.finish_with(10, 3).await;
}

async fn connects(port: u16) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's own client, on loopback"
    )]
    let outcome = TcpStream::connect(("127.0.0.1", port)).await;
    // A connection in the kernel's queue is reset when the port closes.
    !outcome.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

#[tokio::test]
async fn clients_before_run_wait_for_it() {
    let tor = FakeTor::start();
    let (_upstream, receiver) = watch::channel(Some(tor.upstream()));
    let relay = Relay::bind(config(), receiver, Arc::default()).unwrap();
    let (port, counters) = (relay.port(), relay.counters());
    let mut early = Client::connect(port).await;
    assert_eq!(counters.snapshot().connections, 0);
    let stop = tokio_util::sync::CancellationToken::new();
    let visit = async {
        early.greet().await;
        drop(early);
        stop.cancel();
    };
    let (outcome, ()) = soon(async { tokio::join!(relay.run(stop.clone()), visit) }).await;
    outcome.unwrap();
    assert_eq!(counters.snapshot().connections, 1);
}
