//! Address of a Tor port, SOCKS or control. The Tor side publishes it and other parts connect to
//! it.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// Address of one of Tor's ports, as a plain value without a socket. Its text has the form of Tor's
/// own settings: `127.0.0.1:9050`, or a path.
///
/// It may be logged: a loopback address or a socket's path tells nothing about a person's browsing.
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

    /// Its TCP port; `None` for a Unix socket.
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
