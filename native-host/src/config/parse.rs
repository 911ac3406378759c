//! From text to [`Config`].

use super::{BackendChoice, Config, ConfigError, TorChoice};
use meter_core::{ThresholdError, Thresholds};
use meter_tor::Bridge;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    relay: Relay,
    session: Session,
    tor: Tor,
    daemon: Daemon,
    log: Log,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Relay {
    port: Option<Spanned<i64>>,
    connections_max: Option<Spanned<i64>>,
    optimistic: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Session {
    min_bytes: Option<Spanned<i64>>,
    min_duration_ms: Option<Spanned<i64>>,
    max_duration_ms: Option<Spanned<i64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tor {
    backend: Option<Spanned<String>>,
    program: Option<Spanned<String>>,
    socks_port: Option<Spanned<i64>>,
    control_port: Option<Spanned<i64>>,
    extra_torrc: Vec<Spanned<String>>,
    arti: toml::Table,
    shadowsocks: Option<Spanned<String>>,
    bridges: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Daemon {
    idle_exit_s: Option<Spanned<i64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Log {
    level: Option<Spanned<String>>,
}

/// More bridges than anybody is given; Tor looks at each.
const BRIDGES_MAX: usize = 64;

/// Parses the text of a configuration; `path` is for messages only.
///
/// # Errors
/// The first mistake, with its line.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(1, |span| line_of(text, span.start));
        let message = format!("line {at}: {}", error.message());
        ConfigError::Syntax {
            path: path.to_path_buf(),
            message,
        }
    })?;
    let reader = Reader { text, path };
    Ok(Config {
        relay_port: reader
            .port("relay.port", file.relay.port.as_ref(), 1024)?
            .unwrap_or(9149),
        connections_max: reader
            .number(
                "relay.connections_max",
                file.relay.connections_max.as_ref(),
                1,
                10_000,
            )?
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(512),
        optimistic: file.relay.optimistic,
        thresholds: reader.thresholds(&file.session)?,
        tor: reader.tor(file.tor)?,
        idle_exit_s: match reader.number(
            "daemon.idle_exit_s",
            file.daemon.idle_exit_s.as_ref(),
            0,
            86_400,
        )? {
            None => Some(120),
            Some(0) => None,
            Some(seconds) => Some(seconds),
        },
        log_level: reader
            .word(
                "log.level",
                file.log.level.as_ref(),
                &[
                    ("error", tracing::Level::ERROR),
                    ("warn", tracing::Level::WARN),
                    ("info", tracing::Level::INFO),
                    ("debug", tracing::Level::DEBUG),
                    ("trace", tracing::Level::TRACE),
                ],
            )?
            .unwrap_or(tracing::Level::INFO),
    })
}

/// What `tor.backend = "embedded"` must be instead, where it cannot be had.
const NOT_BUILT_IN: &str = "one of auto, existing, managed: this program was built without a Tor \
    of its own (cargo feature embedded-tor; ./build.sh build has it)";

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Reader<'_> {
    fn refuse<T: ToString>(
        &self,
        key: &'static str,
        value: &Spanned<T>,
        limit: String,
    ) -> ConfigError {
        ConfigError::Value {
            path: self.path.to_path_buf(),
            line: line_of(self.text, value.span().start),
            key,
            value: value.get_ref().to_string(),
            limit,
        }
    }

    fn number(
        &self,
        key: &'static str,
        value: Option<&Spanned<i64>>,
        min: u64,
        max: u64,
    ) -> Result<Option<u64>, ConfigError> {
        let Some(value) = value else { return Ok(None) };
        u64::try_from(*value.get_ref())
            .ok()
            .filter(|number| (min..=max).contains(number))
            .map(Some)
            .ok_or_else(|| self.refuse(key, value, format!("from {min} to {max}")))
    }

    fn port(
        &self,
        key: &'static str,
        value: Option<&Spanned<i64>>,
        min: u64,
    ) -> Result<Option<u16>, ConfigError> {
        let number = self.number(key, value, min, u64::from(u16::MAX))?;
        Ok(number.and_then(|number| u16::try_from(number).ok()))
    }

    fn word<T: Copy>(
        &self,
        key: &'static str,
        value: Option<&Spanned<String>>,
        words: &[(&str, T)],
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = value else { return Ok(None) };
        let found = words.iter().find(|(word, _)| word == value.get_ref());
        found.map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
            let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(key, value, format!("one of {}", allowed.join(", ")))
        })
    }

    fn thresholds(&self, session: &Session) -> Result<Thresholds, ConfigError> {
        let defaults = Thresholds::DEFAULT;
        let plain = |key, value: &Option<Spanned<i64>>, default: u64| {
            self.number(key, value.as_ref(), 0, u64::MAX)
                .map(|number| number.unwrap_or(default))
        };
        let min_bytes = plain(
            "session.min_bytes",
            &session.min_bytes,
            defaults.min_bytes().get(),
        )?;
        let min = plain(
            "session.min_duration_ms",
            &session.min_duration_ms,
            defaults.min_duration().get(),
        )?;
        let max = plain(
            "session.max_duration_ms",
            &session.max_duration_ms,
            defaults.max_duration().get(),
        )?;
        Thresholds::new(min_bytes, min, max).map_err(|error| {
            let (key, value) = match error {
                ThresholdError::MinBytes { .. } => ("session.min_bytes", &session.min_bytes),
                ThresholdError::MinDuration { .. } => {
                    ("session.min_duration_ms", &session.min_duration_ms)
                }
                ThresholdError::MaxDuration { .. } => {
                    ("session.max_duration_ms", &session.max_duration_ms)
                }
                ThresholdError::MinAboveMax { .. } if session.min_duration_ms.is_some() => {
                    ("session.min_duration_ms", &session.min_duration_ms)
                }
                ThresholdError::MinAboveMax { .. } => {
                    ("session.max_duration_ms", &session.max_duration_ms)
                }
            };
            ConfigError::Value {
                path: self.path.to_path_buf(),
                line: value
                    .as_ref()
                    .map_or(1, |value| line_of(self.text, value.span().start)),
                key,
                value: value
                    .as_ref()
                    .map_or_else(String::new, |value| value.get_ref().to_string()),
                limit: format!("in its limits ({error})"),
            }
        })
    }

    fn bridges(&self, lines: &[Spanned<String>]) -> Result<Vec<Bridge>, ConfigError> {
        if let Some(first_too_many) = lines.get(BRIDGES_MAX) {
            let found = Spanned::new(first_too_many.span(), lines.len());
            let limit = format!("at most {BRIDGES_MAX} lines");
            return Err(self.refuse("tor.bridges", &found, limit));
        }
        let read = |line: &Spanned<String>| {
            Bridge::parse(line.get_ref()).map_err(|reason| ConfigError::Bridge {
                path: self.path.to_path_buf(),
                line: line_of(self.text, line.span().start),
                reason,
            })
        };
        lines.iter().map(read).collect()
    }

    fn tor(&self, tor: Tor) -> Result<TorChoice, ConfigError> {
        let some_port = |port: Option<u16>| port.filter(|port| *port != 0);
        let backend = self.word(
            "tor.backend",
            tor.backend.as_ref(),
            &[
                ("auto", BackendChoice::Auto),
                ("existing", BackendChoice::Existing),
                ("managed", BackendChoice::Managed),
                ("embedded", BackendChoice::Embedded),
            ],
        )?;
        let is_built_in = cfg!(feature = "embedded-tor");
        if let Some(value) = tor.backend.as_ref()
            && backend == Some(BackendChoice::Embedded)
            && !is_built_in
        {
            return Err(self.refuse("tor.backend", value, NOT_BUILT_IN.to_owned()));
        }
        if let Some(program) = tor
            .program
            .as_ref()
            .filter(|program| program.get_ref().is_empty())
        {
            return Err(self.refuse("tor.program", program, "a name or a path".to_owned()));
        }
        // A line break would smuggle in further lines unseen by whoever reads one of them.
        let broken = |line: &&Spanned<String>| line.get_ref().contains(['\n', '\r', '\0']);
        if let Some(line) = tor.extra_torrc.iter().find(broken) {
            return Err(self.refuse("tor.extra_torrc", line, "single lines".to_owned()));
        }
        let shadowsocks = tor.shadowsocks.filter(|file| !file.get_ref().is_empty());
        let bridges = self.bridges(&tor.bridges)?;
        let takes_no_detour = matches!(
            backend,
            Some(BackendChoice::Existing | BackendChoice::Embedded)
        );
        if let Some(value) = &tor.backend
            && takes_no_detour
            && !bridges.is_empty()
        {
            let limit = "auto or managed, since only an installed tor of our own uses tor.bridges";
            return Err(self.refuse("tor.backend", value, limit.to_owned()));
        }
        if let Some(file) = shadowsocks.as_ref().filter(|_| !bridges.is_empty()) {
            let limit = "empty beside tor.bridges; choose one of them";
            return Err(self.refuse("tor.shadowsocks", file, limit.to_owned()));
        }
        if let Some(file) = &shadowsocks
            && takes_no_detour
        {
            let limit = "empty with this tor.backend, since only a managed Tor goes that way";
            return Err(self.refuse("tor.shadowsocks", file, limit.to_owned()));
        }
        Ok(TorChoice {
            backend: backend.unwrap_or(BackendChoice::Auto),
            program: PathBuf::from(
                tor.program
                    .map_or_else(|| "tor".to_owned(), Spanned::into_inner),
            ),
            socks_port: some_port(self.port("tor.socks_port", tor.socks_port.as_ref(), 0)?),
            control_port: some_port(self.port("tor.control_port", tor.control_port.as_ref(), 0)?),
            extra_torrc: tor
                .extra_torrc
                .into_iter()
                .map(Spanned::into_inner)
                .collect(),
            arti: tor.arti.to_string(),
            bridges,
            shadowsocks: shadowsocks.map(|file| PathBuf::from(file.into_inner())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../config.example.toml");

    fn message(text: &str) -> String {
        parse(text, Path::new("config.toml"))
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn the_example_names_every_key_with_its_true_default() {
        let example = parse(EXAMPLE, Path::new("example")).expect("the example is in order");
        assert_eq!(example, Config::default());
        // Every key that the parser knows is asked for by name, so that none is left out.
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
        assert_eq!(all, KEYS.len());
        for (section, key) in KEYS {
            assert!(keys(section).contains(key), "{section}.{key}");
            let unknown = message(&format!("[{section}]\nzzz = 1"));
            assert!(
                unknown.contains(key),
                "the parser lists {section}.{key}: {unknown}"
            );
        }
    }

    const KEYS: &[(&str, &str)] = &[
        ("relay", "port"),
        ("relay", "connections_max"),
        ("relay", "optimistic"),
        ("session", "min_bytes"),
        ("session", "min_duration_ms"),
        ("session", "max_duration_ms"),
        ("tor", "backend"),
        ("tor", "program"),
        ("tor", "socks_port"),
        ("tor", "control_port"),
        ("tor", "extra_torrc"),
        ("tor", "arti"),
        ("tor", "shadowsocks"),
        ("tor", "bridges"),
        ("daemon", "idle_exit_s"),
        ("log", "level"),
    ];

    #[test]
    fn a_mistake_is_named_with_key_line_and_limit() {
        assert_eq!(
            message("[relay]\n\nport = 80\n"),
            "config.toml, line 3: relay.port is 80; it must be from 1024 to 65535"
        );
        assert!(message("[session]\nmin_bytes = 0").contains("line 2: session.min_bytes is 0"));
        assert!(message("[session]\nmin_bytes = -5").contains("session.min_bytes is -5"));
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
        assert!(message("[relay]\nprot = 1").contains("line 2"));
        assert!(message("relay = 3").contains("line 1"));
        assert!(message("[relay").contains("line 1"));
    }

    #[test]
    fn the_embedded_tor_can_be_chosen_only_where_it_is_part_of_the_program() {
        let text = "[tor]\nbackend = \"embedded\"\n[tor.arti.path_rules]\nx = 1\n";
        if cfg!(feature = "embedded-tor") {
            let tor = parse(text, Path::new("x")).expect("in order").tor;
            assert_eq!(tor.backend, BackendChoice::Embedded);
            assert_eq!(tor.arti, "[path_rules]\nx = 1\n");
        } else {
            assert!(message(text).contains("line 2: tor.backend is embedded; it must be one of"));
            assert!(message(text).contains("built without a Tor of its own"));
        }
    }

    #[test]
    fn a_bridge_that_is_none_is_named_by_its_line_and_never_repeated() {
        let said =
            message("[tor]\nbridges = [\n  \"192.0.2.1:443\",\n  \"192.0.2.77:443 0123\",\n]");
        let reason = "its fingerprint has not 40 hexadecimal digits";
        assert_eq!(
            said,
            format!("config.toml, line 4: tor.bridges cannot be used: {reason}")
        );
        let said = message("[tor]\nbridges = [\"192.0.2.77:443\\nUseBridges 0\"]");
        assert!(
            said.contains("line 2") && !said.contains("192.0.2.77"),
            "{said}"
        );
        let lines = "\"192.0.2.1:443\",".repeat(65);
        assert!(message(&format!("[tor]\nbridges = [{lines}]")).contains("at most 64 lines"));
        let bridge = "bridges = [\"192.0.2.1:443\"]";
        assert!(message(&format!("[tor]\n{bridge}\nbackend = \"existing\"")).contains("line 3"));
        assert!(message(&format!("[tor]\n{bridge}\nshadowsocks = \"x\"")).contains("choose one"));
        let config = parse(&format!("[tor]\n{bridge}"), Path::new("x")).expect("in order");
        assert_eq!(config.tor.bridges.len(), 1);
    }

    #[test]
    fn values_are_taken_over() {
        let config = parse(
            "[relay]\nport = 9200\noptimistic = true\n[daemon]\nidle_exit_s = 0\n[tor]\nsocks_port = 9050",
            Path::new("x"),
        )
        .expect("in order");
        assert_eq!((config.relay_port, config.idle_exit_s), (9200, None));
        assert!(config.optimistic);
        assert_eq!(config.tor.socks_port, Some(9050));
    }
}
