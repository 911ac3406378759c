//! `[tor]`: which Tor, and the way of its own connections.

use super::{
    country::country,
    place::place,
    reader::{Reader, line_of},
};
use crate::config::{ConfigError, TorChoice};
use meter_core::Backend;
use meter_tor::{Bridge, BridgeFault};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use std::{fmt, path::PathBuf};
use toml::Spanned;

/// More bridges than anybody gets; Tor tries each of them.
const BRIDGES_MAX: usize = 64;

/// What `tor.backend = "embedded"` must be instead if the program has no embedded Tor.
const NOT_BUILT_IN: &str = "one of auto, existing, managed: this program was built without a Tor \
    of its own (cargo feature embedded-tor; ./build.sh build has it)";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tor {
    backend: Option<Spanned<String>>,
    program: Option<Spanned<String>>,
    socks_port: Option<Spanned<toml::Value>>,
    control_port: Option<Spanned<toml::Value>>,
    extra_torrc: Vec<Spanned<String>>,
    arti: toml::Table,
    shadowsocks: Option<Spanned<String>>,
    bridges: Option<Spanned<Lines>>,
    exit_country: Option<Spanned<String>>,
}

/// A list of texts, or one text of several lines, as people paste it. By hand: no error may repeat
/// a text that is a secret.
#[derive(Default)]
struct Lines(Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Lines;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Lines, E> {
                Ok(Lines(vec![Spanned::new(0..0, text.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Lines, A::Error> {
                let mut lines = Vec::new();
                while let Some(line) = texts.next_element()? {
                    lines.push(line);
                }
                Ok(Lines(lines))
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

/// The configured ways for Tor's own connections.
struct Ways {
    shadowsocks: Option<PathBuf>,
    bridges: Vec<Bridge>,
}

impl Tor {
    pub(super) fn read(self, reader: &Reader<'_>) -> Result<TorChoice, ConfigError> {
        let backend = self.backend(reader)?;
        let ways = self.ways(backend, reader)?;
        let exit_country = country(self.exit_country.as_ref(), backend, reader)?;
        let program = self.program.as_ref();
        if let Some(program) = program.filter(|program| program.get_ref().is_empty()) {
            return Err(reader.refuse("tor.program", program, "a name or a path".to_owned()));
        }
        // A line break would hide further lines from a person who reads only one of them.
        let broken = |line: &&Spanned<String>| line.get_ref().contains(['\n', '\r', '\0']);
        if let Some(line) = self.extra_torrc.iter().find(broken) {
            return Err(reader.refuse("tor.extra_torrc", line, "single lines".to_owned()));
        }
        let lines = self.extra_torrc.into_iter();
        Ok(TorChoice {
            backend,
            socks_port: place(reader, "tor.socks_port", self.socks_port.as_ref())?,
            control_port: place(reader, "tor.control_port", self.control_port.as_ref())?,
            program: PathBuf::from(
                self.program
                    .map_or_else(|| "tor".to_owned(), Spanned::into_inner),
            ),
            extra_torrc: lines.map(Spanned::into_inner).collect(),
            arti: self.arti.to_string(),
            bridges: ways.bridges,
            shadowsocks: ways.shadowsocks,
            exit_country,
        })
    }

    fn backend(&self, reader: &Reader<'_>) -> Result<Option<Backend>, ConfigError> {
        let word = reader.word(
            "tor.backend",
            self.backend.as_ref(),
            &Backend::CHOICES.map(|choice| (Backend::choice_name(choice), choice)),
        )?;
        let backend = word.flatten();
        let is_built_in = cfg!(feature = "embedded-tor");
        match &self.backend {
            Some(value) if backend == Some(Backend::Embedded) && !is_built_in => {
                Err(reader.refuse("tor.backend", value, NOT_BUILT_IN.to_owned()))
            }
            Some(_) | None => Ok(backend),
        }
    }

    /// Checks that there is at most one way, and only with a Tor that can be kept on it.
    fn ways(&self, backend: Option<Backend>, reader: &Reader<'_>) -> Result<Ways, ConfigError> {
        let file = self.shadowsocks.as_ref();
        let file = file.filter(|file| !file.get_ref().is_empty());
        if let Some(file) = file {
            check_file(file, reader)?;
        }
        let bridges = self.bridges(backend, reader)?;
        if let Some(value) = &self.backend
            && backend == Some(Backend::Existing)
            && !bridges.is_empty()
        {
            let (cause, limit) = (
                "bridges_existing",
                "auto, managed or embedded, since a Tor of somebody else uses no tor.bridges",
            );
            return Err(reader.refuse_because(cause, "tor.backend", value, limit.to_owned()));
        }
        if let Some(file) = file {
            let (cause, limit) = match backend {
                _ if !bridges.is_empty() => {
                    ("one_way", "empty beside tor.bridges; choose one of them")
                }
                Some(Backend::Existing) => (
                    "server_existing",
                    "empty with this tor.backend, since a Tor of somebody else does not go that \
                     way",
                ),
                None | Some(Backend::Managed | Backend::Embedded) => {
                    return Ok(Ways {
                        shadowsocks: Some(PathBuf::from(file.get_ref())),
                        bridges,
                    });
                }
            };
            return Err(reader.refuse_because(cause, "tor.shadowsocks", file, limit.to_owned()));
        }
        Ok(Ways {
            shadowsocks: None,
            bridges,
        })
    }

    fn bridges(
        &self,
        backend: Option<Backend>,
        reader: &Reader<'_>,
    ) -> Result<Vec<Bridge>, ConfigError> {
        let Some(bridges) = &self.bridges else {
            return Ok(Vec::new());
        };
        let mut read = Vec::new();
        for text in &bridges.get_ref().0 {
            // A text that is the value itself stands where the value does.
            let start = text.span().start.max(bridges.span().start);
            for bridge in Bridge::parse_all(text.get_ref()) {
                let bridge = bridge.and_then(|bridge| match backend {
                    Some(Backend::Embedded) if !bridge.has_fingerprint() => {
                        Err(BridgeFault::NoFingerprint)
                    }
                    _ => Ok(bridge),
                });
                let bridge = bridge.map_err(|reason| ConfigError::Bridge {
                    path: reader.path.to_path_buf(),
                    line: line_of(reader.text, start),
                    reason,
                })?;
                read.push(bridge);
            }
        }
        if read.len() > BRIDGES_MAX {
            let found = Spanned::new(bridges.span(), read.len());
            let limit = format!("at most {BRIDGES_MAX} lines");
            let cause = format!("bridges_max {BRIDGES_MAX}");
            return Err(reader.refuse_because(&cause, "tor.bridges", &found, limit));
        }
        Ok(read)
    }
}

/// What is pasted in place of the name of a file is never repeated: it holds a password.
fn check_file(file: &Spanned<String>, reader: &Reader<'_>) -> Result<(), ConfigError> {
    let text = file.get_ref().trim_start();
    let (found, limit) = if text.contains("://") || text.starts_with('{') {
        (
            "the server itself",
            "the name of a file that only you can read, with the server in it",
        )
    } else if text.starts_with("~/") {
        (
            "a path with ~, which stands for nothing here",
            "an absolute path, or a name in Onionmeter's folder",
        )
    } else {
        return Ok(());
    };
    let found = Spanned::new(file.span(), found);
    Err(reader.refuse("tor.shadowsocks", &found, limit.to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::config::parse;
    use meter_core::{Backend, TorAddr};
    use std::path::Path;

    fn message(text: &str) -> String {
        parse(text, Path::new("config.toml"))
            .expect_err("must be refused")
            .to_string()
    }

    #[test]
    fn the_embedded_tor_can_be_chosen_only_where_it_is_part_of_the_program() {
        let text = "[tor]\nbackend = \"embedded\"\n[tor.arti.path_rules]\nx = 1\n";
        if cfg!(feature = "embedded-tor") {
            let tor = parse(text, Path::new("x")).expect("in order").tor;
            assert_eq!(tor.backend, Some(Backend::Embedded));
            assert_eq!(tor.arti, "[path_rules]\nx = 1\n");
        } else {
            assert!(message(text).contains("line 2: tor.backend is embedded; it must be one of"));
            assert!(message(text).contains("built without a Tor of its own"));
        }
    }

    #[test]
    fn a_tor_that_runs_is_named_by_ports_or_sockets() {
        let of = |line: &str| {
            let config = parse(&format!("[tor]\n{line}"), Path::new("x"));
            let tor = config.expect("in order").tor;
            (tor.socks_port, tor.control_port)
        };
        assert_eq!(of("socks_port = 0\ncontrol_port = 0"), (None, None));
        let socket = |path: &str| Some(TorAddr::Unix(path.into()));
        assert_eq!(
            of("socks_port = \"/run/tor/socks\"\ncontrol_port = 9051"),
            (socket("/run/tor/socks"), Some(TorAddr::loopback(9051)))
        );
        let longest = format!("/{}", "a".repeat(106));
        let (_, control) = of(&format!("control_port = \"{longest}\""));
        assert_eq!(control, Some(TorAddr::Unix(longest.into())));
        assert_eq!(
            of("socks_port = 9050").0,
            Some(TorAddr::Tcp(([127, 0, 0, 1], 9050).into()))
        );
    }

    #[test]
    fn what_names_no_place_is_told_with_what_to_write() {
        let too_long = format!("\"/{}\"", "a".repeat(107));
        let wrong = [
            "-1",
            "65536",
            "1.5",
            "true",
            "\"\"",
            "\"9050\"",
            "\"127.0.0.1:9050\"",
            "\"unix:/run/tor/socks\"",
            "\"run/tor/socks\"",
            "\"/a\\u0000\"",
            &too_long,
        ];
        for key in ["socks_port", "control_port"] {
            for value in wrong {
                let said = message(&format!("[tor]\n{key} = {value}"));
                let begin = format!("config.toml, line 2: tor.{key} is ");
                assert!(said.starts_with(&begin), "{value}: {said}");
                assert!(said.contains("\"/run/tor/socks\""), "{value}: {said}");
            }
        }
        let said = message("[tor]\nsocks_port = \"unix:/run/tor/socks\"");
        assert!(
            said.contains("is \"unix:/run/tor/socks\"; it must be a port"),
            "{said}"
        );
    }

    #[test]
    fn a_bridge_that_is_none_is_named_by_its_line_and_never_repeated() {
        let said =
            message("[tor]\nbridges = [\n  \"192.0.2.1:443\",\n  \"192.0.2.77:443 0123\",\n]");
        let reason = "its fingerprint does not have 40 hexadecimal digits";
        assert_eq!(
            said,
            format!("config.toml, line 4: tor.bridges cannot be used: {reason}")
        );
        let said = message("[tor]\nbridges = [\"192.0.2.77:443\\nUseBridges 0\"]");
        assert!(
            said.contains("line 2") && !said.contains("192.0.2.77"),
            "{said}"
        );
        let of = |value: &str| parse(&format!("[tor]\nbridges = {value}"), Path::new("x"));
        let several = "\"\"\"\nBridge 192.0.2.1:443\n# old\n\n> 192.0.2.2:443\n\"\"\"";
        for value in [several, &format!("[{several}]")] {
            assert_eq!(of(value).expect("in order").tor.bridges.len(), 2, "{value}");
        }
        for (none, reason) in [
            ("[\"\"]", "there is no bridge in it"),
            ("\"\"", "there is no bridge in it"),
            ("[\"# 192.0.2.1:443\"]", "all its bridges are comments"),
        ] {
            let said = message(&format!("[tor]\nbridges = {none}"));
            assert!(said.contains(reason), "{said}");
        }
        let said = message("[tor]\n\nbridges = \"192.0.2.77:443 0123\"");
        assert!(
            said.contains("line 3") && !said.contains("192.0.2.77"),
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
    fn only_a_tor_of_ours_is_kept_on_a_detour() {
        let bridge = "bridges = [\"192.0.2.1:443 0123456789ABCDEF0123456789ABCDEF01234567\"]";
        for way in [bridge, "shadowsocks = \"x\""] {
            let of = |backend| format!("[tor]\n{way}\nbackend = \"{backend}\"");
            let existing = message(&of("existing"));
            assert!(existing.contains("a Tor of somebody else"), "{existing}");
            let taken = |backend| parse(&of(backend), Path::new("x")).is_ok();
            assert!(taken("auto") && taken("managed"), "{way}");
            assert_eq!(taken("embedded"), cfg!(feature = "embedded-tor"), "{way}");
        }
    }

    #[cfg(feature = "embedded-tor")]
    #[test]
    fn the_embedded_tor_is_given_no_bridge_without_its_fingerprint() {
        let text = "[tor]\nbackend = \"embedded\"\nbridges = [\"192.0.2.77:443\"]";
        let said = message(text);
        assert!(
            said.contains("line 3") && said.contains("it lacks its fingerprint"),
            "{said}"
        );
        assert!(!said.contains("192.0.2.77"), "{said}");
        let allows = |text: &str| {
            let config = parse(text, Path::new("x")).expect("in order");
            config.tor.allows(Backend::Embedded)
        };
        assert!(!allows("[tor]\nbridges = [\"192.0.2.77:443\"]"));
        assert!(allows("[tor]\nshadowsocks = \"x\""));
    }
}
