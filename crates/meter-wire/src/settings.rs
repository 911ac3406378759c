//! The settings in force, and the current content of `config.toml`.

use crate::Problem;
use serde::{Deserialize, Serialize};

/// The daemon's settings, compared with the file.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Settings {
    /// Every setting, in the order of `config.example.toml`.
    pub settings: Vec<Setting>,
    /// The mistake in the file as it is now, if any. Nothing new starts until the mistake is
    /// corrected.
    pub problem: Option<Problem>,
}

/// One setting. A list may hold secrets, so its value is shown as its number of lines.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Setting {
    /// The key as in `config.toml`, with its section.
    #[serde(deserialize_with = "crate::plain::line")]
    pub key: String,
    /// The value in force.
    #[serde(deserialize_with = "crate::plain::line")]
    pub in_force: String,
    /// The value in the file, or the default; absent while the file has a mistake.
    #[serde(
        default,
        deserialize_with = "crate::plain::some_line",
        skip_serializing_if = "Option::is_none"
    )]
    pub in_file: Option<String>,
    /// Whether a restart of the daemon changes the value. For a list this can be true although both
    /// numbers of lines are equal.
    pub differs: bool,
}

impl Settings {
    /// The value in force for this key.
    #[must_use]
    pub fn in_force(&self, key: &str) -> Option<&str> {
        let setting = self.settings.iter().find(|setting| setting.key == key);
        setting.map(|setting| setting.in_force.as_str())
    }

    /// The settings that a restart of the daemon changes.
    pub fn changes(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|setting| setting.differs)
    }
}
