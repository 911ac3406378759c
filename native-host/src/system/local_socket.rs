//! The socket between the daemon and its clients, which has a place among the files, and who is at
//! its other end.

use super::{files, process::Process};
use std::{io, path::Path};
use tokio::net::{UnixListener, UnixStream};

/// One end of a connection.
pub(crate) type Stream = UnixStream;
/// What a connection sends.
pub(crate) type WriteHalf = tokio::net::unix::OwnedWriteHalf;
/// What comes on a connection.
pub(crate) type ReadHalf = tokio::net::unix::OwnedReadHalf;

/// Where connections come.
pub(crate) struct Listener(UnixListener);

impl Listener {
    /// Opens a socket at `path`, where nothing may be, for this user alone.
    ///
    /// # Errors
    /// The system's.
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
    /// The system's; a later try may go well.
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        self.0.accept().await.map(|(stream, _)| stream)
    }
}

/// Connects to what listens at `path`. A local socket does not wait, so this takes no time.
///
/// # Errors
/// The system's.
pub(crate) async fn connect(path: &Path) -> io::Result<Stream> {
    UnixStream::connect(path).await
}

/// Who is at the other end of a connection, by the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Peer {
    /// The number of the user by whose rights it acts.
    pub(crate) user: u32,
    /// Its process, where the kernel tells.
    pub(crate) process: Option<Process>,
}

/// Who is at the other end.
///
/// # Errors
/// The system does not tell.
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
    async fn each_end_knows_who_is_at_the_other() {
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
