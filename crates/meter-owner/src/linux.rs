//! Two ways to the kernel's knowledge: one question, or a look at its lists where a sandbox forbids
//! to ask.

mod diagnostics;
mod table;

use std::{io, net::SocketAddr};

use crate::Owner;
use diagnostics::Diagnostics;
use table::Table;

/// Tells whose the connections to one listener are.
pub struct Owners {
    /// `None` where the kernel may not be asked.
    diagnostics: Option<Diagnostics>,
    table: Table,
}

impl Owners {
    /// Finds a way and tries it on the listener itself.
    ///
    /// # Errors
    /// There is none: the kernel may not be asked, and its lists cannot be read. A sandbox does
    /// that.
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

    /// Whose the client at this address is.
    ///
    /// # Errors
    /// The kernel did not answer, and its lists do not tell either.
    pub fn of(&self, client: SocketAddr) -> io::Result<Owner> {
        match self.diagnostics.as_ref().map(|asker| asker.of(client)) {
            Some(Ok(owner)) => Ok(owner),
            // It answered once, so this may pass; until then the other way is there.
            Some(Err(_)) | None => self.table.of(client),
        }
    }
}
