//! A proxy before a PostgreSQL that understands where messages begin and end, and spoils one.
//!
//! A test first counts the messages of a piece of work ([`PostgresProxy::counts`]), then repeats
//! the work once for each of them with [`PostgresProxy::spoil`].

mod message;
mod pump;

use std::{
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
    sync::{oneshot, watch},
    task::JoinSet,
};

use crate::{loopback, process::ignore_because};
use message::Message;

/// A running proxy with a thread of its own. Dropping it cuts every connection.
#[derive(Debug)]
pub struct PostgresProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Dropping it ends the thread.
    alive: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A message, by its number from 1 over all connections since [`PostgresProxy::spoil`] or
/// [`PostgresProxy::count_anew`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Point {
    /// Of any kind, from the client.
    Frontend(u64),
    /// Of any kind, from PostgreSQL.
    Backend(u64),
    /// The client's simple query `COMMIT`.
    Commit(u64),
    /// PostgreSQL's command tag `COMMIT`.
    Committed(u64),
    /// The client's next simple query that begins with this text.
    Query(&'static str),
}

/// What happens to that message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Act {
    /// The connection is cut; the message does not arrive.
    CutBefore,
    /// The connection is cut as soon as the message has been passed on.
    CutAfter,
    /// The message and those behind it in this direction wait for [`PostgresProxy::release`].
    Hold,
    /// A `COMMIT` becomes a `ROLLBACK`: the client's makes PostgreSQL roll back and say so,
    /// PostgreSQL's only says so. Other messages pass unchanged.
    RollBack,
}

/// How many messages passed since the last [`PostgresProxy::spoil`] or
/// [`PostgresProxy::count_anew`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// As [`Point::Frontend`] counts.
    pub frontend: u64,
    /// As [`Point::Backend`] counts.
    pub backend: u64,
    /// As [`Point::Commit`] counts.
    pub commits: u64,
    /// As [`Point::Committed`] counts.
    pub committed: u64,
}

impl PostgresProxy {
    /// Listens on a free port of 127.0.0.1 and passes connections on to `to`.
    ///
    /// # Errors
    /// No port can be bound, or `to` is not on loopback.
    pub fn start(to: SocketAddr) -> Result<Self> {
        ensure!(to.ip().is_loopback(), "the kit dials loopback only");
        let shared = Arc::new(Shared::default());
        let (alive, ended) = oneshot::channel();
        let (bound, address) = std::sync::mpsc::sync_channel(1);
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("postgres-proxy".to_owned())
            .spawn(move || {
                let served = serve(to, for_thread, &bound, ended);
                // The starter waits for the address, so it hears of an error before it.
                if let Err(error) = served {
                    ignore_because("the starter has gone on", bound.send(Err(error)));
                }
            })?;
        let address = address.recv().context("the proxy's thread has ended")??;
        Ok(Self {
            address,
            shared,
            alive: Some(alive),
            thread: Some(thread),
        })
    }

    /// Its address on 127.0.0.1.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Counts from 0 again and does `act` to the message at `point`, once.
    pub fn spoil(&self, point: Point, act: Act) {
        self.begin(Some((point, act)));
    }

    /// Counts from 0 again and spoils nothing.
    pub fn count_anew(&self) {
        self.begin(None);
    }

    fn begin(&self, plan: Option<(Point, Act)>) {
        let mut state = self.shared.state();
        *state = State {
            plan,
            ..State::default()
        };
    }

    /// How many messages passed.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.state().counts
    }

    /// Whether the planned message came and was spoiled.
    #[must_use]
    pub fn has_acted(&self) -> bool {
        self.shared.state().acted
    }

    /// Waits until the planned message was spoiled or is held.
    ///
    /// # Errors
    /// It did not come within `limit`.
    pub fn wait_until_acted(&self, limit: Duration) -> Result<()> {
        let state = self.shared.state();
        let waited = self
            .shared
            .acted
            .wait_timeout_while(state, limit, |state| !state.acted);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        ensure!(
            state.acted,
            "after {limit:?} only {:?} passed",
            state.counts
        );
        Ok(())
    }

    /// Lets every held message go on.
    pub fn release(&self) {
        self.shared
            .released
            .send_modify(|number| *number = number.wrapping_add(1));
    }

    /// Cuts every connection that there is now.
    pub fn cut_all(&self) {
        self.shared
            .cut
            .send_modify(|number| *number = number.wrapping_add(1));
    }
}

impl Drop for PostgresProxy {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            ignore_because("a panic there was printed already", thread.join());
        }
    }
}

/// What the connections and the test share.
#[derive(Debug, Default)]
struct Shared {
    /// Held for a few instructions, never across an await.
    state: Mutex<State>,
    acted: Condvar,
    /// Changes with each release.
    released: watch::Sender<u64>,
    /// Changes when all connections are to be cut.
    cut: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    counts: Counts,
    plan: Option<(Point, Act)>,
    acted: bool,
}

/// Who sent a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    Frontend,
    Backend,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a message, and returns what is to be done to it.
    fn meet(&self, side: Side, message: &Message) -> Option<Act> {
        let is_commit = message.is_commit();
        let mut state = self.state();
        let counts = &mut state.counts;
        let (all, commits) = match side {
            Side::Frontend => (&mut counts.frontend, &mut counts.commits),
            Side::Backend => (&mut counts.backend, &mut counts.committed),
        };
        *all += 1;
        *commits += u64::from(is_commit);
        let (point, act) = state.plan?;
        let counts = state.counts;
        let met = match point {
            Point::Frontend(number) => side == Side::Frontend && counts.frontend == number,
            Point::Backend(number) => side == Side::Backend && counts.backend == number,
            Point::Commit(number) => {
                side == Side::Frontend && is_commit && counts.commits == number
            }
            Point::Committed(number) => {
                side == Side::Backend && is_commit && counts.committed == number
            }
            Point::Query(text) => side == Side::Frontend && message.is_query(text),
        };
        if !met || (act == Act::RollBack && !is_commit) {
            return None;
        }
        state.plan = None;
        state.acted = true;
        self.acted.notify_all();
        Some(act)
    }
}

type Bound = std::sync::mpsc::SyncSender<Result<SocketAddr>>;

fn serve(
    to: SocketAddr,
    shared: Arc<Shared>,
    bound: &Bound,
    ended: oneshot::Receiver<()>,
) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(loopback::address(0)).await?;
        bound.send(Ok(listener.local_addr()?))?;
        tokio::select! {
            () = accept(listener, to, shared) => {}
            // Dropping the tasks cuts their connections.
            _ = ended => {}
        }
        Ok(())
    })
}

async fn accept(listener: TcpListener, to: SocketAddr, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    connections.spawn(connect(client, to, Arc::clone(&shared)));
                }
            }
            Some(ended) = connections.join_next() => {
                ignore_because("a panic there was printed already", ended);
            }
        }
    }
}

/// Serves one connection. A PostgreSQL that does not run is a connection that ends at once.
async fn connect(client: TcpStream, to: SocketAddr, shared: Arc<Shared>) {
    let mut cut = shared.cut.subscribe();
    let served = async {
        let server = loopback::connect(to).await?;
        pump::both_ways(client, server, &shared).await
    };
    tokio::select! {
        served = served => ignore_because("the client sees that its connection ended", served),
        changed = cut.changed() => ignore_because("the sender lives as long as this", changed),
    }
}
