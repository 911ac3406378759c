//! The slot that one client holds in a relay, and what all slots share.

use std::sync::Arc;

use meter_core::TorAddr;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::{
    config::RelayConfig,
    counters::{Meter, OpenConnection},
    cut::{Entry, Tasks},
    payload::{PayloadContext, PipePool},
};

/// What every connection of one relay shares.
pub(crate) struct Shared {
    /// Limits, with the relay's own port among the refused ones.
    pub(crate) config: RelayConfig,
    /// Where Tor is now, if it is.
    pub(crate) upstream: watch::Receiver<Option<TorAddr>>,
    /// The tasks of all connections, for cutting them.
    pub(crate) tasks: Tasks,
    /// What bulk payload moves through.
    pub(crate) pipes: PipePool,
    /// How many more may be served.
    pub(crate) places: Semaphore,
}

/// The slot that one client holds in a relay; dropping it gives it back.
pub(crate) struct Slot {
    /// Counts the connection as open.
    pub(crate) connection: OpenConnection,
    /// What it shares with all others.
    pub(crate) shared: Arc<Shared>,
    entry: Entry,
}

impl Slot {
    /// Takes one of the places of `shared`, for good: a permit that comes along would make each
    /// idle connection larger.
    pub(crate) fn take(
        connection: OpenConnection,
        shared: Arc<Shared>,
        place: SemaphorePermit<'_>,
    ) -> Self {
        place.forget();
        shared.pipes.enter();
        Self {
            connection,
            entry: shared.tasks.enter(),
            shared,
        }
    }

    /// Where the connection's task is to be listed.
    pub(crate) fn entry(&self) -> Entry {
        self.entry
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.pipes.leave();
        self.shared.tasks.leave(self.entry);
        self.shared.places.add_permits(1);
    }
}

impl PayloadContext for Slot {
    fn up(&self) -> Meter<'_> {
        self.connection.up()
    }

    fn down(&self) -> Meter<'_> {
        self.connection.down()
    }

    fn pipes(&self) -> &PipePool {
        &self.shared.pipes
    }
}
