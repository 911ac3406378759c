//! A Tor on a detour must never connect straight to Tor's network, even where nothing prevents it.

use crate::{OURS, server_file, soon};
use checks::{
    ours,
    processes::{children, command_line},
};
use meter_core::Backend;
use meter_tor::{Bridge, Detour, Tor, TorState};
use rustix::process::{Pid, Signal, kill_process};
use std::{net::SocketAddr, path::Path, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const NOBODY: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";

/// Tor knows only this relay of the network. Neither the relay nor the detour's end answers; both
/// count the connections to them.
#[tokio::test]
async fn on_a_detour_no_connection_goes_straight_not_even_after_a_crash() {
    for backend in OURS.iter().copied() {
        let relay = Watched::new();
        let lines = network_lines(relay.address, backend);
        // The control: without a detour, Tor connects to the relay at once, so the test would see
        // it.
        let straight = Running::start(backend, &lines, |_| Detour::default()).await;
        relay.is_asked().await;
        straight.end().await;
        relay.forget();

        for way in [shadowsocks, bridge] {
            let end = Watched::new();
            let address = end.address;
            let running = Running::start(backend, &lines, |folder| way(folder, address)).await;
            end.is_asked().await;
            running.crash().await;
            end.forget();
            running.is_there().await;
            end.is_asked().await;
            running.end().await;
            assert_eq!(relay.forget(), 0, "{backend:?}");
        }
    }
}

/// There is no Snowflake network here. The test checks that the line reaches its program: Tor
/// starts the program, and the program asks the broker that the line names.
#[tokio::test]
async fn a_snowflake_line_has_its_broker_asked() {
    for backend in OURS.iter().copied() {
        let (relay, broker) = (Watched::new(), Watched::new());
        let lines = network_lines(relay.address, backend);
        let way = |_: &Path| snowflake(broker.address);
        let running = Running::start(backend, &lines, way).await;
        let asked = broker.is_told().await;
        assert!(asked.starts_with("POST /client HTTP/1.1"), "{asked}");
        running.end().await;
        assert_eq!(relay.forget(), 0, "{backend:?}");
    }
}

/// A port that counts connections.
struct Watched {
    address: SocketAddr,
    awaited: TcpListener,
    /// The same port, to be asked without waiting.
    counted: std::net::TcpListener,
}

impl Watched {
    fn new() -> Self {
        let counted = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        counted.set_nonblocking(true).unwrap();
        let awaited = TcpListener::from_std(counted.try_clone().unwrap()).unwrap();
        Self {
            address: counted.local_addr().unwrap(),
            awaited,
            counted,
        }
    }

    async fn is_asked(&self) {
        soon(self.awaited.accept()).await.unwrap();
    }

    /// The first line of the next connection.
    async fn is_told(&self) -> String {
        let (came, _) = soon(self.awaited.accept()).await.unwrap();
        let mut line = String::new();
        soon(BufReader::new(came).read_line(&mut line))
            .await
            .unwrap();
        line
    }

    /// Returns how many connections came that were not awaited, and closes them.
    fn forget(&self) -> usize {
        std::iter::from_fn(|| self.counted.accept().ok()).count()
    }
}

fn network_lines(address: SocketAddr, backend: Backend) -> String {
    match backend {
        Backend::Existing => unreachable!("not ours"),
        // Only in a test network does Tor connect to an address of this computer as to any other.
        Backend::Managed => format!(
            "DirAuthority x orport={} v3ident={NOBODY} {address} {NOBODY}\nTestingTorNetwork 1",
            address.port()
        ),
        Backend::Embedded => format!(
            "[[tor_network.fallback_caches]]\nrsa_identity = \"{NOBODY}\"\n\
             ed_identity = \"lviF3ZJEbUFT0MObt6JAglyD/cNeUoK5ruSkGryKAr0\"\norports = \
             [\"{address}\"]\n\
             [tor_network.authorities]\nv3idents = [\"{NOBODY}\"]\nuploads = [[\"{address}\"]]\n\
             downloads = [[\"{address}\"]]\nvotes = [[\"{address}\"]]\n"
        ),
    }
}

fn shadowsocks(folder: &Path, address: SocketAddr) -> Detour {
    Detour {
        shadowsocks: Some(server_file(folder, &address.to_string())),
        ..Detour::default()
    }
}

fn bridge(_: &Path, address: SocketAddr) -> Detour {
    over(&format!("{address} {NOBODY}"))
}

/// The address stands for the bridge behind the volunteers. Nothing connects to it.
fn snowflake(broker: SocketAddr) -> Detour {
    over(&format!(
        "snowflake 192.0.2.3:80 {NOBODY} fingerprint={NOBODY} url=http://{broker}/ \
         ice=stun:127.0.0.1:1"
    ))
}

fn over(line: &str) -> Detour {
    Detour {
        bridges: vec![Bridge::parse(line).unwrap()],
        ..Detour::default()
    }
}

struct Running {
    tor: Tor,
    folder: tempfile::TempDir,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    async fn start(backend: Backend, lines: &str, detour: impl FnOnce(&Path) -> Detour) -> Self {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
        let folder = folder.unwrap();
        let mut config = ours::config(backend, folder.path(), lines).unwrap();
        config.restart.first = Duration::from_millis(10);
        config.detour = detour(folder.path());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let tor = Tor::new(config, &tasks, stop.clone());
        assert_eq!(soon(tor.start()).await, Ok(()));
        Self {
            tor,
            folder,
            tasks,
            stop,
        }
    }

    /// Kills Tor and waits until the handle has noticed it.
    async fn crash(&self) {
        for process in self.processes() {
            let id = i32::try_from(process).ok().and_then(Pid::from_raw);
            kill_process(id.expect("an id"), Signal::KILL).unwrap();
        }
        self.until(false).await;
    }

    async fn is_there(&self) {
        self.until(true).await;
    }

    async fn until(&self, is_there: bool) {
        let mut status = self.tor.status();
        let found = status
            .wait_for(|status| matches!(status.state, TorState::Bootstrapping(_)) == is_there);
        soon(found).await.unwrap();
    }

    fn processes(&self) -> Vec<u32> {
        let folder = self.folder.path().to_str().unwrap();
        let mut found = children(std::process::id());
        found.retain(|id| {
            let line = command_line(*id);
            line.contains(folder) || line.contains("embedded-tor")
        });
        assert!(!found.is_empty());
        found
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        soon(self.tasks.wait()).await;
    }
}
