//! The messages, and their form as lines.

use std::{fmt, net::SocketAddr};

use serde::{Deserialize, Serialize};

/// Longest line in either direction, in bytes, without its newline. The longest possible line
/// carries 64 bridges of 2 kB each.
pub const EMBEDDED_LINE_MAX: usize = 256 * 1024;

/// A command from the daemon.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum EmbeddedCommand {
    /// Starts. It must be the first line and must not come again.
    Begin(EmbeddedSetup),
    /// Prevents later connections from sharing a circuit with earlier ones. Answered by
    /// [`EmbeddedEvent::NewIdentity`].
    NewIdentity,
    /// Asks for the circuits in use. Answered by [`EmbeddedEvent::Circuits`].
    Circuits,
    /// Asks for the circuit of the connections with these credentials. Answered by
    /// [`EmbeddedEvent::Circuit`].
    Circuit {
        /// The SOCKS user name.
        user: String,
        /// The SOCKS password.
        password: String,
    },
    /// Ends the embedded Tor.
    Stop,
}

/// The setup of the embedded Tor.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedSetup {
    /// Absolute path of the folder for state and directory. It exists with mode 700.
    pub data_dir: String,
    /// Absolute path of the SOCKS socket to make. Its folder exists with mode 700.
    pub socks: String,
    /// Configuration of Arti as TOML. It does not contain paths, ports and logs.
    pub arti: String,
    /// Log level for stderr: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
    /// The way for its own connections. Required: without it nothing starts.
    pub way: EmbeddedWay,
}

/// The way that the embedded Tor's own connections take. It cannot change while the process runs.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EmbeddedWay {
    /// Directly to Tor relays.
    Straight,
    /// To Tor relays through one SOCKS5 proxy with a user name and a password (RFC 1929).
    Proxy {
        /// Address on this computer.
        address: SocketAddr,
        /// The user name.
        user: String,
        /// The password.
        password: String,
    },
    /// Only to these bridges and to no other relay.
    Bridges {
        /// One bridge per line, `[transport] address:port fingerprint [key=value …]`; at least one.
        lines: Vec<String>,
        /// The programs for the transports in the lines.
        transports: Vec<EmbeddedTransport>,
    },
}

/// A program for a pluggable transport.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedTransport {
    /// The name of the transport in bridge lines.
    pub name: String,
    /// Absolute path of the program.
    pub program: String,
}

/// Written by hand: credentials and bridges are never shown.
impl fmt::Debug for EmbeddedWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Straight => "Straight",
            Self::Proxy { .. } => "Proxy(..)",
            Self::Bridges { .. } => "Bridges(..)",
        })
    }
}

/// An event from the embedded Tor.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum EmbeddedEvent {
    /// The SOCKS socket exists. This is the first event, unless `failed` comes.
    Listening {
        /// Name and version, for instance `Arti 0.47.0`.
        version: String,
    },
    /// The progress of the start.
    Progress(EmbeddedProgress),
    /// It cannot continue; the process ends.
    Failed {
        /// The reason.
        #[serde(rename = "fault")]
        error: EmbeddedError,
    },
    /// [`EmbeddedCommand::NewIdentity`] is done.
    NewIdentity,
    /// The circuits of the connections that are open now, in no particular order.
    Circuits {
        /// One entry for each connection that reached its target.
        in_use: Vec<EmbeddedCircuit>,
    },
    /// The answer to [`EmbeddedCommand::Circuit`].
    Circuit {
        /// `None` if no connection with these credentials is open.
        path: Option<EmbeddedPath>,
    },
}

/// The progress of a start. Until the first `ready`, the percentage never falls.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedProgress {
    /// From 0 to 100; 100 only when `ready`.
    pub percent: u8,
    /// One word for the phase; Tor's own word if Tor has one.
    pub tag: String,
    /// A sentence for the phase.
    pub summary: String,
    /// The reason why it cannot continue, in Arti's words, if Arti knows. Contains no address.
    pub blocked: Option<String>,
    /// The way its latest connection to a relay failed, if it did.
    #[serde(rename = "failure")]
    pub connect_error: Option<ConnectError>,
    /// How many seconds this computer's clock is off, according to relays that were asked; positive
    /// if it is ahead. `None` while no relay has answered.
    pub clock_skew_s: Option<i64>,
    /// Whether connections can be made.
    pub ready: bool,
}

/// The reason why a connection to a relay was not made.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectError {
    /// The connection was refused.
    Refused,
    /// This computer has no route to the address.
    NoRoute,
    /// There was no answer.
    TimedOut,
    /// The clocks differ: a certificate has expired or is not valid yet. Only this reason is read
    /// from the text of a warning (of the embedded Tor: [`EmbeddedProgress::blocked`]), and later
    /// reasons of the same phase do not replace it.
    Clock,
    /// Any other reason, also those of newer versions of Tor.
    Other,
}

/// The circuit of one connection. Neither field reveals its target.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedCircuit {
    /// Equal for connections with the same credentials under the same identity.
    pub group: u64,
    /// Equal for connections on the same circuit.
    pub circuit: String,
}

/// The relays of a circuit. Contains no address.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedPath {
    /// Fingerprints in upper-case hexadecimal, starting at this computer; an empty text for a relay
    /// that is not known.
    pub relays: Vec<String>,
    /// Whether it ends at an onion service.
    pub onion: bool,
}

/// The reason why the embedded Tor ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddedError {
    /// The first line was missing or not understood.
    BadSetup,
    /// Arti refuses its configuration. Holds the reason without values.
    BadConfig(String),
    /// The folder for state and directory cannot be used.
    DataDir,
    /// A file of its state is damaged. Holds its path below that folder.
    StateDamaged(String),
    /// Another process uses that folder.
    DataDirLocked,
    /// The socket cannot be made.
    Socket,
    /// Any other error, with Arti's text for its kind.
    Other(String),
}

/// Encodes a command as a line with its newline.
#[must_use]
pub fn write_embedded_command(command: &EmbeddedCommand) -> Vec<u8> {
    line(command)
}

/// Encodes an event as a line with its newline.
#[must_use]
pub fn write_embedded_event(event: &EmbeddedEvent) -> Vec<u8> {
    line(event)
}

/// Parses a command; `None` if the line is not one.
#[must_use]
pub fn parse_embedded_command(line: &[u8]) -> Option<EmbeddedCommand> {
    serde_json::from_slice(line).ok()
}

/// Parses an event; `None` if the line is not one.
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
        let error = EmbeddedError::BadConfig("line 1\n".into());
        for event in [
            EmbeddedEvent::Failed { error },
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
