//! Tests the real `tor` as a child. It can reach no Tor relay: the only directory authority in its
//! configuration does not exist, and it uses loopback only.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/waiting.rs"]
mod waiting;

use std::{
    fs,
    io::{BufRead, BufReader},
    os::fd::OwnedFd,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use meter_core::{Backend, TorAddr};
use meter_tor::{Candidate, FolderFault, Tor, TorConfig, TorProblem, TorState};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tempfile::TempDir;
use tokio::{io::unix::AsyncFd, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::{is_bootstrapping, is_restarting, soon, until};

/// Keeps Tor away from the public network.
fn nowhere() -> Vec<String> {
    let authority = format!("DirAuthority x 127.0.0.1:1 {}", "F".repeat(40));
    vec![authority, "OutboundBindAddress 127.0.0.1".into()]
}

struct Managed {
    folder: TempDir,
    tor: Tor,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Managed {
    fn new(edit: impl FnOnce(&mut TorConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let mut config = TorConfig::new(root.join("data"), root.join("run"));
        config.backend = Some(Backend::Managed);
        config.extra_torrc = nowhere();
        config.restart.first = Duration::from_millis(10);
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

    fn processes(&self) -> Vec<i32> {
        tors_below(self.folder.path())
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        soon(self.tasks.wait()).await;
        assert_eq!(self.processes(), [0_i32; 0]);
    }
}

/// Ids of the processes with a file below `folder` on their command line.
fn tors_below(folder: &Path) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let entry = entry.unwrap();
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let Ok(line) = fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.contains("--defaults-torrc") && line.contains(folder.to_str().unwrap()) {
            found.push(id);
        }
    }
    found
}

fn pid(id: i32) -> Pid {
    Pid::from_raw(id).unwrap()
}

/// Waits for the end of a process, which need not be our child.
#[expect(
    deprecated,
    reason = "its replacement is unsafe; this descriptor is owned and not shared"
)]
async fn ended(process: OwnedFd) {
    let process = AsyncFd::new(process).unwrap();
    drop(soon(process.readable()).await.unwrap());
}

#[tokio::test]
async fn tor_starts_bootstraps_and_stops_without_trace() {
    let managed = Managed::new(|_| {});
    assert_eq!(soon(managed.tor.start()).await, Ok(()));
    let status = until(&mut managed.tor.status(), is_bootstrapping).await;
    assert_eq!(status.backend, Some(Backend::Managed));
    assert!(status.version.unwrap().starts_with("0."));
    assert_eq!(*managed.tor.upstream().borrow(), None);
    assert_eq!(managed.processes().len(), 1);
    let run = managed.folder.path().join("run");
    assert!(run.join("socks").try_exists().unwrap());

    assert_eq!(soon(managed.tor.stop()).await, Ok(()));
    assert_eq!(managed.tor.status().borrow().state, TorState::Off);
    assert_eq!(managed.processes(), [0_i32; 0]);
    for left in ["socks", "control", "cookie"] {
        assert!(!run.join(left).try_exists().unwrap(), "{left}");
    }

    assert_eq!(soon(managed.tor.start()).await, Ok(()));
    managed.end().await;
}

#[tokio::test]
async fn a_hundred_starts_make_one_tor() {
    let managed = Managed::new(|_| {});
    let mut starts = JoinSet::new();
    for _ in 0..100 {
        let tor = managed.tor.clone();
        starts.spawn(async move { tor.start().await });
    }
    for started in soon(starts.join_all()).await {
        assert_eq!(started, Ok(()));
    }
    assert_eq!(managed.processes().len(), 1);
    managed.end().await;
}

#[tokio::test]
async fn a_killed_tor_is_started_again() {
    let managed = Managed::new(|_| {});
    let mut status = managed.tor.status();
    assert_eq!(soon(managed.tor.start()).await, Ok(()));
    let first = managed.processes();
    kill_process(pid(first[0]), Signal::KILL).unwrap();
    let gone = until(&mut status, is_restarting).await.state;
    let TorState::Restarting {
        attempt: 1,
        reason: TorProblem::Exited { status: None, log },
        ..
    } = gone
    else {
        panic!("{gone:?}");
    };
    assert!(
        log.iter().any(|line| line.contains("Bootstrapped 0%")),
        "{log:?}"
    );
    until(&mut status, is_bootstrapping).await;
    let second = managed.processes();
    assert_eq!(second.len(), 1);
    assert_ne!(first, second);
    managed.end().await;
}

#[tokio::test]
async fn tor_dies_with_a_killed_owner() {
    let folder = tempfile::tempdir().unwrap();
    let mut owner = Command::new(example())
        .arg(folder.path().join("tor"))
        .args(nowhere())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains('%'));
    let tors = tors_below(folder.path());
    assert_eq!(tors.len(), 1);
    let tor = pidfd_open(pid(tors[0]), PidfdFlags::NONBLOCK).unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    ended(tor).await;
}

