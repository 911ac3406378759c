//! Why a relay could not start, or could not go on.

use std::io;

/// A relay that does not run, with the reason.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The configured address is reachable from other machines.
    #[error("the relay listens on loopback addresses only")]
    NotLoopback,
    /// Another process listens there. Nobody may point a browser at that listener.
    #[error("port {port} is taken by another process")]
    PortTaken {
        /// The port that was asked for.
        port: u16,
    },
    /// The system refused the listener for another reason, such as a port below 1024.
    #[error("cannot listen on port {port}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Nobody can be asked whose a connection is, so other users could not be kept out.
    #[error("the system does not tell whose connections are")]
    Unguarded(#[source] io::Error),
    /// The listener broke while running; waiting does not help.
    #[error("the listener broke")]
    Accept(#[source] io::Error),
}
