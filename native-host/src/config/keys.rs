//! The settings by name, from the example file, which contains every one with its default.

use super::{Config, ConfigError, TorAddr, parse};
use meter_core::Backend;
use meter_wire::{Problem, Setting, Settings, TakesEffect};
use std::path::Path;
use toml_edit::{DocumentMut, Item, Value};

/// Every key with its default and its explanation.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Every key, in the order of the example.
pub(crate) const NAMES: [&str; 21] = [
    "relay.port",
    "relay.connections_max",
    "relay.optimistic",
    "relay.serve_unidentified",
    "session.min_bytes",
    "session.min_duration_ms",
    "session.max_duration_ms",
    "tor.backend",
    "tor.program",
    "tor.socks_port",
    "tor.control_port",
    "tor.extra_torrc",
    "tor.arti",
    "tor.shadowsocks",
    "tor.bridges",
    "tor.exit_country",
    "ledger.delay_max_s",
    "ledger.badge",
    "daemon.idle_exit_s",
    "daemon.desktop_notice",
    "log.level",
];

/// The part that must be restarted before a change takes effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Effect {
    /// None.
    Nothing,
    /// The relay.
    Relay,
    /// Tor.
    Tor,
    /// The daemon.
    Daemon,
}

impl Effect {
    /// The part for the key with this name.
    pub(crate) fn of(key: &str) -> Self {
        match key.split_once('.') {
            Some(("ledger", "badge") | ("daemon", "desktop_notice")) => Self::Nothing,
            Some(("relay", _)) => Self::Relay,
            Some(("tor", _)) => Self::Tor,
            _ => Self::Daemon,
        }
    }

    /// Says when the change takes effect, and how to cause that.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Nothing => "It takes effect now.",
            Self::Relay => {
                "It takes effect at the relay's next start: `onionmeter monitor stop`, then \
                    `onionmeter monitor start`."
            }
            Self::Tor => {
                "It takes effect at Tor's next start: `onionmeter tor stop`, then `onionmeter tor \
                    start`."
            }
            Self::Daemon => {
                "It takes effect at the daemon's next start: `onionmeter stop`, then `onionmeter \
                    up` (an open browser starts it by itself)."
            }
        }
    }

    /// The same for programs.
    pub(crate) const fn wire(self) -> TakesEffect {
        match self {
            Self::Nothing => TakesEffect::Now,
            Self::Relay => TakesEffect::RelayStart,
            Self::Tor => TakesEffect::TorStart,
            Self::Daemon => TakesEffect::DaemonStart,
        }
    }
}

/// A file of settings, by key.
pub(crate) struct Keys(DocumentMut);

impl Keys {
    /// The defaults.
    pub(crate) fn defaults() -> Self {
        Self(EXAMPLE.parse().expect("the example is TOML; tested"))
    }

    /// The settings in a correct text.
    ///
    /// # Errors
    /// The mistake in the text.
    pub(crate) fn of(text: &str, path: &Path) -> Result<Self, ConfigError> {
        parse(text, path)?;
        text.parse()
            .map(Self)
            .map_err(|error: toml_edit::TomlError| ConfigError::Syntax {
                path: path.to_path_buf(),
                message: error.message().to_owned(),
            })
    }

    /// Every `section.key`, in the order of the file.
    pub(crate) fn names(&self) -> Vec<String> {
        let sections = self.0.iter().filter_map(|(section, item)| {
            let table = item.as_table_like()?;
            Some(table.iter().map(move |(key, _)| format!("{section}.{key}")))
        });
        sections.flatten().collect()
    }

    /// The value of a key; `None` if it is not set.
    pub(crate) fn value(&self, key: &str) -> Option<Value> {
        let (section, key) = key.split_once('.')?;
        let item = self.0.get(section)?.as_table_like()?.get(key)?;
        let mut value = match item.clone() {
            // `[tor.arti]` and `arti = {}` are the same.
            Item::Table(table) => Value::InlineTable(table.into_inline_table()),
            item => item.into_value().ok()?,
        };
        value.decor_mut().clear();
        if let Value::Array(lines) = &mut value {
            lines.fmt();
            lines.set_trailing("");
        }
        Some(value)
    }
}

/// The settings in force, compared with the file. Values that may contain secrets are shown as a
/// number of lines.
pub(crate) fn settings(in_force: &Config, file: Result<Config, Problem>) -> Settings {
    let (file, problem) = match file {
        Ok(file) => (Some(file), None),
        Err(error) => (None, Some(error)),
    };
    let setting = |key: &str| Setting {
        key: key.to_owned(),
        in_force: shown(key, in_force),
        in_file: file.as_ref().map(|file| shown(key, file)),
        differs: file
            .as_ref()
            .is_some_and(|file| !is_same(key, in_force, file)),
    };
    Settings {
        settings: NAMES.into_iter().map(setting).collect(),
        problem,
    }
}

/// Two settings whose values are not shown may differ although their numbers of lines are equal.
/// Two ports that are not named are equal: the one in force was chosen, and stays.
fn is_same(key: &str, one: &Config, other: &Config) -> bool {
    match key {
        "relay.port" if !one.relay_port_is_named && !other.relay_port_is_named => true,
        "tor.extra_torrc" => one.tor.extra_torrc == other.tor.extra_torrc,
        "tor.arti" => one.tor.arti == other.tor.arti,
        "tor.bridges" => one.tor.bridges == other.tor.bridges,
        _ => shown(key, one) == shown(key, other),
    }
}

