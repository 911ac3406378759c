//! Connects to a listener on this machine, and says the first words in the same breath.
//!
//! Between two sockets of one machine a connection stands when connect(2) returns, although it says
//! "in progress" of a socket that does not block. So the first words are sent at once; only where
//! they find no connection yet is the event waited for. That spares every connection a wake-up and
//! a timer.

use std::{io, path::Path, time::Duration};

use meter_core::TorAddr;
use socket2::{Domain, SockAddr, Type};
use tokio::{
    io::Interest,
    net::{TcpStream, UnixStream},
    time::timeout,
};

use super::error::DialError;
use crate::socket::Socket;

/// Longest wait for the bare connection. A live listener on this machine answers at once; one whose
/// queue is full would cost a second's retry, and a client is told within a second.
const CONNECT_MAX: Duration = Duration::from_millis(900);

/// Connects and says `words`.
///
/// # Errors
/// [`DialError::NotLoopback`], and nothing was dialled; [`DialError::Unreachable`].
pub(super) async fn connect(upstream: &TorAddr, words: &[u8]) -> Result<Socket, DialError> {
    let (socket, said) = match upstream {
        TorAddr::Tcp(address) if !address.ip().is_loopback() => {
            return Err(DialError::NotLoopback);
        }
        TorAddr::Tcp(address) => begin(Domain::for_address(*address), &(*address).into(), words)
            .and_then(|(socket, said)| {
                Ok((Socket::Tcp(TcpStream::from_std(socket.into())?), said))
            }),
        TorAddr::Unix(path) => begin_unix(path, words),
    }
    .map_err(DialError::Unreachable)?;
    finish(&socket, words.get(said..).unwrap_or_default(), said > 0)
        .await
        .map_err(DialError::Unreachable)?;
    Ok(socket)
}

fn begin_unix(path: &Path, words: &[u8]) -> io::Result<(Socket, usize)> {
    let (socket, said) = begin(Domain::UNIX, &SockAddr::unix(path)?, words)?;
    Ok((Socket::Unix(UnixStream::from_std(socket.into())?), said))
}

/// A socket that is connected, or about to be, and how many of the words it has taken.
fn begin(domain: Domain, to: &SockAddr, words: &[u8]) -> io::Result<(socket2::Socket, usize)> {
    let socket = stream_socket(domain)?;
    if domain != Domain::UNIX {
        socket.set_tcp_nodelay(true)?;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the one dialer: Tor's SOCKS port, on this machine"
    )]
    match socket.connect(to) {
        Err(error) if !is_under_way(&error) => return Err(error),
        _ => {}
    }
    match socket.send(words) {
        Ok(said) => Ok((socket, said)),
        Err(error) if not_yet(&error) => Ok((socket, 0)),
        Err(error) => Err(error),
    }
}

/// A socket that does not block, in one call where the system has one for that.
#[cfg(target_os = "linux")]
fn stream_socket(domain: Domain) -> io::Result<socket2::Socket> {
    socket2::Socket::new(domain, Type::STREAM.nonblocking(), None)
}

#[cfg(not(target_os = "linux"))]
fn stream_socket(domain: Domain) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(domain, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Says what is left of the words.
async fn finish(socket: &Socket, rest: &[u8], connected: bool) -> io::Result<()> {
    if rest.is_empty() {
        return Ok(());
    }
    if connected {
        return socket.write_all(rest).await;
    }
    let said = async {
        socket.ready(Interest::WRITABLE).await?;
        socket.write_all(rest).await
    };
    timeout(CONNECT_MAX, said)
        .await
        .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
}

fn is_under_way(error: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::INPROGRESS)
}

/// Not connected yet, in Linux's words and in others'.
fn not_yet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
    )
}
