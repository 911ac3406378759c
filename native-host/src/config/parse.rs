//! Converts text to [`Config`], with one file for each section that has rules.

mod country;
mod place;
mod plainly;
mod reader;
mod relay;
mod section;
mod session;
mod tor;

pub(crate) use self::plainly::NO_SUCH_KEY;
use self::{
    plainly::{foreign, plainly},
    reader::{Reader, line_of},
    relay::Relay,
    section::section,
    session::Session,
    tor::Tor,
};
use super::{Config, ConfigError, USUAL_PORT};
use meter_core::DurationMs;
use meter_wire::BadgeNumber;
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    #[serde(deserialize_with = "section")]
    relay: Relay,
    #[serde(deserialize_with = "section")]
    session: Session,
    #[serde(deserialize_with = "section")]
    tor: Tor,
    #[serde(deserialize_with = "section")]
    ledger: Ledger,
    #[serde(deserialize_with = "section")]
    daemon: Daemon,
    #[serde(deserialize_with = "section")]
    log: Log,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ledger {
    delay_max_s: Option<Spanned<i64>>,
    badge: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Daemon {
    idle_exit_s: Option<Spanned<i64>>,
    desktop_notice: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Log {
    level: Option<Spanned<String>>,
}

/// Parses the text of a configuration; `path` is for messages only.
///
/// # Errors
/// The first mistake, with its line.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(1, |span| line_of(text, span.start));
        let span = error.span().and_then(|span| text.get(span));
        let message = match error.message() {
            _ if let Some(letter) = foreign(text.lines().nth(at - 1).unwrap_or_default()) => {
                format!(
                    "line {at}: it holds the character U+{:04X} outside of quotation marks; \
                        remove it, or type plain letters and digits",
                    u32::from(letter)
                )
            }
            // The parser does not say which key it is.
            repeated @ "duplicate key" => {
                format!("line {at}: {repeated} {}", span.unwrap_or_default())
            }
            other => format!("line {at}: {}", plainly(other, span.unwrap_or_default())),
        };
        ConfigError::Syntax {
            path: path.to_path_buf(),
            message,
        }
    })?;
    let reader = Reader { text, path };
    Ok(Config {
        relay_port: file.relay.port(&reader)?.unwrap_or(USUAL_PORT),
        relay_port_is_named: file.relay.port(&reader)?.is_some(),
        connections_max: file.relay.connections_max(&reader)?,
        optimistic: file.relay.optimistic,
        serve_unidentified: file.relay.serve_unidentified,
        thresholds: file.session.read(&reader)?,
        tor: file.tor.read(&reader)?,
        ledger_delay_max: file.ledger.delay_max(&reader)?,
        ledger_badge: file.ledger.badge(&reader)?,
        idle_exit_s: file.daemon.idle_exit_s(&reader)?,
        desktop_notice: file.daemon.desktop_notice,
        log_level: file.log.level(&reader)?,
    })
}

impl Ledger {
    fn delay_max(&self, reader: &Reader<'_>) -> Result<DurationMs, ConfigError> {
        let value = self.delay_max_s.as_ref();
        let seconds = reader.number("ledger.delay_max_s", value, 0, 86_400)?;
        let ms = seconds.unwrap_or(180).saturating_mul(1_000);
        Ok(DurationMs::new(ms).unwrap_or(DurationMs::ZERO))
    }

    fn badge(&self, reader: &Reader<'_>) -> Result<BadgeNumber, ConfigError> {
        let numbers = [BadgeNumber::Claimed, BadgeNumber::Credited];
        let words = numbers.map(|number| (number.name(), number));
        let number = reader.word("ledger.badge", self.badge.as_ref(), &words)?;
        Ok(number.unwrap_or_default())
    }
}

impl Daemon {
    fn idle_exit_s(&self, reader: &Reader<'_>) -> Result<Option<u64>, ConfigError> {
        let value = self.idle_exit_s.as_ref();
        Ok(
            match reader.number("daemon.idle_exit_s", value, 0, 86_400)? {
                None => Some(120),
                Some(0) => None,
                Some(seconds) => Some(seconds),
            },
        )
    }
}

