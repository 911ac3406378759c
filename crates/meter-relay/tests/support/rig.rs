//! A running relay with its counters, and the connection between a client and the fake Tor.

use std::{sync::Arc, time::Duration};

use meter_core::TorAddr;
use meter_relay::{Connections, CounterSnapshot, Counters, Relay, RelayConfig, RelayError};
use tokio::{net::TcpStream, sync::watch, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    client::{Client, usual_request},
    fake_tor::{FakeTor, SUCCESS},
};

/// Longer than any limit of the relay, so that only a test that hangs reaches it.
const HANG: Duration = Duration::from_secs(150);

/// Turns a hang into a failure. No test depends on how long anything takes.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(HANG, future).await.expect("hangs")
}

pub(crate) struct Rig {
    pub(crate) port: u16,
    pub(crate) counters: Arc<Counters>,
    pub(crate) upstream: watch::Sender<Option<TorAddr>>,
    pub(crate) connections: Connections,
    stop: CancellationToken,
    running: JoinSet<Result<(), RelayError>>,
}

/// A port that the system chooses, and no cutting: a test must end every connection it opened.
pub(crate) fn config() -> RelayConfig {
    RelayConfig {
        drain_max: HANG * 2,
        refused_ports: vec![9050, 9051],
        ..RelayConfig::on(([127, 0, 0, 1], 0).into())
    }
}

impl Rig {
    pub(crate) fn before(tor: &FakeTor) -> Self {
        Self::start(config(), Some(tor.upstream()))
    }

    pub(crate) fn start(config: RelayConfig, upstream: Option<TorAddr>) -> Self {
        Self::start_with(config, upstream, Arc::default())
    }

    pub(crate) fn start_with(
        config: RelayConfig,
        upstream: Option<TorAddr>,
        counters: Arc<Counters>,
    ) -> Self {
        let (upstream, receiver) = watch::channel(upstream);
        let relay = Relay::bind(config, receiver, Arc::clone(&counters)).unwrap();
        let port = relay.port();
        let connections = relay.connections();
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(relay.run(stop.clone()));
        Self {
            port,
            counters,
            upstream,
            connections,
            stop,
            running,
        }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.port).await
    }

    /// Opens a stream. Returns the client and Tor's side; payload comes next on both.
    pub(crate) async fn pair(&self, tor: &FakeTor) -> (Client, TcpStream) {
        let mut client = self.client().await;
        client.greet().await;
        client.send(&usual_request()).await;
        let stream = tor.open().await;
        assert_eq!(client.receive(SUCCESS.len()).await, SUCCESS);
        (client, stream)
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Drops the running relay at this point.
    pub(crate) async fn abort(mut self) -> Arc<Counters> {
        self.running.shutdown().await;
        self.counters
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.running.try_join_next().is_none()
    }

    /// Stops the relay and waits until all connections have ended by themselves.
    pub(crate) async fn finish(mut self) -> CounterSnapshot {
        self.stop.cancel();
        soon(self.running.join_next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let snapshot = self.counters.snapshot();
        assert_eq!(snapshot.active, 0);
        snapshot
    }

    /// Like [`Self::finish`], but also checks the bytes.
    #[track_caller]
    pub(crate) fn finish_with(
        self,
        up: usize,
        down: usize,
    ) -> impl Future<Output = CounterSnapshot> {
        let caller = std::panic::Location::caller();
        async move {
            let snapshot = self.finish().await;
            let expected = (u64::try_from(up).unwrap(), u64::try_from(down).unwrap());
            assert_eq!(
                (snapshot.bytes_up, snapshot.bytes_down),
                expected,
                "(up, down), at {caller}"
            );
            snapshot
        }
    }
}
