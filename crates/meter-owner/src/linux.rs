//! Two ways to ask the kernel: by one question, or by reading its lists when a sandbox forbids the
//! question.

mod diagnostics;
mod table;

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use crate::Owner;
use diagnostics::Diagnostics;
use table::Table;

/// Finds the owners of connections to one listener.
pub struct Owners {
    /// `None` if the kernel may not be asked.
    diagnostics: Option<Diagnostics>,
    table: Table,
}

impl Owners {
    /// Finds a way that works, by trying it on the listener itself.
    ///
    /// # Errors
    /// When neither way works: the kernel may not be asked and its lists cannot be read. A sandbox
    /// can cause this.
    pub fn around(listener: SocketAddr) -> io::Result<Self> {
        let table = Table::around(listener);
        let diagnostics = match Diagnostics::around(listener) {
            Ok(diagnostics) => Some(diagnostics),
            Err(error) => match table.knows_listener() {
                Ok(true) => None,
                Ok(false) | Err(_) => return Err(error),
            },
        };
        Ok(Self { diagnostics, table })
    }

    /// The owner of the connection from this client address.
    ///
    /// # Errors
    /// When the kernel did not answer and its lists do not tell either.
    pub fn of(&self, client: SocketAddr) -> io::Result<Owner> {
        match self.diagnostics.as_ref().map(|asker| asker.of(client)) {
            Some(Ok(owner)) => Ok(owner),
            // It answered before, so this may be temporary. Until then the lists are used.
            Some(Err(_)) | None => self.table.of(client),
        }
    }
}

/// A listener of another program, as it was found.
pub struct Listener {
    /// Locked for one question, which takes microseconds.
    diagnostics: Mutex<Diagnostics>,
    number: u64,
}

impl Listener {
    /// The listener that gets connections to this address now. `None` without one, and where the
    /// kernel may not be asked.
    #[must_use]
    pub fn at(address: SocketAddr) -> Option<Self> {
        let diagnostics = Diagnostics::about_theirs(address).ok()?;
        let number = diagnostics.listener_number().ok()??;
        Some(Self {
            diagnostics: Mutex::new(diagnostics),
            number,
        })
    }

    /// Whether this same listener gets the connections to its address. After a connection was made,
    /// `true` means that it was made to this listener: a socket that was closed never comes back.
    /// `false` also if the kernel does not answer.
    #[must_use]
    pub fn is_there(&self) -> bool {
        let diagnostics = self
            .diagnostics
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = diagnostics.listener_number();
        now.is_ok_and(|now| now == Some(self.number))
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Listener").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listener_is_there_until_it_is_closed_and_another_in_its_place_is_not_it() {
        for (bound, dialled) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("0.0.0.0:0", "127.0.0.1"),
            ("[::]:0", "127.0.0.1"),
            ("[::1]:0", "::1"),
        ] {
            let socket = TcpListener::bind(bound).unwrap();
            let at = socket.local_addr().unwrap();
            let address = SocketAddr::new(dialled.parse().unwrap(), at.port());
            let listener = Listener::at(address).unwrap();
            assert!(listener.is_there() && listener.is_there(), "{bound}");
            drop(socket);
            assert!(!listener.is_there(), "{bound}");
            assert!(Listener::at(address).is_none(), "{bound}");
            let _stranger = TcpListener::bind(at).unwrap();
            assert!(!listener.is_there(), "{bound}");
            assert!(Listener::at(address).unwrap().is_there(), "{bound}");
        }
    }
}
