//! Where one of Tor's ports is, SOCKS or control: a plain address that the Tor side publishes and
//! others dial.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// Address of one of Tor's ports, as a value: it holds no socket. As text it is what Tor's own
/// settings take: `127.0.0.1:9050`, or a path.
///
/// It may be logged: a loopback address or a socket's path says nothing about what a person
/// browses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TorAddr {
    /// A TCP listener, always on a loopback address.
    Tcp(SocketAddr),
    /// A Unix domain socket.
    Unix(PathBuf),
}

impl TorAddr {
    /// A port on 127.0.0.1.
    #[must_use]
    pub fn loopback(port: u16) -> Self {
        Self::Tcp((Ipv4Addr::LOCALHOST, port).into())
    }

    /// Its TCP port, if it has one.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(address) => Some(address.port()),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for TorAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}
