//! Reasons why a relay could not start or had to stop.

use std::io;

/// The reason why a relay does not run.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The configured address is reachable from other machines.
    #[error("the relay listens on loopback addresses only")]
    NotLoopback,
    /// Another process listens on the port. No browser may use that listener.
    #[error("port {port} is taken by another process")]
    PortTaken {
        /// The port that was asked for.
        port: u16,
    },
    /// The system refused the listener for another reason, for example a port below 1024.
    #[error("cannot listen on port {port}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system does not tell the owner of a connection, so other users could not be kept out.
    #[error("the system does not tell which user a connection belongs to")]
    Unguarded(#[source] io::Error),
    /// The listener failed while the relay ran. Waiting does not help.
    #[error("the listener broke")]
    Accept(#[source] io::Error),
}
