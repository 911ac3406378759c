//! The listener's life: bind, accept under a limit, drain, cut.

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

/// New connections between two turns of those that are open (S-29). Enough that a burst is not
/// noticed; few enough that their cost, tens of microseconds each, is not either.
const ACCEPTED_PER_TURN: usize = 16;

/// A relay that holds its port. Clients wait in the kernel's queue until [`Self::run`].
pub struct Relay {
    listener: TcpListener,
    port: u16,
    counters: Arc<Counters>,
    shared: Arc<Shared>,
    /// `None` where the system does not tell whose a connection is, and the configuration takes
    /// that.
    owners: Option<Owners>,
    /// Said once; the counters say how often.
    told_of_others: Once,
    told_of_failure: Once,
}

impl Relay {
    /// Takes the port, for this process alone. `upstream` says where Tor is, at any moment;
    /// `counters` go on from where they are.
    ///
    /// # Errors
    /// [`RelayError::NotLoopback`], [`RelayError::PortTaken`] or [`RelayError::Listen`]; and
    /// [`RelayError::Unguarded`] where other users could not be kept out and the configuration does
    /// not take that.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O and time.
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
            told_of_others: Once::new(),
            told_of_failure: Once::new(),
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

    /// A handle on its connections, good for as long as somebody holds it.
    #[must_use]
    pub fn connections(&self) -> Connections {
        Connections(Arc::clone(&self.shared))
    }

    /// Serves clients until `stop`, then closes the port, lets open connections go on for
    /// `drain_max`, and cuts the rest. When it returns, nothing of it is left and the totals are
    /// final.
    ///
    /// # Errors
    /// [`RelayError::Accept`] when the listener breaks; open connections are drained all the same.
    ///
    /// # Cancel safety
    /// Dropping the future closes the port and cuts all connections soon after.
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

    /// Ends with an error only. Takes the relay, so that the port is free once it is dropped.
    async fn accept_for_ever(self, connections: &TaskTracker) -> Result<(), RelayError> {
        loop {
            for _ in 0..ACCEPTED_PER_TURN {
                self.accept_one(connections).await?;
            }
            yield_now().await;
        }
    }

    async fn accept_one(&self, connections: &TaskTracker) -> Result<(), RelayError> {
        // A place first, then a client: who finds no place waits in the kernel's queue, where
        // it costs us nothing.
        let place = self.shared.places.acquire().await;
        let place = place.expect("nothing closes the semaphore");
        let (client, address) = accept(&self.listener).await.map_err(RelayError::Accept)?;
        let connection = self.counters.open();
        // Another's is closed without a word.
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
    /// Whether this user's own process is at the other end, still (S-23).
    ///
    /// Asked here and not in the connection's task, so that there is one socket to ask by and no
    /// lock around it; on Linux it costs the accepting task about two system calls' time.
    fn is_ours(&self, client: SocketAddr, connection: &OpenConnection) -> bool {
        let owner = match &self.owners {
            Some(owners) => owners.of(client),
            None => Ok(Owner::Unknown),
        };
        match owner {
            Ok(Owner::Us) => true,
            Ok(Owner::Unknown) => self.is_served_unidentified(connection, None),
            // Nobody is left to serve. Whose it was cannot be told any more.
            Ok(Owner::Gone) => false,
            Ok(Owner::Other) => {
                self.told_of_others
                    .call_once(|| warn!("another user of this machine tried the relay; refused"));
                connection.foreign();
                false
            }
            Err(error) => self.is_served_unidentified(connection, Some(&error)),
        }
    }

    /// A connection that may be another user's.
    fn is_served_unidentified(
        &self,
        connection: &OpenConnection,
        error: Option<&io::Error>,
    ) -> bool {
        let served = self.shared.config.serve_unidentified;
        self.told_of_failure.call_once(|| {
            warn!(
                served,
                ?error,
                "the system does not tell whose a connection is"
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
    /// Resets the connections to a site, on both sides, and no others. What was delivered has been
    /// counted. Does nothing in a relay without isolation, which does not tell sites apart.
    pub fn cut(&self, site: &Site) {
        if let Some(isolation) = &self.0.config.isolation {
            self.0.tasks.cut_site(isolation.tag(site));
        }
    }
}

/// Cuts what is left of a relay's connections, even where the relay itself is dropped.
struct CutOnDrop(Arc<Shared>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.tasks.cut();
    }
}
