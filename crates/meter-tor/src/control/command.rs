//! All commands that we send. No variant contains text from outside, so no command can be injected.

use std::{fmt::Write, net::IpAddr};

/// Length of a relay's fingerprint, which is a SHA-1 hash.
pub(super) const FINGERPRINT_BYTES: usize = 20;
/// Length of both nonces of SAFECOOKIE (control-spec §3.24).
pub(crate) const NONCE_BYTES: usize = 32;
/// Length of an HMAC-SHA256.
pub(crate) const HASH_BYTES: usize = 32;

/// A command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    /// Asks for methods, cookie file and version. Allowed before authentication.
    ProtocolInfo,
    /// Begins SAFECOOKIE.
    AuthChallenge([u8; NONCE_BYTES]),
    /// Ends SAFECOOKIE.
    AuthenticateHash([u8; HASH_BYTES]),
    /// Authenticates at a control port that is open to everybody.
    AuthenticateNull,
    /// Makes Tor end with this connection.
    TakeOwnership,
    /// Makes Tor stop polling our process; the connection has replaced that.
    ForgetOwningProcess,
    /// Subscribes to status events.
    SubscribeStatus,
    /// Subscribes to status events and to warnings of the log.
    SubscribeStatusAndWarnings,
    /// Allows Tor to connect.
    EnableNetwork,
    /// Asks for the bootstrap phase.
    GetBootstrapPhase,
    /// Asks for the addresses of the SOCKS ports.
    GetSocksListeners,
    /// Asks for all circuits.
    GetCircuits,
    /// Asks what the consensus says about a relay.
    GetRelay([u8; FINGERPRINT_BYTES]),
    /// Asks Tor's own list of countries, which is on this machine, for the country of an address.
    GetCountry(IpAddr),
    /// Makes later streams use new circuits (NEWNYM).
    NewIdentity,
    /// Shuts Tor down in an orderly way.
    Shutdown,
}

impl Command {
    /// The line to send, with CRLF.
    pub(crate) fn to_line(self) -> String {
        match self {
            Self::ProtocolInfo => "PROTOCOLINFO 1\r\n".into(),
            Self::AuthChallenge(nonce) => with_hex("AUTHCHALLENGE SAFECOOKIE ", &nonce),
            Self::AuthenticateHash(hash) => with_hex("AUTHENTICATE ", &hash),
            Self::AuthenticateNull => "AUTHENTICATE\r\n".into(),
            Self::TakeOwnership => "TAKEOWNERSHIP\r\n".into(),
            Self::ForgetOwningProcess => "RESETCONF __OwningControllerProcess\r\n".into(),
            Self::SubscribeStatus => "SETEVENTS STATUS_CLIENT STATUS_GENERAL\r\n".into(),
            Self::SubscribeStatusAndWarnings => {
                "SETEVENTS STATUS_CLIENT STATUS_GENERAL WARN\r\n".into()
            }
            Self::EnableNetwork => "SETCONF DisableNetwork=0\r\n".into(),
            Self::GetBootstrapPhase => "GETINFO status/bootstrap-phase\r\n".into(),
            Self::GetSocksListeners => "GETINFO net/listeners/socks\r\n".into(),
            Self::GetCircuits => "GETINFO circuit-status\r\n".into(),
            Self::GetRelay(fingerprint) => with_hex("GETINFO ns/id/", &fingerprint),
            Self::GetCountry(address) => format!("GETINFO ip-to-country/{address}\r\n"),
            Self::NewIdentity => "SIGNAL NEWNYM\r\n".into(),
            Self::Shutdown => "SIGNAL SHUTDOWN\r\n".into(),
        }
    }
}

fn with_hex(prefix: &str, bytes: &[u8]) -> String {
    let mut line = prefix.to_owned();
    for byte in bytes {
        write!(line, "{byte:02X}").expect("a String takes whatever is written");
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_one_line_of_fixed_characters() {
        let hash = [0xA5; 32];
        let all = [
            Command::ProtocolInfo,
            Command::AuthChallenge(hash),
            Command::AuthenticateHash(hash),
            Command::AuthenticateNull,
            Command::TakeOwnership,
            Command::ForgetOwningProcess,
            Command::SubscribeStatus,
            Command::SubscribeStatusAndWarnings,
            Command::EnableNetwork,
            Command::GetBootstrapPhase,
            Command::GetSocksListeners,
            Command::GetCircuits,
            Command::GetRelay([0xA5; FINGERPRINT_BYTES]),
            Command::GetCountry(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)),
            Command::NewIdentity,
            Command::Shutdown,
        ];
        for command in all {
            let line = command.to_line();
            let text = line.strip_suffix("\r\n").unwrap();
            let fixed = |c: char| c.is_ascii_alphanumeric() || " _/-=:.".contains(c);
            assert!(text.chars().all(fixed), "{line:?}");
        }
        let challenge = format!("AUTHCHALLENGE SAFECOOKIE {}\r\n", "A5".repeat(32));
        assert_eq!(Command::AuthChallenge(hash).to_line(), challenge);
    }
}
