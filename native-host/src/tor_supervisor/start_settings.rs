//! Converts the settings about Tor for the crate that starts it.

use crate::{config::Config, home::Home, start::EMBEDDED_TOR, system::process::this_very_program};
use meter_core::Backend;
use meter_tor::{Candidate, Detour, Embedded, TorConfig, find_program};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// How long a Tor without control may go unchecked if the engine's clock does not request a check.
const WATCH_MAX: Duration = Duration::from_secs(60);

/// The settings of the next start. `watch_now` requests a check of a Tor without control.
pub(super) fn tor_config(home: &Home, config: &Config, watch_now: Arc<Notify>) -> TorConfig {
    TorConfig {
        backend: backend(config),
        existing: Candidate {
            socks: config.tor.socks_port.clone(),
            control: config.tor.control_port.clone(),
        },
        program: config.tor.program.clone(),
        detour: detour(home, config),
        extra_torrc: extra_torrc(config),
        watch_every: WATCH_MAX,
        watch_now,
        embedded: embedded(home, config),
        ..TorConfig::new(home.tor_data(), home.tor_run())
    }
}

/// Only a managed Tor can be kept to the exits of one country.
fn backend(config: &Config) -> Option<Backend> {
    match config.tor.exit_country {
        Some(_) => Some(Backend::Managed),
        None => config.tor.backend,
    }
}

fn extra_torrc(config: &Config) -> Vec<String> {
    let country = config.tor.exit_country.as_ref();
    let exits = country.map(|letters| format!("ExitNodes {{{letters}}}"));
    exits
        .into_iter()
        .chain(config.tor.extra_torrc.clone())
        .collect()
}

/// How to start our own program as Tor; `None` if this program has no Tor.
fn embedded(home: &Home, config: &Config) -> Option<Embedded> {
    if !cfg!(feature = "embedded-tor") {
        return None;
    }
    Some(Embedded {
        // Both ends of the conversation must have the same version.
        program: this_very_program().ok()?,
        arguments: vec![EMBEDDED_TOR.into()],
        data_dir: home.embedded_data(),
        arti: config.tor.arti.clone(),
        log_level: config.log_level.to_string(),
    })
}

/// The way for Tor's own connections. A relative path is below the home.
pub(crate) fn detour(home: &Home, config: &Config) -> Detour {
    let in_home = |file: &PathBuf| home.root().join(file);
    Detour {
        shadowsocks: config.tor.shadowsocks.as_ref().map(in_home),
        bridges: config.tor.bridges.clone(),
    }
}

/// The backend of our own that would be used if no running Tor is used.
pub(crate) fn own_backend(config: &Config) -> Backend {
    let is_built_in = cfg!(feature = "embedded-tor");
    match config.tor.backend {
        _ if config.tor.exit_country.is_some() => Backend::Managed,
        Some(Backend::Embedded) => Backend::Embedded,
        None if is_built_in && find_program(&config.tor.program).is_err() => Backend::Embedded,
        None | Some(Backend::Existing | Backend::Managed) => Backend::Managed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use std::path::Path;

    #[test]
    fn an_exit_country_is_for_a_managed_tor_alone() {
        let home = Home::at("/nowhere".into());
        let of = |text: &str| {
            let config = parse(text, Path::new("x")).expect("in order");
            let tor = tor_config(&home, &config, Arc::default());
            (tor.backend, tor.extra_torrc, own_backend(&config))
        };
        let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (backend, torrc, own) =
            of("[tor]\nexit_country = \"DE\"\nextra_torrc = [\"NumCPUs 1\"]");
        assert_eq!(backend, Some(Backend::Managed));
        assert_eq!(own, Backend::Managed);
        assert_eq!(torrc, lines(&["ExitNodes {de}", "NumCPUs 1"]));
        let (backend, torrc, _) = of("");
        assert_eq!((backend, torrc), (None, lines(&[])));
    }
}
