//! Systems that nobody has looked at.

use std::{io, net::SocketAddr};

use crate::Owner;

/// There is none.
#[derive(Debug)]
pub enum Owners {}

impl Owners {
    /// Nobody can be asked.
    ///
    /// # Errors
    /// Always.
    pub fn around(_listener: SocketAddr) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Never called.
    ///
    /// # Errors
    /// None.
    pub fn of(&self, _client: SocketAddr) -> io::Result<Owner> {
        match *self {}
    }
}
