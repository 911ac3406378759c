//! Two ways to ask the kernel: by one question, or by reading its lists when a sandbox forbids the
//! question.

mod diagnostics;
mod table;

use std::{io, net::SocketAddr};

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
