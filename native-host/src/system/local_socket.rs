//! The socket between the daemon and its clients, and the peer of a connection. Its address is a
//! path.

use super::{files, process::Process};
use std::{io, path::Path};
use tokio::net::{UnixListener, UnixStream};

/// A connection.
pub(crate) type Stream = UnixStream;
/// Writing half of a connection.
pub(crate) type WriteHalf = tokio::net::unix::OwnedWriteHalf;
/// Reading half of a connection.
pub(crate) type ReadHalf = tokio::net::unix::OwnedReadHalf;

/// Accepts connections.
pub(crate) struct Listener(UnixListener);

impl Listener {
    /// Opens a socket at `path` for this user alone. Nothing may be at `path` yet.
    ///
    /// # Errors
    /// The error of the system, with the path.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        files::set_mode(path, 0o600)?;
        Ok(Self(listener))
    }

    /// Waits for the next connection. Cancel safe.
    ///
    /// # Errors
    /// The error of the system; a later try may succeed.
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        self.0.accept().await.map(|(stream, _)| stream)
    }
}

/// Connects to the listener at `path`. Does not wait: a local socket connects at once or fails.
///
/// # Errors
/// The error of the system.
pub(crate) async fn connect(path: &Path) -> io::Result<Stream> {
    UnixStream::connect(path).await
}

/// The other end of a connection, as the kernel reports it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Peer {
    /// The number of its effective user.
    pub(crate) user: u32,
    /// Its process; `None` if the kernel does not report it.
    pub(crate) process: Option<Process>,
}

/// Returns the peer of a connection.
///
/// # Errors
/// The system does not report it.
pub(crate) fn peer(stream: &Stream) -> io::Result<Peer> {
    let peer = stream.peer_cred()?;
    Ok(Peer {
        user: peer.uid(),
        process: peer.pid().and_then(Process::from_kernel),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::user;

    #[tokio::test]
    async fn each_end_of_a_local_connection_knows_user_and_process_of_the_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        let listener = Listener::open(&path).expect("opened");
        let meta = std::fs::symlink_metadata(&path).expect("there");
        assert!(files::is_socket(meta.file_type()) && !files::is_open_to_others(&meta));
        let (client, server) = tokio::join!(connect(&path), listener.accept());
        for end in [client.expect("connected"), server.expect("accepted")] {
            let peer = peer(&end).expect("told");
            assert_eq!(peer.user, user::effective());
            let own = i32::try_from(std::process::id()).ok();
            assert_eq!(peer.process.map(Process::number), own);
        }
    }
}
