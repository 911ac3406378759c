//! The messages, and how each becomes a line and is read again.

use std::{fmt, net::SocketAddr};

use serde::{Deserialize, Serialize};

/// Longest line in either direction, in bytes, without its newline. The longest one possible
/// carries 64 bridges of 2 kB each.
pub const EMBEDDED_LINE_MAX: usize = 256 * 1024;

/// From the daemon.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum EmbeddedCommand {
    /// Begin; the first line, and only that.
    Begin(EmbeddedSetup),
    /// Let nothing from now on share a circuit with anything before. Answered by
    /// [`EmbeddedEvent::NewIdentity`].
    NewIdentity,
    /// Say which circuits are in use. Answered by [`EmbeddedEvent::Circuits`].
    Circuits,
    /// Say which circuit the connections with these credentials use. Answered by
    /// [`EmbeddedEvent::Circuit`].
    Circuit {
        /// The SOCKS user name.
        user: String,
        /// The SOCKS password.
        password: String,
    },
    /// End.
    Stop,
}

/// What the embedded Tor needs to know.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedSetup {
    /// Absolute path of the folder for state and directory; exists, mode 700.
    pub data_dir: String,
    /// Absolute path of the SOCKS socket to make; its folder exists, mode 700.
    pub socks: String,
    /// Configuration of Arti, as TOML. Paths, ports and logs are not part of it.
    pub arti: String,
    /// How much to write to stderr: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
    /// The way that its own connections take. Never left out: what forgets it starts nothing.
    pub way: EmbeddedWay,
}

/// Where the embedded Tor's own connections go: this way and no other for as long as it lives.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EmbeddedWay {
    /// To Tor relays, straight.
    Straight,
    /// To Tor relays, all through one SOCKS5 proxy with a user name and a password (RFC 1929).
    Proxy {
        /// On this computer.
        address: SocketAddr,
        /// The user name.
        user: String,
        /// The password.
        password: String,
    },
    /// To these bridges and to no other relay.
    Bridges {
        /// One bridge each, `[transport] address:port fingerprint [key=value …]`; at least one.
        lines: Vec<String>,
        /// What speaks the transports that the lines name.
        transports: Vec<EmbeddedTransport>,
    },
}

/// A program that speaks a pluggable transport.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedTransport {
    /// The transport, as bridge lines name it.
    pub name: String,
    /// Absolute path of the program.
    pub program: String,
}

/// By hand: credentials and bridges are shown to nobody.
impl fmt::Debug for EmbeddedWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Straight => "Straight",
            Self::Proxy { .. } => "Proxy(..)",
            Self::Bridges { .. } => "Bridges(..)",
        })
    }
}

/// From the embedded Tor.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum EmbeddedEvent {
    /// The SOCKS socket is there. The first event, unless it is `failed`.
    Listening {
        /// For instance `Arti 0.47.0`.
        version: String,
    },
    /// How far it is.
    Progress(EmbeddedProgress),
    /// It cannot go on; the process ends.
    Failed {
        /// Why.
        fault: EmbeddedFault,
    },
    /// [`EmbeddedCommand::NewIdentity`] is done.
    NewIdentity,
    /// The circuits of the connections that are open now, in no order.
    Circuits {
        /// One for each connection that reached its target.
        in_use: Vec<EmbeddedCircuit>,
    },
    /// The answer to [`EmbeddedCommand::Circuit`].
    Circuit {
        /// `None`: no connection with these credentials is open.
        path: Option<EmbeddedPath>,
    },
}

/// How far a start has come. Until the first `ready` the percentage never falls.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedProgress {
    /// 0 to 100; 100 exactly when `ready`.
    pub percent: u8,
    /// One word for the phase, of those that Tor uses where it has one.
    pub tag: String,
    /// A sentence for the phase.
    pub summary: String,
    /// What keeps it from going on, in its own words, if it knows. Names no address.
    pub blocked: Option<String>,
    /// How its latest connection to a relay failed, if it did.
    pub failure: Option<EmbeddedFailure>,
    /// By how many seconds this computer's clock is off, as relays say that were asked; positive:
    /// ahead. `None` while none has said anything.
    pub clock_skew_s: Option<i64>,
    /// Connections can be made.
    pub ready: bool,
}

/// How a connection to a relay failed before it was there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddedFailure {
    /// Something answered that nothing listens there.
    Refused,
    /// This computer knows no way there.
    NoRoute,
    /// Nothing answered.
    TimedOut,
    /// Anything else.
    Other,
}

/// One connection's circuit. Neither number says where it goes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedCircuit {
    /// Equal for connections that came with the same credentials under the same identity.
    pub group: u64,
    /// Equal for connections on the same circuit.
    pub circuit: String,
}

/// The relays of a circuit. Names no address.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedPath {
    /// Fingerprints in upper-case hexadecimal, from us on; empty where a relay's is not known.
    pub relays: Vec<String>,
    /// Whether it ends at an onion service.
    pub onion: bool,
}

