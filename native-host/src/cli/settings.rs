//! Mistakes in `config.toml` and their remedies, for every command that reads or shows settings.

use crate::{
    config::{Config, ConfigError, NO_SUCH_KEY},
    home::Home,
    problems,
    shell_word::shell_word,
};
use meter_wire::Settings;
use std::{io, path::Path};

/// A line for `status` about the settings; empty while the file is correct and fully in force.
pub(super) fn note(home: &Home, in_force: Option<&Settings>) -> String {
    let changed = in_force.into_iter().flat_map(Settings::changes);
    let (thresholds, changed): (Vec<_>, Vec<_>) =
        changed.partition(|setting| is_threshold(&setting.key));
    let thresholds = match thresholds.is_empty() {
        true => String::new(),
        false => format!("Settings {THRESHOLDS}\n"),
    };
    match Config::load(&home.config()) {
        Ok(_) if changed.is_empty() => thresholds,
        Ok(_) => {
            let keys: Vec<_> = changed.iter().map(|setting| setting.key.as_str()).collect();
            format!(
                "Settings {} changed in config.toml, not in force yet; `onionmeter doctor` says \
                    from when on\n{thresholds}",
                keys.join(", ")
            )
        }
        Err(error) => format!(
            "Settings {}\n         -> {}\n         What runs goes on with the settings that it \
                began with; nothing new starts.\n",
            problems::chain(&error),
            remedy(&error, &home.config())
        ),
    }
}

/// Whether a setting can also be changed by a command, without the file.
pub(super) fn is_threshold(key: &str) -> bool {
    key.starts_with("session.")
}

/// Why thresholds differ from those of the file.
pub(super) const THRESHOLDS: &str = "thresholds are other ones than in config.toml: changed by \
    `onionmeter thresholds` until the daemon ends, or in the file since it began";

/// The remedy for a mistake.
pub(super) fn remedy(error: &ConfigError, path: &Path) -> String {
    let (shown, word) = (path.display(), shell_word(path));
    match error {
        ConfigError::Read(_, why) => match why.kind() {
            io::ErrorKind::PermissionDenied => {
                format!("`ls -ld {word}` shows who may read it: it must be yours, with mode 600")
            }
            // Of another file nothing has to be moved.
            io::ErrorKind::InvalidData if !path.ends_with("config.toml") => {
                "name a text file in UTF-8".to_owned()
            }
            io::ErrorKind::InvalidData => format!(
                "let it be a text file in UTF-8, or move it away (`mv {word} {}`): the defaults \
                    then apply",
                shell_word(&path.with_extension("toml.old"))
            ),
            _ => format!("see to it that {shown} can be read"),
        },
        ConfigError::Write(..) => format!("see to it that {shown} and its folder can be written"),
        ConfigError::Syntax { message, .. } if message.contains(NO_SUCH_KEY) => format!(
            "correct or remove that line; a setting of a later version is unknown to this one ({})",
            env!("CARGO_PKG_VERSION")
        ),
        ConfigError::Syntax { .. } | ConfigError::Value { .. } | ConfigError::Bridge { .. } => {
            "correct that line; `onionmeter config check` shows whether all is well then".to_owned()
        }
    }
}
