//! Where Tor's SOCKS port is: a plain address that the Tor side publishes and the relay dials.

use std::{net::SocketAddr, path::PathBuf};

/// Address of Tor's SOCKS port, as a value: it holds no socket.
///
/// `Debug` may be logged: a loopback address or a path below our own home says nothing about what
/// a person browses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Upstream {
    /// A TCP listener, always on a loopback address.
    Tcp(SocketAddr),
    /// A Unix domain socket.
    Unix(PathBuf),
}
