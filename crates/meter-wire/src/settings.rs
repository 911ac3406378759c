//! The settings in force, the current content of `config.toml`, and changes of it.

use crate::Problem;
use serde::{Deserialize, Serialize};
use std::fmt;

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

    /// Whether the value in the file is in force.
    #[must_use]
    pub fn follows(&self, key: &str) -> bool {
        let setting = self.settings.iter().find(|setting| setting.key == key);
        setting.is_some_and(|setting| setting.in_file.is_some() && !setting.differs)
    }

    /// The settings that a restart of the daemon changes.
    pub fn changes(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|setting| setting.differs)
    }
}

/// Changes one setting of `config.toml`, as `onionmeter config set` and `config unset` do.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeSetting {
    /// The key as in `config.toml`, with its section.
    pub key: String,
    /// Its new value.
    pub to: SettingValue,
    /// Whether the value is kept. Otherwise it is only checked, and nothing is written.
    pub keep: bool,
}

/// What a setting shall be.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingValue {
    /// The default: the file names the key no more.
    Default,
    /// The words of a command line: one, or for lists any number. They may be secrets.
    Words(Vec<String>),
    /// A Shadowsocks server as it was handed out, for `tor.shadowsocks` alone. It is a secret: the
    /// daemon keeps it in a file of mode 0600, and the setting names that file.
    Server(String),
}

/// Written by hand: a value may hold the address of a bridge or a password.
impl fmt::Debug for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("Default"),
            Self::Words(words) => write!(f, "Words({})", words.len()),
            Self::Server(_) => f.write_str("Server"),
        }
    }
}

/// A setting that was changed, or that could be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SettingChanged {
    /// The setting as the settings tell it now, or would.
    pub setting: Setting,
    /// Whether it was kept, and not only checked.
    pub kept: bool,
    /// When the value in the file comes into force.
    pub takes_effect: TakesEffect,
    /// Why no start could use what the value names, as it is now: a file, a socket or a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<Problem>,
}

/// When a changed setting comes into force.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TakesEffect {
    /// It is in force.
    Now,
    /// At the relay's next start.
    RelayStart,
    /// At Tor's next start.
    TorStart,
    /// At the daemon's next start.
    DaemonStart,
    /// At a time that only a newer version knows.
    #[serde(other)]
    Later,
}

impl TakesEffect {
    /// Its name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::RelayStart => "relay_start",
            Self::TorStart => "tor_start",
            Self::DaemonStart => "daemon_start",
            Self::Later => "later",
        }
    }
}