impl Log {
    fn level(&self, reader: &Reader<'_>) -> Result<tracing::Level, ConfigError> {
        let level = reader.word(
            "log.level",
            self.level.as_ref(),
            &[
                ("error", tracing::Level::ERROR),
                ("warn", tracing::Level::WARN),
                ("info", tracing::Level::INFO),
                ("debug", tracing::Level::DEBUG),
                ("trace", tracing::Level::TRACE),
            ],
        )?;
        Ok(level.unwrap_or(tracing::Level::INFO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TorAddr;
    use crate::config::keys::NAMES;

    const EXAMPLE: &str = include_str!("../../config.example.toml");

    fn message(text: &str) -> String {
        parse(text, Path::new("config.toml"))
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn the_example_names_every_key_with_its_true_default() {
        let example = parse(EXAMPLE, Path::new("example")).expect("the example is in order");
        let default = Config {
            relay_port_is_named: true,
            ..Config::default()
        };
        assert_eq!(example, default);
        // The test goes through every key that the parser knows, so that none is left out.
        let table: toml::Table = EXAMPLE.parse().expect("TOML");
        let keys = |section: &str| -> Vec<&str> {
            table[section]
                .as_table()
                .expect("a section")
                .keys()
                .map(String::as_str)
                .collect()
        };
        let all: usize = table.keys().map(|section| keys(section).len()).sum();
        assert_eq!(all, NAMES.len());
        for name in NAMES {
            let (section, key) = name.split_once('.').expect("a section");
            assert!(keys(section).contains(&key), "{section}.{key}");
            let unknown = message(&format!("[{section}]\nzzz = 1"));
            assert!(
                unknown.contains(key),
                "the parser lists {section}.{key}: {unknown}"
            );
        }
    }

    #[test]
    fn a_mistake_is_named_with_key_line_and_limit() {
        assert_eq!(
            message("[relay]\n\nport = 80\n"),
            "config.toml, line 3: relay.port is 80; it must be from 1024 to 65535"
        );
        assert!(message("[session]\nmin_bytes = 0").contains("line 2: session.min_bytes is 0"));
        let negative = message("[session]\nmin_bytes = -5");
        assert!(negative.contains("is -5; it must be from 10000 to"));
        assert!(message("[log]\nlevel = \"\"").contains("log.level is empty; it must be one"));
        assert!(message("[session]\nmin_bytes = 1.5").starts_with("config.toml, line 2:"));
        assert!(
            message("[session]\nmin_duration_ms = 20000\nmax_duration_ms = 15000")
                .contains("line 2: session.min_duration_ms is 20000")
        );
        assert!(
            message("[tor]\nbackend = \"magic\"")
                .contains("one of auto, existing, managed, embedded")
        );
        assert!(message("[tor]\nextra_torrc = [\"a\\nb\"]").contains("single lines"));
        assert!(
            message("[tor]\nbackend = \"existing\"\nshadowsocks = \"x\"")
                .contains("line 3: tor.shadowsocks is x; it must be empty")
        );
        assert_eq!(
            message("[relay]\nport = \"9200\""),
            "config.toml, line 2: it has the text \"9200\", and a whole number is needed"
        );
        assert!(message("[relay]\nprot = 1").contains("line 2"));
        assert!(message("relay = 3").contains("line 1"));
        assert!(message("[relay").contains("line 1"));
    }

    #[test]
    fn values_are_taken_over() {
        let config = parse(
            "[relay]\nport = 9200\noptimistic = true\n[daemon]\nidle_exit_s = 0\n[tor]\nsocks_port \
                = 9050",
            Path::new("x"),
        )
        .expect("in order");
        assert_eq!((config.relay_port, config.idle_exit_s), (9200, None));
        assert!(config.optimistic);
        assert_eq!(config.tor.socks_port, Some(TorAddr::loopback(9050)));
    }

    #[test]
    fn the_commonest_slips_are_said_in_plain_words() {
        for (line, said) in [
            ("level = info", "needs quotation marks"),
            ("level = no", "needs quotation marks"),
            ("level = tr", "needs quotation marks"),
            ("level = /usr", "needs quotation marks"),
            ("level = \"info", "quotation mark at the end is missing"),
            ("level = 'info", "quotation mark at the end is missing"),
            ("level : \"info\"", "a = is missing"),
            ("level = \"C:\\Users\"", "write \\\\"),
            ("level = \"C:\\q\"", "write \\\\"),
            ("level = [\"a\" \"b\"]", "a comma is missing"),
            ("level = [\"a\"", "at the end of the list is missing"),
            ("level = 09", "must not begin with 0"),
            ("level = 9,2", "one value, and no more"),
            ("lvel = \"info\"", "there is no `lvel` here, only `level`"),
        ] {
            let text = message(&format!("[log]\n{line}\n"));
            assert!(text.contains(said), "{line}: {text}");
            assert!(!text.contains("expected"), "{line}: {text}");
        }
        let deep = message(&format!("[log]\nlevel = {}", "[".repeat(500)));
        assert!(deep.contains("nested too deeply"), "{deep}");
    }
}