/// Cargo builds examples in a folder beside the tests.
fn example() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/managed")
}

#[tokio::test]
async fn paths_with_odd_characters_work() {
    let managed = Managed::new(|config| {
        let odd = config.data_dir.parent().unwrap().join("a b\"c#d\\e\u{e4}%");
        (config.data_dir, config.run_dir) = (odd.join("data"), odd.join("run"));
    });
    assert_eq!(soon(managed.tor.start()).await, Ok(()));
    managed.end().await;
}

#[tokio::test]
async fn a_missing_program_is_said_at_once() {
    let managed = Managed::new(|config| config.program = "no-such-tor-program".into());
    assert_eq!(soon(managed.tor.start()).await, Err(TorProblem::Missing));
    let status = managed.tor.status().borrow().clone();
    assert_eq!(
        (status.state, status.backend),
        (TorState::Failed(TorProblem::Missing), None)
    );
    managed.end().await;
}

#[tokio::test]
async fn a_data_folder_open_to_others_is_refused_and_left_as_it_is() {
    let managed = Managed::new(|config| {
        fs::create_dir(&config.data_dir).unwrap();
        fs::set_permissions(&config.data_dir, fs::Permissions::from_mode(0o755)).unwrap();
    });
    let why = FolderFault::OpenToOthers { mode: 0o755 };
    assert_eq!(
        soon(managed.tor.start()).await,
        Err(TorProblem::DataDirUnusable(why))
    );
    let data = managed.folder.path().join("data");
    assert_eq!(
        fs::metadata(data).unwrap().permissions().mode() & 0o777,
        0o755
    );
    managed.end().await;
}

#[tokio::test]
async fn a_long_socket_path_and_a_forbidden_option_are_refused() {
    let managed = Managed::new(|config| config.run_dir.push("x".repeat(100)));
    let started = soon(managed.tor.start()).await;
    let is_too_long = matches!(
        started,
        Err(TorProblem::SocketPathTooLong {
            bytes: 108..,
            bytes_max: 107
        })
    );
    assert!(is_too_long, "{started:?}");
    managed.end().await;

    let open_port = "ControlPort 0.0.0.0:9051".to_owned();
    let managed = Managed::new(|config| config.extra_torrc.push(open_port));
    assert_eq!(
        soon(managed.tor.start()).await,
        Err(TorProblem::OptionNotAllowed { line: 3 })
    );
    managed.end().await;
}

#[tokio::test]
async fn an_option_that_tor_refuses_is_not_tried_again() {
    let managed = Managed::new(|config| config.extra_torrc.push("NumCPUs many".into()));
    let started = soon(managed.tor.start()).await;
    let Err(TorProblem::BadOption { log }) = &started else {
        panic!("{started:?}")
    };
    assert!(log.iter().any(|line| line.contains("NumCPUs")), "{log:?}");
    let status = managed.tor.status().borrow().clone();
    assert_eq!(status.state, TorState::Failed(started.unwrap_err()));
    managed.end().await;
}

