//! Reasons why there is no answer from Tor.

use std::io;

use shadowsocks::relay::socks5::{self, Reply};

/// There is no answer from Tor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// The published address of Tor is not on this machine, so it must not be dialled.
    #[error("the upstream is not on this machine")]
    NotLoopback,
    /// No program accepts connections at that address.
    #[error("cannot connect to Tor's SOCKS port")]
    Unreachable(#[source] io::Error),
    /// Tor accepted the connection but did not answer in time.
    #[error("no answer from Tor in time")]
    Unanswered,
    /// The answer is not SOCKS5 as Tor speaks it.
    #[error("Tor's SOCKS port broke the protocol")]
    Protocol(#[from] socks5::Error),
    /// Another program has taken Tor's place. It was asked for nothing.
    #[error("another program listens in Tor's place")]
    Replaced,
    /// The client's side ended meanwhile.
    #[error("the client's connection ended before Tor answered")]
    Client(#[source] io::Error),
}

impl DialError {
    /// The reply that the client gets.
    pub(crate) fn reply(&self) -> Reply {
        match self {
            Self::NotLoopback
            | Self::Unreachable(_)
            | Self::Protocol(_)
            | Self::Replaced
            | Self::Client(_) => Reply::GeneralFailure,
            // Tor gives the same reply when its own limit ends the wait. So the client sees the
            // same whichever limit comes first.
            Self::Unanswered => Reply::TtlExpired,
        }
    }
}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> Self {
        Self::Protocol(error.into())
    }
}
