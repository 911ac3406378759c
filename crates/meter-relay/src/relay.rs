//! The life of a relay: bind, accept with a limit, drain, cut.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Once},
};

use meter_core::TorAddr;
use meter_owner::{Owner, Owners};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::yield_now,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use crate::{
    accept::accept,
    config::RelayConfig,
    connection::serve,
    counters::{Counters, OpenConnection},
    cut::Tasks,
    error::RelayError,
    isolation::Site,
    listen::listen,
    payload::PipePool,
    slot::{Shared, Slot},
};

/// New connections between two turns of the open ones (S-29). Enough for a burst, and few enough
/// that their cost, tens of microseconds each, does not delay the open ones noticeably.
const ACCEPTED_PER_TURN: usize = 16;

/// A relay that has opened its port. Until [`Self::run`], clients wait in the kernel's queue.
pub struct Relay {
    listener: TcpListener,
    port: u16,
    counters: Arc<Counters>,
    shared: Arc<Shared>,
    /// `None` when the system does not tell the owner of a connection and the configuration accepts
    /// that.
    owners: Option<Owners>,
    /// The warning is logged once; the counters hold the number.
    logged_foreign: Once,
    logged_unidentified: Once,
}

impl Relay {
    /// Opens the port for this process alone. `upstream` always holds Tor's current address;
    /// `counters` continue from their current values.
    ///
    /// # Errors
    /// [`RelayError::NotLoopback`], [`RelayError::PortTaken`] or [`RelayError::Listen`]; also
    /// [`RelayError::Unguarded`] when other users could not be kept out and the configuration does
    /// not accept that.
    ///
    /// # Panics
    /// When called outside of a tokio runtime with I/O and time.
    pub fn bind(
        mut config: RelayConfig,
        upstream: watch::Receiver<Option<TorAddr>>,
        counters: Arc<Counters>,
    ) -> Result<Self, RelayError> {
        let (listener, port) = listen(config.listen)?;
        config.refused_ports.push(port);
        let owners = match Owners::around(SocketAddr::new(config.listen.ip(), port)) {
            Ok(owners) => Some(owners),
            Err(error) if config.serve_unidentified => {
                warn!(%error, "other users of this machine are not kept out");
                None
            }
            Err(error) => return Err(RelayError::Unguarded(error)),
        };
        Ok(Self {
            listener,
            port,
            counters,
            shared: Arc::new(Shared {
                places: Semaphore::new(config.connections_max.clamp(1, Semaphore::MAX_PERMITS)),
                config,
                upstream,
                tasks: Tasks::default(),
                pipes: PipePool::default(),
            }),
            owners,
            logged_foreign: Once::new(),
            logged_unidentified: Once::new(),
        })
    }

    /// The port that clients connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The totals this relay adds to.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// A handle to the relay's connections. It stays valid as long as it is held.
    #[must_use]
    pub fn connections(&self) -> Connections {
        Connections(Arc::clone(&self.shared))
    }

    /// Serves clients until `stop`. Then it closes the port, lets open connections continue for
    /// `drain_max`, and cuts the rest. When it returns, all its tasks have ended and the totals are
    /// final.
    ///
    /// # Errors
    /// [`RelayError::Accept`] when the listener fails. Open connections are drained in this case,
    /// too.
    ///
    /// # Cancel safety
    /// Dropping the future closes the port. All connections are cut soon after.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RelayError> {
        let drain_max = self.shared.config.drain_max;
        let connections = TaskTracker::new();
        let cut_on_drop = CutOnDrop(Arc::clone(&self.shared));

        let outcome = tokio::select! {
            outcome = self.accept_for_ever(&connections) => outcome,
            () = stop.cancelled() => Ok(()),
        };

        connections.close();
        if timeout(drain_max, connections.wait()).await.is_err() {
            info!(
                left = connections.len(),
                "drain time is over; cutting connections"
            );
        }
        drop(cut_on_drop);
        connections.wait().await;
        outcome
    }

    /// Returns only with an error. Takes `self`, so that the port is free once the future is
    /// dropped.
    async fn accept_for_ever(self, connections: &TaskTracker) -> Result<(), RelayError> {
        loop {
            for _ in 0..ACCEPTED_PER_TURN {
                self.accept_one(connections).await?;
            }
            yield_now().await;
        }
    }

    async fn accept_one(&self, connections: &TaskTracker) -> Result<(), RelayError> {
        // Take a place first, then accept a client. A client without a place waits in the kernel's
        // queue, where it costs the relay nothing.
        let place = self.shared.places.acquire().await;
        let place = place.expect("nothing closes the semaphore");
        let (client, address) = accept(&self.listener).await.map_err(RelayError::Accept)?;
        let connection = self.counters.open();
        // Another user's connection is closed without a reply.
        if self.is_ours(address, &connection) {
            let slot = Slot::take(connection, Arc::clone(&self.shared), place);
            let entry = slot.entry();
            let task = connections.spawn(serve(client, slot));
            self.shared.tasks.began(entry, task.abort_handle());
        }
        Ok(())
    }
}

impl Relay {
    /// Whether a process of this user is at the other end, and still there (S-23).
    ///
    /// Asked here and not in the connection's task, so that one socket to the kernel is enough,
    /// without a lock. On Linux this costs the accepting task the time of about two system calls.
    fn is_ours(&self, client: SocketAddr, connection: &OpenConnection) -> bool {
        let owner = match &self.owners {
            Some(owners) => owners.of(client),
            None => Ok(Owner::Unknown),
        };
        match owner {
            Ok(Owner::Us) => true,
            Ok(Owner::Unknown) => self.is_served_unidentified(connection, None),
            // The client has left, so there is nothing to serve. Its owner can no longer be found.
            Ok(Owner::Gone) => false,
            Ok(Owner::Other) => {
                self.logged_foreign
                    .call_once(|| warn!("another user of this machine tried the relay; refused"));
                connection.foreign();
                false
            }
            Err(error) => self.is_served_unidentified(connection, Some(&error)),
        }
    }

    /// Decides about a connection that may be another user's.
    fn is_served_unidentified(
        &self,
        connection: &OpenConnection,
        error: Option<&io::Error>,
    ) -> bool {
        let served = self.shared.config.serve_unidentified;
        self.logged_unidentified.call_once(|| {
            warn!(
                served,
                ?error,
                "the system does not tell which user a connection belongs to"
            );
        });
        connection.unidentified();
        if !served {
            connection.refused();
        }
        served
    }
}

/// The open connections of one relay. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

impl Connections {
    /// Resets all connections to a site, on both sides, and no others. Delivered bytes have been
    /// counted. Does nothing in a relay without isolation, because that does not tell sites apart.
    pub fn cut(&self, site: &Site) {
        if let Some(isolation) = &self.0.config.isolation {
            self.0.tasks.cut_site(isolation.tag(site));
        }
    }
}

/// Cuts the remaining connections of a relay, even if the relay itself is dropped.
struct CutOnDrop(Arc<Shared>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.tasks.cut();
    }
}
