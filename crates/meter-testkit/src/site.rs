//! A web site on loopback that counts every byte at its sockets.
//!
//! Plain HTTP/1.1 with one request per connection: every answer has `Connection: close`, so the
//! count of a connection is final when it ends.
//!
//! | path | answer |
//! | --- | --- |
//! | `/` | a small page, always the same, that asks for nothing else |
//! | `/bytes/N` | N bytes of text, at most 100,000,000 |
//! | `/slow/N/MS` | the same in pieces of 1,000 bytes, MS milliseconds apart |
//! | `/events` | server-sent events, one every 20 ms |
//! | `/socket` | a WebSocket that says something every 20 ms |
//! | `/favicon.ico` | 204 |
//! | anything else | 404 |
//!
//! A request may have a body with a `Content-Length`; it is read and counted.

mod answer;
mod connection;
mod record;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Result, bail};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

pub use answer::Answer;
pub use record::{ConnectionRecord, RequestRecord, Totals};

use crate::{loopback, process::ignore_because};

/// A running site. Dropping it closes every connection.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    records: Arc<Records>,
    /// Owns the accepting task, which owns the connections.
    _tasks: JoinSet<()>,
}

impl Site {
    /// Starts on a free port of 127.0.0.1, on the runtime of the caller.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(loopback::address(0)).await?;
        let address = listener.local_addr()?;
        let records = Arc::new(Records::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&records)));
        Ok(Self {
            address,
            records,
            _tasks: tasks,
        })
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://HOST:PORT` + `path`; every name that ends in `.test` leads here.
    #[must_use]
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port())
    }

    /// Every connection so far, in the order of their arrival.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionRecord> {
        self.records.read(<[ConnectionRecord]>::to_vec)
    }

    /// The sums over all connections so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.records.read(Totals::of)
    }

    /// Waits until the connections satisfy `enough`, and returns them.
    ///
    /// # Errors
    /// They do not within `limit`; the text lists them.
    pub async fn wait_until(
        &self,
        limit: Duration,
        enough: impl Fn(&[ConnectionRecord]) -> bool,
    ) -> Result<Vec<ConnectionRecord>> {
        let mut changes = self.records.changes.subscribe();
        let waited = tokio::time::timeout(limit, changes.wait_for(|_| self.records.read(&enough)));
        // The sender is part of our records, so the only possible failure is the limit.
        match waited.await {
            Ok(_) => Ok(self.connections()),
            Err(_) => bail!(
                "still waiting after {limit:?} with {:#?}",
                self.connections()
            ),
        }
    }
}

/// The records, and a number that changes with each change of them.
#[derive(Debug, Default)]
struct Records {
    /// A std mutex is enough: it is held for a few instructions, never across an await.
    records: Mutex<Vec<ConnectionRecord>>,
    changes: watch::Sender<u64>,
}

impl Records {
    fn read<T>(&self, look: impl FnOnce(&[ConnectionRecord]) -> T) -> T {
        look(&self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Vec<ConnectionRecord>) -> T) -> T {
        let result = change(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes
            .send_modify(|number| *number = number.wrapping_add(1));
        result
    }
}

async fn accept(listener: TcpListener, records: Arc<Records>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                let Ok((stream, peer)) = accepted else {
                    // The connection was reset before it was accepted, or there is no free file
                    // descriptor. Wait a moment.
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                };
                let index = records.write(|records| {
                    records.push(ConnectionRecord::new(peer));
                    records.len() - 1
                });
                connections.spawn(connection::serve(stream, Arc::clone(&records), index));
            }
            Some(ended) = connections.join_next() => {
                ignore_because("a panic there was printed already", ended);
            }
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// Connections served at once; further ones wait in the kernel's queue. Arbitrary, above what any
/// browser opens.
const CONNECTIONS_MAX: usize = 1_000;