#[tokio::test]
async fn a_second_tor_on_the_same_data_is_told_so() {
    let first = Managed::new(|_| {});
    assert_eq!(soon(first.tor.start()).await, Ok(()));
    let data = first.folder.path().join("data");
    let second = Managed::new(|config| config.data_dir = data);
    assert_eq!(
        soon(second.tor.start()).await,
        Err(TorProblem::DataDirLocked)
    );
    second.end().await;
    first.end().await;
}

#[tokio::test]
async fn a_tor_that_ends_ten_times_is_a_crash_loop_with_scrubbed_last_words() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/exits.sh");
    let managed = Managed::new(|config| {
        config.program = script;
        config.restart.first = Duration::from_millis(1);
        config.restart.max = Duration::from_millis(1);
    });
    let first = soon(managed.tor.start()).await;
    assert!(
        matches!(
            first,
            Err(TorProblem::ExitedAtStart {
                status: Some(3),
                ..
            })
        ),
        "{first:?}"
    );
    let mut status = managed.tor.status();
    let state = until(&mut status, |state| matches!(state, TorState::Failed(_)))
        .await
        .state;
    let TorState::Failed(TorProblem::CrashLoop { exits: 10, log }) = state else {
        panic!("{state:?}");
    };
    assert_eq!(log.len(), 20);
    assert!(
        log.iter()
            .any(|line| line.ends_with("no answer from [address] ([address])")),
        "{log:?}"
    );
    assert!(log.iter().any(|line| line == "last words"), "{log:?}");
    managed.end().await;
}

#[tokio::test]
async fn stopping_during_the_start_leaves_nothing() {
    let managed = Managed::new(|_| {});
    let tor = managed.tor.clone();
    let mut start = JoinSet::new();
    start.spawn(async move { tor.start().await });
    until(&mut managed.tor.status(), |state| *state != TorState::Off).await;
    assert_eq!(soon(managed.tor.stop()).await, Ok(()));
    assert_eq!(managed.processes(), [0_i32; 0]);
    soon(start.join_all()).await;
    managed.end().await;
}

#[tokio::test]
async fn a_free_choice_without_a_running_tor_starts_one() {
    let managed = Managed::new(|config| {
        config.backend = None;
        config.existing_candidates = Vec::new();
    });
    assert_eq!(soon(managed.tor.start()).await, Ok(()));
    assert_eq!(
        managed.tor.status().borrow().backend,
        Some(Backend::Managed)
    );
    managed.end().await;
}

#[tokio::test]
async fn a_real_tor_of_someone_else_is_found_by_its_control_port() {
    // The other Tor is a managed one of another handle: its control socket and cookie are ordinary.
    let other = Managed::new(|_| {});
    assert_eq!(soon(other.tor.start()).await, Ok(()));
    let run = other.folder.path().join("run");
    let managed = Managed::new(|config| {
        config.backend = None;
        config.cookie_files = vec![run.join("cookie")];
        let control = Some(TorAddr::Unix(run.join("control")));
        config.existing_candidates = vec![Candidate {
            socks: None,
            control,
        }];
    });
    let mut status = managed.tor.status();
    assert_eq!(soon(managed.tor.start()).await, Ok(()));
    let found = until(&mut status, is_bootstrapping).await;
    assert_eq!(found.backend, Some(Backend::Existing));
    assert!(found.version.is_some());
    assert_eq!(managed.processes(), [0_i32; 0]);

    // It continues after we stop. When it ends, a Tor of ours replaces it.
    assert_eq!(soon(managed.tor.stop()).await, Ok(()));
    assert!(is_bootstrapping(&other.tor.status().borrow().state));
    assert_eq!(soon(managed.tor.start()).await, Ok(()));
    assert_eq!(soon(other.tor.stop()).await, Ok(()));
    soon(status.wait_for(|status| status.backend == Some(Backend::Managed)))
        .await
        .unwrap();
    assert_eq!(*managed.tor.upstream().borrow(), None::<TorAddr>);
    managed.end().await;
    other.end().await;
}
