//! Tests a managed Tor with a Shadowsocks server that cannot be used or does not run.
//! `checks/tests/detours` tests a server that runs.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/waiting.rs"]
#[expect(dead_code, reason = "other tests wait for more")]
mod waiting;

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
};

use meter_core::{Backend, TorAddr};
use meter_tor::{Candidate, Tor, TorConfig, TorProblem, TorState};
use meter_uplink::{FileFault, ServerFault, UplinkError};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::{soon, until};

const METHOD: &str = "2022-blake3-aes-256-gcm";
/// 32 bytes in base64, encoded for a URL.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8%3D";

/// A Tor that can reach nothing: its only directory authority does not exist.
struct Managed {
    _folder: TempDir,
    tor: Tor,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Managed {
    fn new(text: &str, mode: u32, edit: impl FnOnce(&mut TorConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shadowsocks");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let mut config = TorConfig::new(folder.path().join("data"), folder.path().join("run"));
        config.extra_torrc = vec![
            format!("DirAuthority x 127.0.0.1:1 {}", "F".repeat(40)),
            "OutboundBindAddress 127.0.0.1".into(),
        ];
        config.existing_candidates = Vec::new();
        config.detour.shadowsocks = Some(file);
        edit(&mut config);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Self {
            tor: Tor::new(config, &tasks, stop.clone()),
            _folder: folder,
            tasks,
            stop,
        }
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        soon(self.tasks.wait()).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_said_at_once_and_no_tor_starts() {
    let good = format!("ss://{METHOD}:{KEY}@127.0.0.1:1");
    let bad = |bad| UplinkError::Server(bad);
    for (text, mode, expected) in [
        (
            "ss://rc4-md5:x@127.0.0.1:1",
            0o600,
            bad(ServerFault::Method),
        ),
        (
            "ss://aes-256-gcm:x@server.example:1",
            0o600,
            bad(ServerFault::Name),
        ),
        ("", 0o600, bad(ServerFault::Empty)),
        (
            &good,
            0o644,
            UplinkError::File(FileFault::OpenToOthers { mode: 0o644 }),
        ),
    ] {
        let managed = Managed::new(text, mode, |_| {});
        let expected = TorProblem::ShadowsocksRefused(expected);
        assert_eq!(soon(managed.tor.start()).await, Err(expected.clone()));
        let status = managed.tor.status().borrow().clone();
        assert_eq!(
            (status.state, status.backend),
            (TorState::Failed(expected), None)
        );
        managed.end().await;
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_trouble_of_its_own_while_tor_goes_on() {
    // Bound, so that no other program gets the port, but not listening: it refuses connections.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = nobody.local_addr().unwrap();
    let managed = Managed::new(&format!("ss://{METHOD}:{KEY}@{address}"), 0o600, |_| {});
    soon(managed.tor.start()).await.unwrap();
    let mut status = managed.tor.status();
    let found = soon(status.wait_for(|status| status.trouble.is_some())).await;
    let found = found.unwrap().clone();
    assert_eq!(found.trouble, Some(TorProblem::ShadowsocksUnreachable));
    assert!(
        matches!(found.state, TorState::Bootstrapping(_)),
        "{found:?}"
    );
    soon(managed.tor.stop()).await.unwrap();
    assert_eq!(managed.tor.status().borrow().trouble, None);
    managed.end().await;
}

#[tokio::test]
async fn a_tor_of_somebody_else_is_not_used_in_place_of_the_detour() {
    let url = format!("ss://{METHOD}:{KEY}@127.0.0.1:1");
    // A program answers where a Tor may run. It must not even be asked.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let socks: Option<SocketAddr> = Some(other.local_addr().unwrap());
    let existing = Managed::new(&url, 0o600, |config| {
        config.backend = Some(Backend::Existing);
        config.existing.socks = socks.map(TorAddr::Tcp);
    });
    let refused = soon(existing.tor.start()).await;
    assert_eq!(refused, Err(TorProblem::DetourNeedsOwnTor));
    existing.end().await;

    let free = Managed::new(&url, 0o600, |config| {
        config.existing_candidates = vec![Candidate {
            socks: socks.map(TorAddr::Tcp),
            control: socks.map(TorAddr::Tcp),
        }];
    });
    soon(free.tor.start()).await.unwrap();
    until(&mut free.tor.status(), waiting::is_bootstrapping).await;
    free.end().await;
    other.set_nonblocking(true).unwrap();
    assert!(other.accept().is_err(), "nobody asked the other Tor");
}

#[tokio::test]
async fn an_extra_line_cannot_lead_off_the_detour() {
    let url = format!("ss://{METHOD}:{KEY}@127.0.0.1:1");
    let managed = Managed::new(&url, 0o600, |config| {
        config.extra_torrc.push("Socks5Proxy 127.0.0.1:2".into());
    });
    let refused = soon(managed.tor.start()).await;
    assert_eq!(refused, Err(TorProblem::OptionNotAllowed { line: 3 }));
    managed.end().await;
}
