//! A panic in one connection's task ends that connection and no other.
//!
//! The panic happens in the task itself, without a test hook in the relay: the subscriber of log
//! events, which the embedding program chooses, panics at an event of this connection.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use meter_relay::RelayConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::support::{
    client::{request_for_name, usual_request},
    fake_tor::{FakeTor, read_request},
    rig::{Rig, config, soon},
};

/// Panics at every event with a message that begins with `at`.
struct Panicking {
    at: &'static str,
    panicked: Arc<AtomicUsize>,
}

impl Visit for Panicking {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" && format!("{value:?}").starts_with(self.at) {
            self.panicked.fetch_add(1, Ordering::Relaxed);
            panic!("at {value:?}");
        }
    }
}

impl Subscriber for Panicking {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Self {
            at: self.at,
            panicked: Arc::clone(&self.panicked),
        });
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Installs the subscriber for this thread while the guard lives. The runtime of these tests has
/// one thread.
fn panic_at(at: &'static str) -> (Arc<AtomicUsize>, tracing::subscriber::DefaultGuard) {
    let panicked = Arc::default();
    let subscriber = Panicking {
        at,
        panicked: Arc::clone(&panicked),
    };
    (panicked, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_panic_behind_payload_keeps_the_count_and_the_other_connections() {
    let (panicked, _guard) = panic_at("connection broke");
    let tor = FakeTor::start();
    let one_place_more = RelayConfig {
        connections_max: 2,
        ..config()
    };
    let rig = Rig::start(one_place_more, Some(tor.upstream()));
    let (mut other, mut others_stream) = rig.pair(&tor).await;
    for round in 1..=5 {
        let (mut client, mut stream) = rig.pair(&tor).await;
        client.send(b"delivered").await;
        soon(stream.read_exact(&mut [0; 9])).await.unwrap();
        stream.write_all(b"both ways").await.unwrap();
        client.receive(9).await;
        client.reset();
        soon(stream.read(&mut [0; 1])).await.unwrap_err();

        other.send(b"!").await;
        soon(others_stream.read_exact(&mut [0; 1])).await.unwrap();
        let happened = async {
            while panicked.load(Ordering::Relaxed) < round {
                tokio::task::yield_now().await;
            }
        };
        soon(happened).await;
    }
    drop((other, others_stream));
    let snapshot = rig.finish_with(5 * 9 + 5, 5 * 9).await;
    assert_eq!(snapshot.connections, 6);
}

#[tokio::test]
async fn a_panic_before_payload_closes_both_sockets_and_gives_the_place_back() {
    for (at, name) in [
        ("target refused", &b"localhost"[..]),
        ("client refused", b""),
        ("Tor did not answer", b"example.com"),
    ] {
        let (panicked, _guard) = panic_at(at);
        let tor = FakeTor::start();
        let one_place = RelayConfig {
            connections_max: 1,
            ..config()
        };
        let rig = Rig::start(one_place, Some(tor.upstream()));
        for round in 1..=3 {
            let mut client = rig.client().await;
            client.greet().await;
            client.send(&request_for_name(name, 80)).await;
            if at == "Tor did not answer" {
                drop(tor.accept().await);
            }
            client.hears_nothing().await;
            assert_eq!(panicked.load(Ordering::Relaxed), round, "{at}");
        }
        let mut client = rig.client().await;
        client.greet().await;
        client.send(&usual_request()).await;
        read_request(&mut tor.accept().await).await;
        drop(client);
        let snapshot = rig.finish_with(0, 0).await;
        assert_eq!(snapshot.connections, 4, "{at}");
    }
}
