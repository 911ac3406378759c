//! One side of a relayed connection: TCP or Unix, behind one face.
//!
//! Methods take `&self`, so that two directions share a socket without splitting or locking it.

use std::{io, time::Duration};

use rustix::net::{Shutdown, shutdown, sockopt::set_socket_linger};
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
    /// Reads what is there, waiting for the first byte; 0 is the end of the direction.
    ///
    /// # Cancel safety
    /// A read that took bytes is ready in the same poll; nothing is lost.
    pub(crate) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let outcome = match self {
                Self::Tcp(stream) => {
                    stream.readable().await?;
                    stream.try_read(buffer)
                }
                Self::Unix(stream) => {
                    stream.readable().await?;
                    stream.try_read(buffer)
                }
            };
            match outcome {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
        }
    }

    /// Writes what the socket has room for, waiting for the first byte of room.
    ///
    /// # Cancel safety
    /// A write that moved bytes is ready in the same poll; no written byte goes unreported.
    pub(crate) async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let outcome = match self {
                Self::Tcp(stream) => {
                    stream.writable().await?;
                    stream.try_write(bytes)
                }
                Self::Unix(stream) => {
                    stream.writable().await?;
                    stream.try_write(bytes)
                }
            };
            match outcome {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
        }
    }

    /// Waits until the socket is broken. An orderly end of the peer's direction is not that.
    pub(crate) async fn broken(&self) {
        // The answer is the same whether the wait ended with the event or without it.
        match self {
            Self::Tcp(stream) => drop(stream.ready(Interest::ERROR).await),
            Self::Unix(stream) => drop(stream.ready(Interest::ERROR).await),
        }
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
    /// `kill -9`. Only [`Self::close_orderly`] takes that back.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        self.linger(Some(Duration::ZERO))
    }

    /// Closes the socket; the kernel still delivers what was written.
    pub(crate) fn close_orderly(self) -> io::Result<()> {
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