fn shown(key: &str, config: &Config) -> String {
    let place = |place: &Option<TorAddr>| {
        let place = place.as_ref();
        place.map_or_else(|| "0".to_owned(), ToString::to_string)
    };
    let lines = |count: usize| match count {
        0 => "none".to_owned(),
        1 => "1 line".to_owned(),
        count => format!("{count} lines"),
    };
    let (tor, thresholds) = (&config.tor, &config.thresholds);
    let file = tor.shadowsocks.as_ref();
    match key {
        "relay.port" => config.relay_port.to_string(),
        "relay.connections_max" => config.connections_max.to_string(),
        "relay.optimistic" => config.optimistic.to_string(),
        "relay.serve_unidentified" => config.serve_unidentified.to_string(),
        "session.min_bytes" => thresholds.min_bytes().get().to_string(),
        "session.min_duration_ms" => thresholds.min_duration().get().to_string(),
        "session.max_duration_ms" => thresholds.max_duration().get().to_string(),
        "tor.backend" => Backend::choice_name(tor.backend).to_owned(),
        "tor.program" => tor.program.display().to_string(),
        "tor.socks_port" => place(&tor.socks_port),
        "tor.control_port" => place(&tor.control_port),
        "tor.extra_torrc" => lines(tor.extra_torrc.len()),
        "tor.arti" => lines(tor.arti.lines().count()),
        "tor.shadowsocks" => {
            file.map_or_else(|| "none".to_owned(), |file| file.display().to_string())
        }
        "tor.bridges" => lines(tor.bridges.len()),
        "tor.exit_country" => tor.exit_country.clone().unwrap_or_default(),
        "ledger.delay_max_s" => config.ledger_delay_max.get().div_euclid(1_000).to_string(),
        "ledger.badge" => config.ledger_badge.name().to_owned(),
        "daemon.idle_exit_s" => config.idle_exit_s.unwrap_or(0).to_string(),
        "daemon.desktop_notice" => config.desktop_notice.to_string(),
        "log.level" => config.log_level.to_string().to_lowercase(),
        other => format!("{other} is unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_example_has_its_name_here_and_is_told() {
        assert_eq!(Keys::defaults().names(), NAMES);
        let settings = settings(&Config::default(), Ok(Config::default()));
        for setting in settings.settings {
            assert!(!setting.in_force.contains("unknown"), "{setting:?}");
            assert_eq!(setting.in_file.as_ref(), Some(&setting.in_force));
        }
    }

    #[test]
    fn what_a_new_start_would_change_is_told_without_secrets() {
        let path = Path::new("x");
        let of = |text: &str| parse(text, path).expect("in order");
        let line = "192.0.2.1:443 0123456789ABCDEF0123456789ABCDEF01234567";
        let one = of(&format!("[tor]\nbridges = [\"{line}\"]"));
        let other = of(
            "[relay]\nport = 9200\n[tor]\nbridges = [\"192.0.2.2:443\"]\n[log]\nlevel = \"debug\"",
        );
        assert_eq!(settings(&one, Ok(one.clone())).changes().count(), 0);
        let settings = settings(&one, Ok(other));
        let changes = settings.changes().map(|setting| {
            let in_file = setting.in_file.as_deref().unwrap_or_default();
            format!("{}: {} -> {in_file}", setting.key, setting.in_force)
        });
        let changes: Vec<_> = changes.collect();
        assert_eq!(
            changes,
            [
                "relay.port: 9149 -> 9200",
                "tor.bridges: 1 line -> 1 line",
                "log.level: info -> debug"
            ]
        );
        assert!(!format!("{settings:?}").contains("192.0.2"));
    }

    #[test]
    fn a_port_that_was_chosen_is_told_as_in_force_and_as_no_change() {
        let chosen = Config {
            relay_port: 19_150,
            relay_port_is_named: false,
            ..Config::default()
        };
        let of = |text: &str| parse(text, Path::new("x")).expect("in order");
        let compared = settings(&chosen, Ok(of("")));
        assert_eq!(compared.in_force("relay.port"), Some("19150"));
        assert_eq!(compared.changes().count(), 0);
        for named in ["[relay]\nport = 9149", "[relay]\nport = 9200"] {
            assert_eq!(
                settings(&chosen, Ok(of(named))).changes().count(),
                1,
                "{named}"
            );
        }
        let settings = settings(&of("[relay]\nport = 9200"), Ok(of("")));
        assert_eq!(settings.changes().count(), 1);
    }

    #[test]
    fn a_file_with_a_mistake_is_never_told_as_defaults() {
        let broken = Problem::new(meter_wire::ErrorCode::ConfigInvalid);
        let settings = settings(&Config::default(), Err(broken.clone()));
        assert_eq!(settings.problem, Some(broken));
        assert!(
            settings
                .settings
                .iter()
                .all(|setting| setting.in_file.is_none() && !setting.differs)
        );
        assert_eq!(settings.in_force("relay.port"), Some("9149"));
    }
}
