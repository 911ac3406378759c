//! Why Tor gave no answer.

use std::io;

use shadowsocks::relay::socks5::{self, Reply};

/// No answer from Tor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// The Tor side published an address that is not ours to dial.
    #[error("the upstream is not on this machine")]
    NotLoopback,
    /// Nothing accepts connections there.
    #[error("cannot connect to Tor's SOCKS port")]
    Unreachable(#[source] io::Error),
    /// Tor accepted, and then did not answer in time.
    #[error("no answer from Tor in time")]
    Unanswered,
    /// What came back is not SOCKS5 as Tor speaks it.
    #[error("Tor's SOCKS port broke the protocol")]
    Protocol(#[from] socks5::Error),
}

impl DialError {
    /// What the client is told.
    pub(crate) fn reply(&self) -> Reply {
        match self {
            Self::NotLoopback | Self::Unreachable(_) | Self::Protocol(_) => Reply::GeneralFailure,
            // What Tor says itself when its own wait is over: whichever of the two limits comes
            // first, the client sees the same.
            Self::Unanswered => Reply::TtlExpired,
        }
    }
}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> Self {
        Self::Protocol(error.into())
    }
}
