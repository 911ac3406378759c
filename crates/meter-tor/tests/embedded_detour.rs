//! Tests what an embedded Tor is told about its detour, and that no child starts without a detour
//! that is configured. `checks/tests/detours` tests the real one.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/waiting.rs"]
#[expect(dead_code, reason = "other tests wait for more")]
mod waiting;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use meter_core::Backend;
use meter_embedded::{EmbeddedCommand, EmbeddedWay, parse_embedded_command};
use meter_tor::{Bridge, Detour, Embedded, Tor, TorConfig, TorProblem, TorState};
use meter_uplink::{FileFault, UplinkError};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::{soon, until};

const LISTENING: &str = r#"{"event":"listening","version":"Arti 9.9"}\n"#;
const PLAIN: &str = "192.0.2.1:443 0123456789ABCDEF0123456789ABCDEF01234567";
const OBFS4: &str = "obfs4 192.0.2.2:443 0123456789ABCDEF0123456789ABCDEF01234567 \
    cert=AbAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCdAbCd iat-mode=0";

struct Setting {
    folder: TempDir,
    tor: Tor,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Setting {
    fn new(backend: Option<Backend>, detour: Detour) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let mut config = TorConfig::new(root.join("data"), root.join("run"));
        config.backend = backend;
        config.program = PathBuf::from("/nowhere/tor");
        config.existing_candidates = Vec::new();
        config.embedded = Some(Embedded {
            program: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/says.sh"),
            arguments: vec![LISTENING.into(), root.join("heard").into()],
            data_dir: root.join("arti"),
            arti: String::new(),
            log_level: "warn".into(),
        });
        config.detour = detour;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let tor = Tor::new(config, &tasks, stop.clone());
        Self {
            folder,
            tor,
            tasks,
            stop,
        }
    }

    /// Returns the way that the child was told. The child has ended then.
    async fn way_given(self) -> EmbeddedWay {
        assert_eq!(soon(self.tor.start()).await, Ok(()));
        let is_there = |state: &TorState| matches!(state, TorState::Bootstrapping(_));
        let status = until(&mut self.tor.status(), is_there).await;
        assert_eq!(status.backend, Some(Backend::Embedded));
        soon(self.tor.stop()).await.unwrap();
        let heard = fs::read(self.folder.path().join("heard")).unwrap();
        let first = heard.split(|byte| *byte == b'\n').next().unwrap();
        let way = match parse_embedded_command(first) {
            Some(EmbeddedCommand::Begin(setup)) => setup.way,
            other => panic!("{other:?}"),
        };
        self.end().await;
        way
    }

    async fn refused(self) -> TorProblem {
        let problem = soon(self.tor.start()).await.unwrap_err();
        let state = self.tor.status().borrow().state.clone();
        assert_eq!(state, TorState::Failed(problem.clone()));
        let heard = self.folder.path().join("heard");
        assert!(!heard.try_exists().unwrap(), "a child was started");
        self.end().await;
        problem
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        soon(self.tasks.wait()).await;
    }
}

fn bridges(lines: &[&str]) -> Detour {
    let parse = |line: &&str| Bridge::parse(line).unwrap();
    Detour {
        bridges: lines.iter().map(parse).collect(),
        shadowsocks: None,
    }
}

fn shadowsocks(file: &Path) -> Detour {
    fs::write(file, "ss://aes-256-gcm:canary@127.0.0.1:1").unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    Detour {
        bridges: Vec::new(),
        shadowsocks: Some(file.to_owned()),
    }
}

#[tokio::test]
async fn the_child_is_told_its_way_and_auto_chooses_it_where_no_tor_is_installed() {
    for backend in [Some(Backend::Embedded), None] {
        let of = |detour| Setting::new(backend, detour).way_given();
        assert_eq!(of(Detour::default()).await, EmbeddedWay::Straight);

        let EmbeddedWay::Bridges { lines, transports } = of(bridges(&[PLAIN, OBFS4])).await else {
            panic!("bridges were wanted")
        };
        assert_eq!(lines, [PLAIN, OBFS4]);
        let [transport] = transports.as_slice() else {
            panic!("{transports:?}")
        };
        assert_eq!(transport.name, "obfs4");
        assert!(Path::new(&transport.program).is_absolute());

        let folder = tempfile::tempdir().unwrap();
        let way = of(shadowsocks(&folder.path().join("file"))).await;
        let EmbeddedWay::Proxy {
            address,
            user,
            password,
        } = way
        else {
            panic!("a proxy was wanted: {way:?}")
        };
        assert!(address.ip().is_loopback() && address.port() > 1);
        assert_eq!((user.len(), password.len()), (32, 32));
    }
}

#[tokio::test]
async fn a_detour_that_cannot_be_used_is_said_at_once_and_no_child_starts() {
    let of = |detour| Setting::new(Some(Backend::Embedded), detour).refused();
    let unnamed = bridges(&[PLAIN, "192.0.2.3:443"]);
    assert_eq!(of(unnamed).await, TorProblem::BridgeWithoutFingerprint);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let mut both = shadowsocks(&file);
    both.bridges = bridges(&[PLAIN]).bridges;
    assert_eq!(of(both).await, TorProblem::TwoDetours);

    let open = shadowsocks(&file);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let fault = UplinkError::File(FileFault::OpenToOthers { mode: 0o644 });
    assert_eq!(of(open).await, TorProblem::ShadowsocksRefused(fault));
}