/// Why the embedded Tor ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddedFault {
    /// The first line was missing or not understood.
    BadSetup,
    /// Arti does not take its configuration; the reason, without values.
    BadConfig(String),
    /// The folder for state and directory cannot be used.
    DataDir,
    /// This file of its state, below that folder, is damaged.
    StateDamaged(String),
    /// Another process uses that folder.
    DataDirLocked,
    /// The socket cannot be made.
    Socket,
    /// Anything else, in Arti's words for the kind of error.
    Other(String),
}

/// The line of a command, newline included.
#[must_use]
pub fn write_embedded_command(command: &EmbeddedCommand) -> Vec<u8> {
    line(command)
}

/// The line of an event, newline included.
#[must_use]
pub fn write_embedded_event(event: &EmbeddedEvent) -> Vec<u8> {
    line(event)
}

/// Reads a command; `None` if it is none.
#[must_use]
pub fn parse_embedded_command(line: &[u8]) -> Option<EmbeddedCommand> {
    serde_json::from_slice(line).ok()
}

/// Reads an event; `None` if it is none.
#[must_use]
pub fn parse_embedded_event(line: &[u8]) -> Option<EmbeddedEvent> {
    serde_json::from_slice(line).ok()
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line =
        serde_json::to_vec(value).expect("messages have string keys and no failing serializer");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(way: EmbeddedWay) -> EmbeddedSetup {
        EmbeddedSetup {
            data_dir: "/a\nb".into(),
            socks: "/c".into(),
            arti: "[x]\ny = 1\n".into(),
            log_level: "warn".into(),
            way,
        }
    }

    fn proxy() -> EmbeddedWay {
        EmbeddedWay::Proxy {
            address: "127.0.0.1:1080".parse().unwrap(),
            user: "canary-user".into(),
            password: "canary-password".into(),
        }
    }

    fn bridges(lines: Vec<String>) -> EmbeddedWay {
        let transport = EmbeddedTransport {
            name: "obfs4".into(),
            program: "/usr/bin/obfs4proxy".into(),
        };
        EmbeddedWay::Bridges {
            lines,
            transports: vec![transport],
        }
    }

    #[test]
    fn a_command_is_one_line_and_reads_back() {
        let bridge = "canary-bridge\n".to_owned();
        for command in [
            EmbeddedCommand::Begin(setup(EmbeddedWay::Straight)),
            EmbeddedCommand::Begin(setup(proxy())),
            EmbeddedCommand::Begin(setup(bridges(vec![bridge]))),
            EmbeddedCommand::NewIdentity,
            EmbeddedCommand::Circuits,
            EmbeddedCommand::Circuit {
                user: "u".into(),
                password: "p".into(),
            },
            EmbeddedCommand::Stop,
        ] {
            let line = write_embedded_command(&command);
            assert_eq!(
                line.iter().position(|byte| *byte == b'\n'),
                Some(line.len() - 1)
            );
            assert_eq!(parse_embedded_command(&line), Some(command));
        }
    }

    #[test]
    fn as_many_bridges_as_there_may_be_fit_into_a_line() {
        let longest = "x".repeat(2_048);
        let begin = EmbeddedCommand::Begin(setup(bridges(vec![longest; 64])));
        assert!(write_embedded_command(&begin).len() < EMBEDDED_LINE_MAX);
    }

    #[test]
    fn no_way_is_taken_that_was_not_named() {
        let begin = EmbeddedCommand::Begin(setup(EmbeddedWay::Straight));
        let line = String::from_utf8(write_embedded_command(&begin)).unwrap();
        let named = ",\"way\":\"straight\"";
        assert!(line.contains(named), "{line}");
        let without = line.replace(named, "");
        assert_eq!(parse_embedded_command(without.as_bytes()), None);
    }

    #[test]
    fn nothing_shows_credentials_or_bridges() {
        for way in [proxy(), bridges(vec!["canary-bridge".into()])] {
            let shown = format!("{:?}", EmbeddedCommand::Begin(setup(way)));
            assert!(
                !shown.contains("canary") && !shown.contains("127"),
                "{shown}"
            );
        }
    }

    #[test]
    fn an_event_is_one_line_and_reads_back() {
        let fault = EmbeddedFault::BadConfig("line 1\n".into());
        for event in [
            EmbeddedEvent::Failed { fault },
            EmbeddedEvent::Listening {
                version: "Arti".into(),
            },
            EmbeddedEvent::NewIdentity,
            EmbeddedEvent::Circuits { in_use: Vec::new() },
            EmbeddedEvent::Circuit {
                path: Some(EmbeddedPath {
                    relays: vec!["A5".repeat(20)],
                    onion: true,
                }),
            },
        ] {
            let line = write_embedded_event(&event);
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert_eq!(parse_embedded_event(&line), Some(event));
        }
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        for line in [
            "",
            "{}",
            "{\"command\":\"explode\"}",
            "{\"command\":\"stop\",\"x\":1}x",
        ] {
            assert_eq!(parse_embedded_command(line.as_bytes()), None, "{line}");
        }
    }
}
