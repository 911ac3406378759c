//! What the settings say of Tor, as the crate that starts it takes it.

use crate::{config::Config, home::Home};
use meter_core::Backend;
use meter_tor::{Candidate, Detour, Embedded, TorConfig, find_program};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// How long a Tor without control may go unchecked when the engine's clock does not tell.
const WATCH_MAX: Duration = Duration::from_secs(60);

/// The settings of the next start. `watch_now` tells when to look after a Tor without control.
pub(super) fn tor_config(home: &Home, config: &Config, watch_now: Arc<Notify>) -> TorConfig {
    TorConfig {
        backend: config.tor.backend,
        existing: Candidate {
            socks: config.tor.socks_port.clone(),
            control: config.tor.control_port.clone(),
        },
        program: config.tor.program.clone(),
        detour: detour(home, config),
        extra_torrc: config.tor.extra_torrc.clone(),
        watch_every: WATCH_MAX,
        watch_now,
        embedded: embedded(home, config),
        ..TorConfig::new(home.tor_data(), home.tor_run())
    }
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

/// Which Tor of ours it would be, if none is used that runs.
pub(crate) fn own_backend(config: &Config) -> Backend {
    let is_built_in = cfg!(feature = "embedded-tor");
    match config.tor.backend {
        Some(Backend::Embedded) => Backend::Embedded,
        None if is_built_in && find_program(&config.tor.program).is_err() => Backend::Embedded,
        None | Some(Backend::Existing | Backend::Managed) => Backend::Managed,
    }
}
