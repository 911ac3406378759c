//! One side of a relayed connection: TCP or Unix, with one interface.
//!
//! Methods take `&self`, so that two directions can share a socket without splitting or locking it.
//! A `try_` method makes at most one attempt. If it returns "would block", that comes from this
//! socket, and the runtime is told.

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
    /// Ready when bytes may be readable or the peer may have ended. At most one waiting task per
    /// socket.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            Self::Unix(stream) => stream.poll_read_ready(cx),
        }
    }

    /// Ready when there may be room for bytes. At most one waiting task per socket.
    pub(crate) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(cx),
            Self::Unix(stream) => stream.poll_write_ready(cx),
        }
    }

    /// Reads the available bytes. An empty result is the end of the direction.
    pub(crate) fn try_read<'b>(&self, room: &'b mut [MaybeUninit<u8>]) -> io::Result<&'b [u8]> {
        let bytes_max = room.len();
        let mut taken = None;
        let outcome = self.attempt(Interest::READABLE, |socket| {
            let ((bytes, _), _) = recv(socket, room, RecvFlags::empty())?;
            let emptied = !bytes.is_empty() && bytes.len() < bytes_max;
            taken = Some(&*bytes);
            // A short read emptied the socket (epoll(7), question 9). Reporting this now saves the
            // call that would only return "would block".
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

    /// Writes as many bytes as the socket has room for.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
        }
    }

    /// Writes all bytes and waits for room as often as needed. For messages of the handshake;
    /// payload is moved by `payload`.
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

    /// Waits until the socket may be ready. A broken socket is ready for everything.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.ready(interest).await,
            Self::Unix(stream) => stream.ready(interest).await,
        }
        .map(drop)
    }

    /// Makes one system call on the socket. Its "would block" must come from this socket only.
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

    /// Waits until the socket is broken. An orderly end of the peer's direction does not count.
    pub(crate) async fn broken(&self) {
        // The result is the same whether the wait succeeded or failed.
        drop(self.ready(Interest::ERROR).await);
    }

    /// Ends our sending direction. The other direction stays open.
    pub(crate) fn end_sending(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => shutdown(stream, Shutdown::Write)?,
            Self::Unix(stream) => shutdown(stream, Shutdown::Write)?,
        }
        Ok(())
    }

    /// Makes every close of the socket a reset: by us, after a panic, or by the kernel after `kill
    /// -9`. Only [`Self::orderly_on_close`] reverts this.
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
            // A Unix socket has no reset; the option would change nothing.
            Self::Unix(_) => {}
        }
        Ok(())
    }
}
