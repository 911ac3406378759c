//! What serving needs, and why it ends by itself.

use crate::{
    config::Config,
    guard::Guard,
    http::{Origin, Transport},
    ledger::Ledger,
};
use std::{io, net::TcpListener, path::PathBuf, sync::Arc};

/// Everything that answering requests needs.
pub struct Service {
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// Its rollback guard.
    pub guard: Arc<Guard>,
    /// The data folder.
    pub folder: PathBuf,
    /// The open port.
    pub listener: TcpListener,
    /// The open port for tools on this computer.
    pub monitor: Option<TcpListener>,
    /// How it is reached.
    pub transport: Transport,
    /// The addresses under which clients reach it; the first is the one to show.
    pub origins: Vec<Origin>,
    /// The settings.
    pub config: Config,
}

/// Why serving ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener or a signal cannot be used.
    #[error("cannot serve: {0}")]
    Io(#[from] io::Error),
    /// The address that is shown cannot name the ledger's key.
    #[error("the ledger has no address: set origins in config.toml")]
    NoOrigin,
    /// Another instance has changed the receipt key.
    #[error(
        "another process has given the signing of receipts to a new key: copy its receipt-key into \
         this data folder and start again"
    )]
    OtherKey,
}
