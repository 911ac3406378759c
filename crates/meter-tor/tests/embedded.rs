//! Tests the parent of the embedded Tor with children that send what a real one rarely sends.
//! `checks/tests/backends` tests the real one.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/waiting.rs"]
mod waiting;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use meter_core::{Backend, TorAddr};
use meter_tor::{
    ConnectError, Embedded, FolderFault, Tor, TorConfig, TorProblem, TorState, TorWarning,
};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::{is_bootstrapping, is_restarting, soon, until};

const LISTENING: &str = r#"{"event":"listening","version":"Arti 9.9"}\n"#;

fn progress(percent: u8, blocked: &str) -> String {
    let ready = percent == 100;
    let phase = format!(r#""percent":{percent},"tag":"t","summary":"s""#);
    let rest = format!(r#""blocked":{blocked},"ready":{ready}"#);
    format!(r#"{{"event":"progress",{phase},{rest}}}\n"#)
}

struct Setting {
    folder: TempDir,
    tor: Tor,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Setting {
    /// A child that prints `says`.
    fn saying(says: &str, edit: impl FnOnce(&mut TorConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let mut config = TorConfig::new(root.join("data"), root.join("run"));
        config.backend = Some(Backend::Embedded);
        config.existing_candidates = Vec::new();
        config.restart.first = Duration::from_millis(1);
        config.embedded = Some(Embedded {
            program: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/says.sh"),
            arguments: vec![says.into()],
            data_dir: root.join("arti"),
            arti: String::new(),
            log_level: "warn".into(),
        });
        edit(&mut config);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let tor = Tor::new(config, &tasks, stop.clone());
        Self {
            folder,
            tor,
            tasks,
            stop,
        }
    }

    async fn fails_with(self, expected: TorProblem) {
        assert_eq!(soon(self.tor.start()).await, Err(expected));
        self.end().await;
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        soon(self.tasks.wait()).await;
    }
}

#[tokio::test]
async fn progress_becomes_status_and_ready_an_upstream() {
    let said = format!("{LISTENING}{}", progress(45, "null"));
    let setting = Setting::saying(&said, |_| {});
    assert_eq!(soon(setting.tor.start()).await, Ok(()));
    let is_45 = |state: &TorState| matches!(state, TorState::Bootstrapping(at) if at.percent == 45);
    let status = until(&mut setting.tor.status(), is_45).await;
    assert_eq!(status.backend, Some(Backend::Embedded));
    assert_eq!(status.version.as_deref(), Some("Arti 9.9"));
    assert_eq!(*setting.tor.upstream().borrow(), None);
    setting.end().await;

    let said = format!("{LISTENING}{}", progress(100, "null"));
    let setting = Setting::saying(&said, |_| {});
    assert_eq!(soon(setting.tor.start()).await, Ok(()));
    until(&mut setting.tor.status(), |state| *state == TorState::Ready).await;
    let socks = setting.folder.path().join("run/socks");
    assert_eq!(*setting.tor.upstream().borrow(), Some(TorAddr::Unix(socks)));
    setting.end().await;
}

#[tokio::test]
async fn a_blockage_is_a_warning_without_addresses() {
    let said = format!(
        "{LISTENING}{}",
        progress(7, r#""offline: 203.0.113.7:443""#)
    );
    let setting = Setting::saying(&said, |_| {});
    assert_eq!(soon(setting.tor.start()).await, Ok(()));
    let is_7 = |state: &TorState| matches!(state, TorState::Bootstrapping(at) if at.percent == 7);
    let status = until(&mut setting.tor.status(), is_7).await;
    let TorState::Bootstrapping(at) = status.state else {
        panic!("{status:?}")
    };
    assert_eq!(at.warning.as_deref(), Some("offline: [address]"));
    setting.end().await;
}

#[tokio::test]
async fn how_connections_fail_and_what_the_clock_is_off_by_are_told() {
    for (failure, error) in [
        ("refused", ConnectError::Refused),
        ("no_route", ConnectError::NoRoute),
        ("timed_out", ConnectError::TimedOut),
        ("other", ConnectError::Other),
    ] {
        let seen = format!(r#"null,"failure":"{failure}","clock_skew_s":-7200"#);
        let said = format!("{LISTENING}{}", progress(7, &seen));
        let setting = Setting::saying(&said, |_| {});
        assert_eq!(soon(setting.tor.start()).await, Ok(()));
        let is_shown = |state: &TorState| match state {
            TorState::Bootstrapping(at) => at.connect_error == Some(error),
            _ => false,
        };
        let status = until(&mut setting.tor.status(), is_shown).await;
        let behind = TorWarning::ClockSkew { seconds: -7_200 };
        assert_eq!(status.warnings, [behind]);
        setting.end().await;
    }
}

#[tokio::test]
async fn each_fault_is_the_problem_that_a_person_can_mend() {
    let failed = |fault: &str| format!(r#"{{"event":"failed","fault":{fault}}}\n"#);
    let refused = FolderFault::RefusedByTor;
    for (fault, problem) in [
        (r#""data_dir""#, TorProblem::DataDirUnusable(refused)),
        (r#""data_dir_locked""#, TorProblem::DataDirLocked),
        (r#""socket""#, TorProblem::RunDirUnusable(refused)),
        (
            r#"{"bad_config":"no such option"}"#,
            TorProblem::BadOption {
                log: vec!["no such option".into()],
            },
        ),
    ] {
        Setting::saying(&failed(fault), |_| {})
            .fails_with(problem)
            .await;
    }
}

#[tokio::test]
async fn a_child_that_talks_nonsense_or_dies_is_tried_again_until_it_is_a_crash_loop() {
    for says in ["hello\\n", r#"{"event":"new_identity"}\n"#] {
        let setting = Setting::saying(says, |config| config.restart.max = Duration::from_millis(1));
        let started = soon(setting.tor.start()).await;
        assert!(
            matches!(started, Err(TorProblem::ExitedAtStart { .. })),
            "{started:?}"
        );
        let failed = |state: &TorState| matches!(state, TorState::Failed(_));
        let status = until(&mut setting.tor.status(), failed).await;
        let is_loop = matches!(
            status.state,
            TorState::Failed(TorProblem::CrashLoop { exits: 10, .. })
        );
        assert!(is_loop, "{status:?}");
        setting.end().await;
    }
}

#[tokio::test]
async fn a_child_that_says_nothing_is_given_up_in_time() {
    let setting = Setting::saying("", |config| config.start_max = Duration::from_millis(50));
    let started = soon(setting.tor.start()).await;
    assert!(
        matches!(started, Err(TorProblem::StartTimedOut { .. })),
        "{started:?}"
    );
    until(&mut setting.tor.status(), is_restarting).await;
    setting.end().await;
}

#[tokio::test]
async fn without_an_embedded_tor_choosing_it_says_so_and_is_not_tried_again() {
    let setting = Setting::saying("", |config| config.embedded = None);
    setting.fails_with(TorProblem::NotBuiltIn).await;
}

#[tokio::test]
async fn auto_takes_the_embedded_one_only_where_no_tor_is_installed() {
    let without = |config: &mut TorConfig| {
        config.backend = None;
        config.program = PathBuf::from("/nowhere/tor");
    };
    let setting = Setting::saying(LISTENING, without);
    assert_eq!(soon(setting.tor.start()).await, Ok(()));
    let status = until(&mut setting.tor.status(), is_bootstrapping).await;
    assert_eq!(status.backend, Some(Backend::Embedded));
    setting.end().await;

    let with = |config: &mut TorConfig| {
        config.backend = None;
        config.extra_torrc = vec!["OutboundBindAddress 127.0.0.1".into()];
        config
            .extra_torrc
            .push(format!("DirAuthority x 127.0.0.1:1 {}", "F".repeat(40)));
    };
    let setting = Setting::saying(LISTENING, with);
    assert_eq!(soon(setting.tor.start()).await, Ok(()));
    let status = until(&mut setting.tor.status(), is_bootstrapping).await;
    assert_eq!(status.backend, Some(Backend::Managed));
    setting.end().await;
}
