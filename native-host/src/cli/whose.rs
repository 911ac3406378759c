//! Which Tor is in use, and why that one: by what was chosen in `config.toml` and what was found.

use crate::config::{BackendChoice, Config};
use meter_wire::TorBackend;

/// For example `run by Onionmeter (no Tor was running that proves itself)`; `None` for a backend of
/// a later version.
pub(super) fn whose(config: &Config, backend: TorBackend) -> Option<String> {
    let (whose, found) = match backend {
        TorBackend::Existing => ("found running", "one that runs is used first"),
        TorBackend::Managed => ("run by Onionmeter", "no Tor was running that proves itself"),
        TorBackend::Embedded => (
            "built into Onionmeter",
            "no Tor was running that proves itself, and none is installed",
        ),
        TorBackend::Other => return None,
    };
    let why = match config.tor.backend {
        BackendChoice::Auto => found,
        BackendChoice::Existing | BackendChoice::Managed | BackendChoice::Embedded => {
            "tor.backend in config.toml says so"
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
        config.tor.backend = BackendChoice::Managed;
        let chosen = "run by Onionmeter (tor.backend in config.toml says so)";
        assert_eq!(say(&config).as_deref(), Some(chosen));
        assert_eq!(whose(&config, TorBackend::Other), None);
    }
}
