//! Connects to a listener on this machine and sends the first bytes at once.
//!
//! Between two sockets of one machine the connection exists when connect(2) returns, although a
//! non-blocking socket reports "in progress". So the first bytes are sent at once. Only if that
//! fails because there is no connection yet does the relay wait for the event. This saves a wake-up
//! and a timer for every connection.

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

/// Longest wait for the connection alone. A live listener on this machine answers at once. If its
/// queue is full, the kernel retries after a second; the client gets its answer before that.
const CONNECT_MAX: Duration = Duration::from_millis(900);

/// Connects and sends `words`.
///
/// # Errors
/// [`DialError::NotLoopback`]: nothing was connected. [`DialError::Unreachable`].
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

/// Returns a socket that is connected or about to be, and the number of bytes it has accepted.
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

/// Makes a non-blocking socket; Linux does it in one call.
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

/// Sends the rest of the bytes.
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

/// Whether the socket is not connected yet. Linux and other systems report this differently.
fn not_yet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
    )
}
