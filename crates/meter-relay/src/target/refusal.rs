//! Why a target is refused, and what the client is told then.

use shadowsocks::relay::socks5::Reply;

/// Why a target does not go to Tor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TargetRefusal {
    /// No host name at all: empty, too long, or with characters no host name has.
    Malformed,
    /// Inside this machine or network, or a port of the relay or of Tor.
    Forbidden,
    /// Below `.invalid`, where nothing exists: no question for an exit.
    Nowhere,
}

impl TargetRefusal {
    /// The SOCKS reply for it.
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::Malformed => Reply::GeneralFailure,
            Self::Forbidden => Reply::ConnectionNotAllowed,
            Self::Nowhere => Reply::HostUnreachable,
        }
    }
}
