//! What the daemon and the embedded Tor, its child, say to each other: one JSON object per line,
//! commands on the child's stdin, events on its stdout.
//!
//! Both ends are the same program, so there is no version and no tolerance: what is not understood
//! ends the child. The end of stdin ends it, too.

use serde::{Deserialize, Serialize};

/// Longest line in either direction, in bytes, without its newline. The longest one in use carries
/// a configuration of the private test network, about 2 kB.
pub const EMBEDDED_LINE_MAX: usize = 64 * 1024;

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
    /// Connections can be made.
    pub ready: bool,
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

    #[test]
    fn a_command_is_one_line_and_reads_back() {
        let setup = EmbeddedSetup {
            data_dir: "/a\nb".into(),
            socks: "/c".into(),
            arti: "[x]\ny = 1\n".into(),
            log_level: "warn".into(),
        };
        for command in [
            EmbeddedCommand::Begin(setup),
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
