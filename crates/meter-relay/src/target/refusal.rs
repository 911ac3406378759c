//! Reasons for refusing a target, and the reply for each.

use shadowsocks::relay::socks5::Reply;

/// The reason why a target does not go to Tor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TargetRefusal {
    /// Not a host name: empty, too long, or with characters that host names do not have.
    Malformed,
    /// On this machine or network, or a port of the relay or of Tor.
    Forbidden,
    /// Below `.invalid` or `.alt`, where the DNS has nothing. There is no need to ask an exit.
    Nowhere,
}

impl TargetRefusal {
    /// The SOCKS reply for this refusal.
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::Malformed => Reply::GeneralFailure,
            Self::Forbidden => Reply::ConnectionNotAllowed,
            Self::Nowhere => Reply::HostUnreachable,
        }
    }
}
