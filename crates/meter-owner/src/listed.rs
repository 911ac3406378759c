//! Asks for a list of all sockets that can be seen (macOS, Windows), and whose the process is that
//! has the one in question. Compiled and linted, never run; `judge` is tested.

use std::{io, net::SocketAddr, process};

use listeners::{Protocol, SocketState};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, Uid, UpdateKind};

use crate::{
    Owner,
    judge::{Held, Question, Unlisted},
};

/// Without root, macOS tells of this user's processes only. Windows' table has every connection.
const UNLISTED: Unlisted = if cfg!(target_os = "macos") {
    Unlisted::Others
} else {
    Unlisted::Nobodys
};

/// Tells whose the connections to one listener are.
#[derive(Debug)]
pub struct Owners {
    listener: SocketAddr,
}

impl Owners {
    /// Tries the way on the listener itself.
    ///
    /// # Errors
    /// The lists are not to be had, or do not name the listener as ours.
    pub fn around(listener: SocketAddr) -> io::Result<Self> {
        let owners = Self { listener };
        match owners.of(listener)? {
            Owner::Us => Ok(owners),
            Owner::Other | Owner::Gone | Owner::Unknown => Err(io::Error::other(
                "the system does not name our own listener as ours",
            )),
        }
    }

    /// Whose the client at this address is.
    ///
    /// # Errors
    /// None: where the system does not say, it is [`Owner::Unknown`].
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
    // By which rights it acts; Windows knows one user of a process only.
    let user = process.effective_user_id().or_else(|| process.user_id());
    user.cloned()
}
