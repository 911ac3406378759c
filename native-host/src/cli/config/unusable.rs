//! Notes about what settings name and no start could use as it is now.

use crate::{config::Config, home::Home, tor_supervisor};
use meter_wire::Problem;

/// About what this setting names; `None` if it can be used, or if it names nothing.
pub(super) fn note(key: &str, config: &Config, home: &Home) -> Option<String> {
    let Problem {
        detail, message, ..
    } = tor_supervisor::unusable(key, config, home)?;
    let why = detail.unwrap_or(message);
    Some(format!("{key} cannot be used as it is now: {why}"))
}

/// That no bridge is left: a list that was read from a file that is missing is empty too.
pub(super) fn bare(key: &str, config: &Config) -> Option<String> {
    let is_bare = key == "tor.bridges" && config.tor.bridges.is_empty();
    is_bare.then(|| "no bridge is set now, so Tor connects to its network directly".to_owned())
}

/// The same for all settings.
pub(super) fn notes(config: &Config, home: &Home) -> Vec<String> {
    let default = Config::default();
    // Whether the usual `tor` is installed is no question of this file.
    let names = tor_supervisor::NAMING
        .iter()
        .filter(|key| **key != "tor.program" || config.tor.program != default.tor.program);
    names.filter_map(|key| note(key, config, home)).collect()
}

/// The notes as lines after another text.
pub(super) fn lines(notes: &[String]) -> String {
    notes
        .iter()
        .map(|note| format!("\nNote: {note}."))
        .collect()
}
