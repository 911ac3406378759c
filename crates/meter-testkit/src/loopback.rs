//! Ports and connections on 127.0.0.1; the only dialer of this crate.

use std::{
    fs,
    hash::{BuildHasher as _, RandomState},
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;

/// `127.0.0.1:port`.
#[must_use]
pub fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Connects to something of ours on loopback.
///
/// # Errors
/// It is elsewhere, or nobody listens there.
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

/// Ports that stay bound, so that nobody else gets them, until they are released to their users.
///
/// They lie below the range from which the kernel gives ports to outgoing connections: a daemon that
/// starts a moment later would otherwise find its port taken by a connection of its own neighbours.
#[derive(Debug)]
pub(crate) struct ReservedPorts {
    listeners: Vec<TcpListener>,
}

impl ReservedPorts {
    /// Reserves `count` ports that are free now.
    pub(crate) fn take(count: usize) -> Result<Self> {
        let end = outgoing_ports_begin();
        let first = end.saturating_sub(SPAN).max(LOWEST);
        let span = u64::from(end.saturating_sub(first)).max(1);
        // Random, so that networks booted at the same time start looking in different places.
        let start = RandomState::new().hash_one(std::process::id()) % span;
        let mut listeners = Vec::with_capacity(count);
        for step in 0..span {
            if listeners.len() == count {
                break;
            }
            let port = first.saturating_add(u16::try_from((start + step) % span)?);
            listeners.extend(TcpListener::bind(address(port)).ok());
        }
        if listeners.len() < count {
            bail!("fewer than {count} free ports between {first} and {end} on 127.0.0.1");
        }
        Ok(Self { listeners })
    }

    /// The numbers, in ascending order of reservation.
    pub(crate) fn numbers(&self) -> Result<Vec<u16>> {
        self.listeners
            .iter()
            .map(|held| Ok(held.local_addr()?.port()))
            .collect()
    }
}

/// Where the kernel's range for outgoing connections begins; 32768 unless configured otherwise.
fn outgoing_ports_begin() -> u16 {
    fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .unwrap_or(32_768)
}

/// How many ports are considered; arbitrary, enough for any number of networks at once.
const SPAN: u16 = 16_000;
/// Below lie the ports of well-known services.
const LOWEST: u16 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_reservations_never_share_a_port() {
        let (one, other) = (
            ReservedPorts::take(8).unwrap(),
            ReservedPorts::take(8).unwrap(),
        );
        let mut all = [one.numbers().unwrap(), other.numbers().unwrap()].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 16);
        assert!(all.iter().all(|&port| port < outgoing_ports_begin()));
    }
}
