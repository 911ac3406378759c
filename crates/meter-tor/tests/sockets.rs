//! Tests a real `tor`, started by another program, on Unix sockets. It can reach nothing, so it
//! starts and remains there; `checks/tests/backends` uses such a Tor to reach sites.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/waiting.rs"]
mod waiting;

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use meter_core::{Backend, TorAddr};
use meter_tor::{
    Candidate, ControlAnswer, SocketFault, SocksAnswer, Tor, TorConfig, TorProblem, TorStatus,
    TorWarning, survey,
};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::{is_bootstrapping, is_restarting, soon, until};

/// A `tor` that is not ours; killed when dropped.
struct Theirs {
    process: Child,
    folder: TempDir,
}

impl Theirs {
    /// Starts it with this control option, beside a SOCKS socket.
    fn start(control: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("om")
            .tempdir_in("/tmp")
            .unwrap();
        // Tor makes no socket in a folder that others may enter.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        let at = folder.path().display();
        let torrc = format!(
            "DataDirectory {at}/data\nSocksPort unix:{at}/socks\n{}\nCookieAuthentication 1\n\
             DirAuthority nobody 127.0.0.1:1 {}\nOutboundBindAddress 127.0.0.1\nLog err stdout\n",
            control.replace("FOLDER", &at.to_string()),
            "F".repeat(40)
        );
        fs::write(folder.path().join("torrc"), torrc).unwrap();
        let mut command = Command::new("tor");
        command.arg("-f").arg(folder.path().join("torrc"));
        command.args(["--defaults-torrc", "/dev/null"]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.spawn().unwrap();
        Self { process, folder }
    }

    fn socks(&self) -> TorAddr {
        TorAddr::Unix(self.path("socks"))
    }

    fn control(&self) -> TorAddr {
        TorAddr::Unix(self.path("control"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until a handle has found it.
    async fn found_by(&self, existing: Candidate) -> (Tor, TorStatus) {
        soon(async {
            // Tor writes the cookie once it listens. A control port without its cookie is refused
            // for good.
            let cookie = self.path("data/control_auth_cookie");
            while fs::read(&cookie).map_or(0, |bytes| bytes.len()) < 32 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let tor = handle(existing);
        assert_eq!(soon(tor.start()).await, Ok(()));
        let found = tor.status().borrow().clone();
        assert_eq!(found.backend, Some(Backend::Existing));
        (tor, found)
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn handle(existing: Candidate) -> Tor {
    let nowhere = Path::new("/nonexistent");
    let mut config = TorConfig::new(nowhere.join("data"), nowhere.join("run"));
    config.backend = Some(Backend::Existing);
    config.existing = existing;
    config.existing_candidates = Vec::new();
    config.restart.first = Duration::from_millis(10);
    config.watch_every = Duration::from_millis(10);
    Tor::new(config, &TaskTracker::new(), CancellationToken::new())
}

const ON_A_SOCKET: &str = "ControlSocket FOLDER/control";

#[tokio::test]
async fn a_real_tor_proves_itself_on_its_control_socket() {
    let theirs = Theirs::start(ON_A_SOCKET);
    let existing = Candidate {
        socks: Some(theirs.socks()),
        control: Some(theirs.control()),
    };
    let (tor, found) = theirs.found_by(existing).await;
    assert!(found.version.is_some());
    assert_eq!(found.warnings, [], "by SAFECOOKIE");
    until(&mut tor.status(), is_bootstrapping).await;

    let places = [Candidate {
        socks: Some(theirs.socks()),
        control: Some(theirs.control()),
    }];
    let seen = soon(survey(&places)).await;
    assert_eq!(seen[0].answer, SocksAnswer::Tor);
    assert!(matches!(
        seen[0].controls[..],
        [(_, ControlAnswer::Proved { version: Some(_) })]
    ));
}

#[tokio::test]
async fn a_real_tor_is_known_by_its_socks_socket_alone() {
    let theirs = Theirs::start("");
    let existing = Candidate {
        socks: Some(theirs.socks()),
        control: None,
    };
    let (tor, found) = theirs.found_by(existing).await;
    assert_eq!(
        (found.version, found.warnings.as_slice()),
        (None, &[TorWarning::WithoutControl][..])
    );
    let mut upstream = tor.upstream();
    let known = soon(upstream.wait_for(Option::is_some))
        .await
        .unwrap()
        .clone();
    assert_eq!(known, Some(theirs.socks()));
    drop(theirs);
    until(&mut tor.status(), is_restarting).await;
}

#[tokio::test]
async fn sockets_where_anybody_may_sit_are_refused_and_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    listener.set_nonblocking(true).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let (socks, control) = (TorAddr::Unix(path.clone()), TorAddr::Unix(path));
    let fault = SocketFault::OpenFolder;
    for (socks, control) in [
        (Some(socks.clone()), None),
        (None, Some(control.clone())),
        (Some(socks.clone()), Some(control.clone())),
    ] {
        let tor = handle(Candidate { socks, control });
        let started = soon(tor.start()).await;
        assert_eq!(started, Err(TorProblem::SocketUnsafe(fault)));
    }
    let seen = soon(survey(&[Candidate {
        socks: Some(socks),
        control: Some(control.clone()),
    }]))
    .await;
    assert_eq!(seen[0].answer, SocksAnswer::Unsafe(fault));
    assert_eq!(seen[0].controls, [(control, ControlAnswer::Unsafe(fault))]);
    assert!(listener.accept().is_err(), "nobody connected");
}
