//! Other systems, for which there is no implementation.

use std::{io, net::SocketAddr};

use crate::Owner;

/// Has no value, so it can never be asked.
#[derive(Debug)]
pub enum Owners {}

impl Owners {
    /// Always fails: this system cannot be asked.
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
