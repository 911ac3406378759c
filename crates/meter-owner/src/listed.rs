//! Reads the list of all visible sockets (macOS, Windows) and finds the user of the process that
//! holds the connection. Compiled and linted, never run; `judge` is tested.

use std::{io, net::SocketAddr, process};

use listeners::{Protocol, SocketState};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, Uid, UpdateKind};

use crate::{
    Owner,
    judge::{Held, Question, Unlisted},
};

/// Without root, macOS lists only this user's processes. Windows' table has every connection.
const UNLISTED: Unlisted = if cfg!(target_os = "macos") {
    Unlisted::Others
} else {
    Unlisted::Nobodys
};

/// Finds the owners of connections to one listener.
#[derive(Debug)]
pub struct Owners {
    listener: SocketAddr,
}

impl Owners {
    /// Tries the lookup on the listener itself.
    ///
    /// # Errors
    /// When the lists cannot be read, or do not name the listener as ours.
    pub fn around(listener: SocketAddr) -> io::Result<Self> {
        let owners = Self { listener };
        match owners.of(listener)? {
            Owner::Us => Ok(owners),
            Owner::Other | Owner::Gone | Owner::Unknown => Err(io::Error::other(
                "the system does not name our own listener as ours",
            )),
        }
    }

    /// The owner of the connection from this client address.
    ///
    /// # Errors
    /// None. If the system does not tell, the owner is [`Owner::Unknown`].
    pub fn of(&self, client: SocketAddr) -> io::Result<Owner> {
        let question = Question {
            listener: self.listener,
            client,
            us: process::id(),
        };
        let Ok(sockets) = listeners::get_all() else {
            return Ok(Owner::Unknown);
        };
        let held = sockets
            .iter()
            .filter(|socket| {
                socket.protocol == Protocol::TCP && socket.state != SocketState::TimeWait
            })
            .map(|socket| Held {
                local: socket.socket,
                process: socket.process.pid,
            });
        let list: Vec<_> = held.collect();
        let mut system = System::new();
        Ok(question.answer(&list, UNLISTED, |process| user_of(&mut system, process)))
    }
}

fn user_of(system: &mut System, process: u32) -> Option<Uid> {
    let process = Pid::from_u32(process);
    let user = ProcessRefreshKind::nothing().with_user(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[process]), true, user);
    let process = system.process(process)?;
    // The user whose rights the process has. Windows knows only one user of a process.
    let user = process.effective_user_id().or_else(|| process.user_id());
    user.cloned()
}
