//! Ports on 127.0.0.1 that stay reserved for as long as a test needs them.
//!
//! Nothing here listens. If a test only looks for a port that is free at the moment, another
//! program can take it before the test uses it. A held port cannot be taken.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use tokio::net::TcpSocket;

use crate::loopback::address;

/// A port that no other program can take. Clones hold the same port; it becomes free when the last
/// is dropped.
///
/// A socket is bound to it and does not listen. On Linux (`inet_csk_get_port`) the kernel then
/// gives the number neither to outgoing connections nor to programs that ask for any port. A
/// program that is told the number and sets `SO_REUSEADDR`, as `tor` and our relay do, can listen
/// on it, as often as it is started. While nothing listens on it, connections are refused.
#[derive(Clone, Debug)]
pub struct HeldPort {
    _bound: Arc<TcpSocket>,
    number: u16,
}

impl HeldPort {
    /// Holds a port that is free now.
    ///
    /// # Errors
    /// There is no free port.
    pub fn take() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address(0)).context("no port is free")?;
        let number = socket.local_addr()?.port();
        Ok(Self {
            _bound: Arc::new(socket),
            number,
        })
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// `127.0.0.1` with its number.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        address(self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_held_port_is_given_to_nobody_else_and_can_be_listened_on_again_and_again() {
        let held: Vec<_> = (0..500).map(|_| HeldPort::take().unwrap()).collect();
        let others: Vec<_> = (0..500)
            .map(|_| TcpListener::bind(address(0)).unwrap())
            .collect();
        for other in &others {
            let taken = other.local_addr().unwrap().port();
            assert!(held.iter().all(|port| port.number() != taken));
        }
        for _ in 0..3 {
            let listening = TcpListener::bind(held[0].address()).unwrap();
            TcpListener::bind(held[0].address()).unwrap_err();
            drop(listening);
        }
    }
}
