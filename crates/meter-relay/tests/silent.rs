//! What the relay never logs. This is a program of its own because the log belongs to the process.

use std::sync::Mutex;

// Not used here: `cargo bolero` builds every test of this crate and needs its engine in each of
// them.
use bolero as _;
use meter_core::WitnessName;
use meter_relay::{Relay, RelayConfig, Witnesses};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    sync::watch,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::{Event, Metadata, Subscriber, span, subscriber};

static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Records the source position of everything that the relay logs, at any level.
struct Recorder;

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        if metadata.target().starts_with("meter_relay") {
            LOGGED
                .lock()
                .expect("no test panicked")
                .push(metadata.name().to_owned());
        }
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Sends the relay on this port a request for a name and reads until it closes.
async fn ask(port: u16, name: &str) -> Vec<u8> {
    let socket = TcpSocket::new_v4().expect("a socket");
    let mut client = socket
        .connect(([127, 0, 0, 1], port).into())
        .await
        .expect("it listens");
    let length = u8::try_from(name.len()).expect("short");
    let head = [5, 1, 0, 5, 1, 0, 3, length];
    let words = b"\x00\x50GET / HTTP/1.1\r\n\r\n";
    let request = [&head, name.as_bytes(), words].concat();
    client.write_all(&request).await.expect("open");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.expect("an end");
    answer
}

#[tokio::test]
async fn no_witness_is_logged_at_any_level() {
    subscriber::set_global_default(Recorder).unwrap();
    for optimistic in [false, true] {
        let witnesses = Witnesses::default();
        let config = RelayConfig {
            optimistic,
            witnesses: witnesses.clone(),
            ..RelayConfig::on(([127, 0, 0, 1], 0).into())
        };
        let relay = Relay::bind(config, watch::channel(None).1, Default::default()).unwrap();
        let (port, stop) = (relay.port(), CancellationToken::new());
        let mut running = JoinSet::new();
        running.spawn(relay.run(stop.clone()));

        LOGGED.lock().unwrap().clear();
        let name = WitnessName::new([0xA5; 16]);
        let unknown = ask(port, &name.to_string()).await;
        assert_eq!(unknown[..4], [5, 0, 5, 4], "nobody waits for it yet");
        witnesses.expect(name);
        let answer = ask(port, &name.to_string()).await;
        assert!(answer[12..].starts_with(b"HTTP/1.1 204 "), "{answer:?}");
        assert!(witnesses.take(name));
        assert_eq!(*LOGGED.lock().unwrap(), Vec::<String>::new());

        let refused = ask(port, "localhost").await;
        assert_eq!(refused[..4], [5, 0, 5, 2]);
        let seen = LOGGED.lock().unwrap().len();
        assert!(seen > 0, "what is logged is seen");
        stop.cancel();
        running.join_next().await.unwrap().unwrap().unwrap();
    }
}
