//! The daemon's socket, and what happens to it: somebody may remove its folder, or move the whole
//! home.

use crate::{
    engine::EngineHandle,
    home::Home,
    lock::DaemonLock,
    system::{files::FileId, local_socket::Listener},
};
use std::{fs, io};
use tracing::{info, warn};

/// The socket for clients.
pub(super) struct ClientSocket {
    pub(super) listener: Listener,
    at: FileId,
}

/// What is lost.
pub(super) enum Lost {
    /// The socket, or the lock beside it, does not exist any more.
    Socket,
    /// The home does not exist any more, or is another folder now.
    Home,
}

impl ClientSocket {
    /// Opens the socket. The caller holds the lock, so an existing socket is a leftover of a killed
    /// daemon.
    ///
    /// # Errors
    /// An error of the system.
    pub(super) fn open(home: &Home) -> io::Result<Self> {
        let socket = home.socket();
        crate::ignore_because("there is usually none", fs::remove_file(&socket));
        let listener = Listener::open(&socket).map_err(|error| match socket.is_dir() {
            true => {
                let why = format!("{}: it is a folder; move it away", socket.display());
                io::Error::new(error.kind(), why)
            }
            false => error,
        })?;
        Ok(Self {
            listener,
            at: place(home)?,
        })
    }

    /// Opens it again after it was lost; `false` when another daemon has started meanwhile.
    ///
    /// # Errors
    /// An error of the system; a later try may succeed.
    pub(super) fn open_again(&mut self, home: &Home, lock: &mut DaemonLock) -> io::Result<bool> {
        home.prepare().map_err(io::Error::other)?;
        if !lock.is_in_place(home) && !lock.take_again(home)? {
            return Ok(false);
        }
        *self = Self::open(home)?;
        Ok(true)
    }

    /// Checks once a second, with the engine's clock, until something is lost.
    pub(super) async fn lost(&self, home: &Home, lock: &DaemonLock, engine: &EngineHandle) -> Lost {
        loop {
            engine.next_second().await;
            if !lock.is_home_in_place(home) {
                return Lost::Home;
            }
            if !self.is_in_place(home) || !lock.is_in_place(home) {
                return Lost::Socket;
            }
        }
    }

    /// Whether the socket at its path is still this one, and not another daemon's.
    pub(super) fn is_in_place(&self, home: &Home) -> bool {
        place(home).is_ok_and(|place| place == self.at)
    }
}

fn place(home: &Home) -> io::Result<FileId> {
    let meta = fs::symlink_metadata(home.socket())?;
    Ok(FileId::of(&meta))
}

/// Opens a lost socket again, as long as that takes. Ends when this daemon has lost its home or its
/// lock.
pub(super) async fn open_again(
    socket: &mut ClientSocket,
    home: &Home,
    lock: &mut DaemonLock,
    engine: &EngineHandle,
) -> bool {
    let mut is_logged = false;
    loop {
        match socket.open_again(home, lock) {
            Ok(true) => {
                info!("socket and lock were removed and are there again");
                return true;
            }
            Ok(false) => {
                warn!("another daemon has taken the place of this one");
                return false;
            }
            Err(error) if !is_logged => {
                is_logged = true;
                warn!(%error, "socket and lock were removed and cannot be made again yet");
            }
            Err(_) => {}
        }
        engine.next_second().await;
        if !lock.is_home_in_place(home) {
            return false;
        }
    }
}
