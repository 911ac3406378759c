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

/// The parts that all connections of one relay share.
pub(crate) struct Shared {
    /// The configuration; the relay's own port is among the refused ones.
    pub(crate) config: RelayConfig,
    /// Tor's current address; `None` while there is no Tor.
    pub(crate) upstream: watch::Receiver<Option<TorAddr>>,
    /// The tasks of all connections, so that they can be cut.
    pub(crate) tasks: Tasks,
    /// The pipes for large transfers.
    pub(crate) pipes: PipePool,
    /// One permit for each further connection that may be served.
    pub(crate) places: Semaphore,
}

/// The slot that one client holds in a relay. Dropping it returns the slot.
pub(crate) struct Slot {
    /// Counts the connection as open.
    pub(crate) connection: OpenConnection,
    /// The parts shared with all other slots.
    pub(crate) shared: Arc<Shared>,
    entry: Entry,
}

impl Slot {
    /// Takes one of the places of `shared`. The permit is forgotten, since storing it would make
    /// each idle connection larger; dropping the slot adds it back.
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

    /// The entry of the connection's task in the list.
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
