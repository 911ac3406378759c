//! One side of a relayed connection: TCP or Unix, behind one face.
//!
//! Methods take `&self`, so that two directions share a socket without splitting or locking it.
//! A `try_` method makes at most one attempt; "would block" is then this socket's own word, and the
//! runtime is told of it.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsFd as _, BorrowedFd},
    task::{Context, Poll},
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{RecvFlags, Shutdown, recv, shutdown, sockopt::set_socket_linger},
};
use tokio::{
    io::Interest,
    net::{TcpStream, UnixStream},
};

/// A connected socket.
pub(crate) enum Socket {
    /// A client, or Tor on a loopback port.
    Tcp(TcpStream),
    /// Tor on a Unix domain socket.
    Unix(UnixStream),
}

impl Socket {
    /// Ready when there may be bytes to take, or an end. One waiting task per socket.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            Self::Unix(stream) => stream.poll_read_ready(cx),
        }
    }

    /// Ready when there may be room for bytes. One waiting task per socket.
    pub(crate) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(cx),
            Self::Unix(stream) => stream.poll_write_ready(cx),
        }
    }

    /// Takes what is there; no bytes are the end of the direction.
    pub(crate) fn try_read<'b>(&self, room: &'b mut [MaybeUninit<u8>]) -> io::Result<&'b [u8]> {
        let bytes_max = room.len();
        let mut taken = None;
        let outcome = self.attempt(Interest::READABLE, |socket| {
            let ((bytes, _), _) = recv(socket, room, RecvFlags::empty())?;
            let emptied = !bytes.is_empty() && bytes.len() < bytes_max;
            taken = Some(&*bytes);
            // A short read emptied the socket (epoll(7), question 9). Saying so now saves the
            // call that would only be told "would block".
            if emptied {
                Err(Errno::WOULDBLOCK)
            } else {
                Ok(())
            }
        });
        match (taken, outcome) {
            (Some(bytes), _) => Ok(bytes),
            (None, outcome) => outcome.map(|()| &[][..]),
        }
    }

    /// Hands over what the socket has room for.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
        }
    }

    /// Hands over all bytes, waiting for room as often as it takes. For words of the handshake:
    /// payload has its own way.
    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.try_write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready(Interest::WRITABLE).await?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits until there may be something to do. A socket that is broken is ready for everything.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.ready(interest).await,
            Self::Unix(stream) => stream.ready(interest).await,
        }
        .map(drop)
    }

    /// One system call on the socket. Its "would block" must mean this socket and nothing else.
    pub(crate) fn attempt<R>(
        &self,
        interest: Interest,
        call: impl FnOnce(BorrowedFd<'_>) -> rustix::io::Result<R>,
    ) -> io::Result<R> {
        match self {
            Self::Tcp(stream) => stream.try_io(interest, || Ok(call(stream.as_fd())?)),
            Self::Unix(stream) => stream.try_io(interest, || Ok(call(stream.as_fd())?)),
        }
    }

    /// Waits until the socket is broken. An orderly end of the peer's direction is not that.
    pub(crate) async fn broken(&self) {
        // The answer is the same whether the wait ended with the event or without it.
        drop(self.ready(Interest::ERROR).await);
    }

    /// Ends our sending direction, leaving the other open.
    pub(crate) fn end_sending(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => shutdown(stream, Shutdown::Write)?,
            Self::Unix(stream) => shutdown(stream, Shutdown::Write)?,
        }
        Ok(())
    }

    /// Makes closing the socket a reset, whoever closes it: us, a panic, or the kernel after
    /// `kill -9`. Only [`Self::orderly_on_close`] takes that back.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        self.linger(Some(Duration::ZERO))
    }

    /// Makes closing the socket orderly: the kernel still delivers what was written.
    pub(crate) fn orderly_on_close(&self) -> io::Result<()> {
        self.linger(None)
    }

    fn linger(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => set_socket_linger(stream, limit)?,
            // A Unix socket knows no reset; the option would change nothing.
            Self::Unix(_) => {}
        }
        Ok(())
    }
}
