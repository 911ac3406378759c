//! What is in force of the settings, beside what `config.toml` says by now.

use crate::Problem;
use serde::{Deserialize, Serialize};

/// The daemon's settings, and its file's.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Settings {
    /// Every setting, in the order of `config.example.toml`.
    pub settings: Vec<Setting>,
    /// What is wrong with the file as it is now, if anything: nothing new starts until it is
    /// mended.
    pub problem: Option<Problem>,
}

/// One setting. Of lists, which may hold secrets, the values are their numbers of lines.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Setting {
    /// As in `config.toml`, with its section.
    #[serde(deserialize_with = "crate::plain::line")]
    pub key: String,
    /// What counts now.
    #[serde(deserialize_with = "crate::plain::line")]
    pub in_force: String,
    /// What the file says, or its default; absent while the file has a mistake.
    #[serde(
        default,
        deserialize_with = "crate::plain::some_line",
        skip_serializing_if = "Option::is_none"
    )]
    pub in_file: Option<String>,
    /// Whether a new start changes it; of lists also where the numbers of lines are equal.
    pub differs: bool,
}

impl Settings {
    /// What counts now for this key.
    #[must_use]
    pub fn in_force(&self, key: &str) -> Option<&str> {
        let setting = self.settings.iter().find(|setting| setting.key == key);
        setting.map(|setting| setting.in_force.as_str())
    }

    /// Those that a new start changes.
    pub fn changes(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|setting| setting.differs)
    }
}
