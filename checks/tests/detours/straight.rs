//! What a Tor on a detour must never do, where nothing would hinder it: connect straight.

use crate::{
    KEY, METHOD, OURS,
    processes::{children, command_line},
    soon,
};
use checks::{ours, stage::Backend};
use meter_tor::{Bridge, Detour, Tor, TorState};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const NOBODY: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";

/// The relay is all that Tor is told of the network; both it and the detour's end answer nothing, and
/// show by a connection that somebody came.
#[tokio::test]
async fn on_a_detour_no_connection_goes_straight_not_even_after_a_crash() {
    for backend in OURS.iter().copied() {
        let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let told = told_of(&relay, backend);
        // Without a detour it is asked at once: so it would be seen.
        let straight = Running::start(backend, &told, |_| Detour::default()).await;
        soon(relay.accept()).await.unwrap();
        straight.end().await;
        forget(&relay).await;

        for way in [shadowsocks, bridge] {
            let end = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = end.local_addr().unwrap().to_string();
            let running = Running::start(backend, &told, |folder| way(folder, &address)).await;
            drop(soon(end.accept()).await.unwrap());
            running.crash().await;
            drop(soon(end.accept()).await.unwrap());
            running.end().await;
            assert_eq!(forget(&relay).await, 0, "{backend:?}");
        }
    }
}

fn told_of(relay: &TcpListener, backend: Backend) -> String {
    let address = relay.local_addr().unwrap();
    match backend {
        Backend::Existing => unreachable!("not ours"),
        // Tor connects to an address of this computer as it would to any in a test network alone.
        Backend::Managed => format!(
            "DirAuthority x orport={} v3ident={NOBODY} {address} {NOBODY}\nTestingTorNetwork 1",
            address.port()
        ),
        Backend::Embedded => format!(
            "[[tor_network.fallback_caches]]\nrsa_identity = \"{NOBODY}\"\n\
             ed_identity = \"lviF3ZJEbUFT0MObt6JAglyD/cNeUoK5ruSkGryKAr0\"\norports = [\"{address}\"]\n\
             [tor_network.authorities]\nv3idents = [\"{NOBODY}\"]\nuploads = [[\"{address}\"]]\n\
             downloads = [[\"{address}\"]]\nvotes = [[\"{address}\"]]\n"
        ),
    }
}

fn shadowsocks(folder: &Path, address: &str) -> Detour {
    let file = folder.join("shadowsocks");
    fs::write(&file, format!("ss://{METHOD}:{KEY}@{address}")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    Detour {
        shadowsocks: Some(file),
        ..Detour::default()
    }
}

fn bridge(_: &Path, address: &str) -> Detour {
    Detour {
        bridges: vec![Bridge::parse(&format!("{address} {NOBODY}")).unwrap()],
        ..Detour::default()
    }
}

/// How many came since the last time; each of them is there already.
async fn forget(listener: &TcpListener) -> usize {
    let mut count = 0;
    while tokio::time::timeout(Duration::ZERO, listener.accept())
        .await
        .is_ok()
    {
        count += 1;
    }
    count
}

struct Running {
    tor: Tor,
    folder: tempfile::TempDir,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    async fn start(backend: Backend, told: &str, detour: impl FnOnce(&Path) -> Detour) -> Self {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
        let folder = folder.unwrap();
        let mut config = ours::config(backend, folder.path(), told).unwrap();
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

    /// Kills Tor and waits until it is there again.
    async fn crash(&self) {
        let mut status = self.tor.status();
        for process in self.processes() {
            let id = i32::try_from(process).ok().and_then(Pid::from_raw);
            kill_process(id.expect("an id"), Signal::KILL).unwrap();
        }
        for is_there in [false, true] {
            let found =
                soon(status.wait_for(|status| {
                    matches!(status.state, TorState::Bootstrapping(_)) == is_there
                }));
            found.await.unwrap();
        }
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
