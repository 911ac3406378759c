//! Between our configuration and messages and the crate that has Tor.

use crate::{
    config::{BackendChoice, Config},
    home::Home,
    problems,
};
use meter_tor::{BackendKind, Choice, ControlAddr, Detour, Embedded, Tor, TorConfig};
use meter_wire::{ErrorCode, Problem, TorBackend, TorState, TorStatus, TorTrouble};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

/// How long a Tor without control may go unchecked when the engine's clock does not tell.
const WATCH_MAX: Duration = Duration::from_secs(60);

/// Makes the handle; nothing is started yet. `watch_now` is for the engine's clock.
pub(super) fn launch(
    home: &Home,
    config: &Config,
    tracker: &TaskTracker,
    stop: CancellationToken,
    watch_now: Arc<Notify>,
) -> Tor {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let choice = match config.tor.backend {
        BackendChoice::Auto => Choice::Auto,
        BackendChoice::Managed => Choice::Managed,
        BackendChoice::Embedded => Choice::Embedded,
        BackendChoice::Existing => Choice::Existing {
            socks: config.tor.socks_port.map(at),
            control: config
                .tor
                .control_port
                .map(|port| ControlAddr::Tcp(at(port))),
        },
    };
    Tor::new(
        TorConfig {
            choice,
            program: config.tor.program.clone(),
            detour: detour(home, config),
            extra_torrc: config.tor.extra_torrc.clone(),
            watch_every: WATCH_MAX,
            watch_now,
            embedded: embedded(home, config),
            ..TorConfig::new(home.tor_data(), home.tor_run())
        },
        tracker,
        stop,
    )
}

/// How to start ourselves once more, as Tor; `None` where there is none in this program.
fn embedded(home: &Home, config: &Config) -> Option<Embedded> {
    if !cfg!(feature = "embedded-tor") {
        return None;
    }
    // The very program that runs, even if another was installed in its place since: both ends of
    // the conversation must be of one version.
    let program = if cfg!(target_os = "linux") {
        PathBuf::from("/proc/self/exe")
    } else {
        std::env::current_exe().ok()?
    };
    Some(Embedded {
        program,
        arguments: vec!["embedded-tor".into()],
        data_dir: home.embedded_data(),
        arti: config.tor.arti.clone(),
        log_level: config.log_level.to_string(),
    })
}

/// The way that Tor's own connections are to take. A relative file lies in the home.
pub(crate) fn detour(home: &Home, config: &Config) -> Detour {
    let in_home = |file: &PathBuf| home.root().join(file);
    Detour {
        shadowsocks: config.tor.shadowsocks.as_ref().map(in_home),
        bridges: config.tor.bridges.clone(),
    }
}

/// Starts Tor without waiting for it; how it goes can be read from the status.
pub(super) fn start_in_background(tor: &Tor, tracker: &TaskTracker) {
    let tor = tor.clone();
    tracker.spawn(async move {
        if let Err(problem) = tor.start().await {
            warn!(%problem, "tor did not start");
        }
    });
}

/// For a client. A Tor in trouble is started anew: that is what somebody asks for who sees it.
pub(crate) async fn start(tor: &Tor, seen: &TorStatus) -> Result<(), Problem> {
    if seen.trouble.as_ref().is_some_and(TorTrouble::hinders) {
        stop(tor).await?;
    }
    tor.start().await.map_err(|problem| problems::tor(&problem))
}

/// For a client.
pub(crate) async fn stop(tor: &Tor) -> Result<(), Problem> {
    if tor.status().borrow().backend == Some(BackendKind::Existing) {
        return Err(Problem::new(ErrorCode::TorNotOurs));
    }
    tor.stop().await.map_err(|problem| problems::tor(&problem))
}

/// With the trouble that the watchdog sees, if any.
pub(super) fn status(status: &meter_tor::TorStatus, trouble: Option<TorTrouble>) -> TorStatus {
    let backend = status.backend.map(|backend| match backend {
        BackendKind::Existing => TorBackend::Existing,
        BackendKind::Managed => TorBackend::Managed,
        BackendKind::Embedded => TorBackend::Embedded,
    });
    TorStatus {
        backend,
        version: status.version.clone(),
        state: state(&status.state),
        trouble,
    }
}

fn state(state: &meter_tor::TorState) -> TorState {
    match state {
        meter_tor::TorState::Off => TorState::Off,
        meter_tor::TorState::Starting => TorState::Starting,
        meter_tor::TorState::Bootstrapping(step) => TorState::Bootstrapping {
            percent: step.percent,
            tag: step.tag.clone(),
            summary: step.summary.clone(),
            warning: step.warning.clone(),
        },
        meter_tor::TorState::Ready => TorState::Ready,
        meter_tor::TorState::Restarting {
            attempt,
            in_ms,
            reason,
        } => TorState::Restarting {
            attempt: *attempt,
            in_ms: *in_ms,
            problem: problems::tor(reason),
        },
        meter_tor::TorState::Stopping => TorState::Stopping,
        meter_tor::TorState::Failed(problem) => TorState::Failed(problems::tor(problem)),
    }
}
