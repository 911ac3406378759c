//! What the server needs of the host.

use meter_core::UnixMs;
use meter_wire::{HexBytes, Notice, Problem, Request, Success};
use std::pin::Pin;
use tokio::sync::broadcast;

/// The future of one answer.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Answered, Problem>> + Send + 'a>>;

/// The host, as this server sees it.
pub trait Daemon: Send + Sync + 'static {
    /// Asks the daemon.
    fn ask(&self, request: Request) -> Asking<'_>;

    /// The notices from now on. Only the newest status matters.
    fn notices(&self) -> broadcast::Receiver<Notice>;

    /// The time of this computer's clock.
    fn now(&self) -> UnixMs;
}

/// An answer, and whose it is.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The answer.
    pub success: Success,
    /// The key that signs the reports; `None` while it cannot be used.
    pub key: Option<HexBytes<32>>,
}
