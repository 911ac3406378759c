//! Addresses and connections on 127.0.0.1. Only this module of the crate opens connections.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use tokio::net::TcpStream;

/// `127.0.0.1:port`.
#[must_use]
pub fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Connects to a program of the test on loopback.
///
/// # Errors
/// The address is not on loopback, or no program listens there.
#[expect(
    clippy::disallowed_methods,
    reason = "the kit's only dialer, and it reaches loopback only"
)]
pub async fn connect(to: SocketAddr) -> Result<TcpStream> {
    anyhow::ensure!(to.ip().is_loopback(), "the kit dials loopback only");
    TcpStream::connect(to)
        .await
        .with_context(|| format!("connect to {to}"))
}
