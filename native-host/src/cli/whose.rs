//! Which Tor is in use, and why that one: by what was chosen in `config.toml` and what was found.

use crate::config::{BackendChoice, Config};
use meter_wire::TorBackend;

/// For example `run by Onionmeter (no Tor was running that proves itself)`; `None` for a backend of
/// a later version.
pub(super) fn whose(config: &Config, backend: TorBackend) -> Option<String> {
    // With a detour, nobody looks for one that runs.
    let has_detour = config.tor.shadowsocks.is_some() || !config.tor.bridges.is_empty();
    let none_that_runs = if has_detour {
        "a Tor of somebody else takes neither bridges nor Shadowsocks"
    } else {
        "no Tor was running that proves itself"
    };
    let (whose, found) = match backend {
        TorBackend::Existing => ("found running", "one that runs is used first".to_owned()),
        TorBackend::Managed => ("run by Onionmeter", none_that_runs.to_owned()),
        TorBackend::Embedded => (
            "built into Onionmeter",
            format!("{none_that_runs}, and none is installed"),
        ),
        TorBackend::Other => return None,
    };
    let why = match config.tor.backend {
        BackendChoice::Auto => found,
        BackendChoice::Existing | BackendChoice::Managed | BackendChoice::Embedded => {
            "tor.backend in config.toml says so".to_owned()
        }
    };
    Some(format!("{whose} ({why})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_setting_or_what_was_found() {
        let mut config = Config::default();
        let say = |config: &Config| whose(config, TorBackend::Managed);
        let found = "run by Onionmeter (no Tor was running that proves itself)";
        assert_eq!(say(&config).as_deref(), Some(found));
        config.tor.shadowsocks = Some("file".into());
        let detour = "built into Onionmeter (a Tor of somebody else takes neither bridges nor Shadowsocks, and none is installed)";
        assert_eq!(
            whose(&config, TorBackend::Embedded).as_deref(),
            Some(detour)
        );
        config.tor.backend = BackendChoice::Managed;
        let chosen = "run by Onionmeter (tor.backend in config.toml says so)";
        assert_eq!(say(&config).as_deref(), Some(chosen));
        assert_eq!(whose(&config, TorBackend::Other), None);
    }
}
