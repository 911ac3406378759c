//! Opens the listening port.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::error::RelayError;

/// Length of the kernel's queue of unaccepted connections: enough for a browser's burst at start.
const BACKLOG: u32 = 1024;

/// Binds and listens. Returns the listener and its port.
///
/// On Unix this "reuse" option does not take a port from a live listener. It only allows us to bind
/// our own port again while old connections are in TIME_WAIT.
///
/// # Errors
/// [`RelayError::NotLoopback`], [`RelayError::PortTaken`] or [`RelayError::Listen`].
pub(crate) fn listen(address: SocketAddr) -> Result<(TcpListener, u16), RelayError> {
    if !address.ip().is_loopback() {
        return Err(RelayError::NotLoopback);
    }
    try_listen(address).map_err(|error| refusal(address.port(), error))
}

fn try_listen(address: SocketAddr) -> io::Result<(TcpListener, u16)> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    // Accepted sockets inherit this option.
    socket.set_nodelay(true)?;
    first_words::wait_for(&socket)?;
    let listener = socket.listen(BACKLOG)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

fn refusal(port: u16, error: io::Error) -> RelayError {
    match error.kind() {
        io::ErrorKind::AddrInUse => RelayError::PortTaken { port },
        _ => RelayError::Listen {
            port,
            source: error,
        },
    }
}

/// A SOCKS client sends first, so nothing can be done with a connection before its first bytes. The
/// kernel keeps the connection until then (tcp(7), `TCP_DEFER_ACCEPT`), and the relay is woken once
/// instead of twice. A silent connection is handed over after a second or two; then the limit of
/// the handshake applies.
#[cfg(target_os = "linux")]
mod first_words {
    use std::io;

    use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl, sys::socket::setsockopt};
    use tokio::net::TcpSocket;

    /// In seconds. The kernel rounds to the times at which it repeats its part of TCP's handshake.
    const SILENCE_MAX: u32 = 1;

    sockopt_impl!(
        /// How long the kernel keeps back a connection without data.
        DeferAccept,
        Both,
        libc::IPPROTO_TCP,
        libc::TCP_DEFER_ACCEPT,
        u32
    );

    pub(super) fn wait_for(socket: &TcpSocket) -> io::Result<()> {
        Ok(setsockopt(socket, DeferAccept, &SILENCE_MAX)?)
    }

    #[cfg(test)]
    mod tests {
        use nix::sys::socket::getsockopt;

        use super::*;

        #[tokio::test]
        async fn a_silent_connection_is_kept_back_for_a_second_or_little_more() {
            let (listener, _) = crate::listen::listen(([127, 0, 0, 1], 0).into()).unwrap();
            let seconds = getsockopt(&listener, DeferAccept).unwrap();
            assert!((1..=3).contains(&seconds), "{seconds}");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod first_words {
    use std::io;

    use tokio::net::TcpSocket;

    pub(super) fn wait_for(_socket: &TcpSocket) -> io::Result<()> {
        Ok(())
    }
}
