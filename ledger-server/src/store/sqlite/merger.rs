//! Merges the write-ahead log into the file, beside the thread that commits.
//!
//! SQLite would do it in a commit, and everybody would wait meanwhile. Here a thread copies what
//! the log holds while commits go on (a passive checkpoint,
//! <https://sqlite.org/c3ref/wal_checkpoint_v2.html>). The log begins anew only when nothing of it
//! is left to copy, so when it is long, commits are held up for the little that came meanwhile.

use super::failure::failure;
use crate::store::StoreError;
use rusqlite::Connection;
use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{Builder, JoinHandle},
};

/// Changed rows after which a copy is worth its writing to the disk. Commits are slow while much is
/// written, so it is little: with 1,000 rows, one request of a hundred waits five times as long.
const ROWS: u64 = 50;
/// Pages of the log after which it is to begin anew: 4 MB.
pub(super) const LOG_PAGES: i64 = 1000;

/// The thread. Dropping this ends it, after the copy that it is at.
pub(super) struct Merger {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Default)]
struct State {
    /// Rows that were changed since the last copy began.
    rows: u64,
    ends: bool,
}

impl Merger {
    /// Starts it. `copier` is a connection of its own to the file of `writer`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(copier: Connection, writer: Arc<Mutex<Connection>>) -> io::Result<Self> {
        let bell = Arc::new(Bell::default());
        let heard = Arc::clone(&bell);
        let thread = Builder::new().name("log-merger".to_owned());
        let thread = thread.spawn(move || {
            while heard.wait() {
                if let Err(error) = merge(&copier, &writer) {
                    tracing::warn!(%error, "the database's log could not be merged");
                }
            }
        })?;
        Ok(Self {
            bell,
            thread: Some(thread),
        })
    }

    /// Tells it that a commit has changed this many rows.
    pub(super) fn note(&self, rows: u64) {
        let mut state = self.bell.state();
        state.rows = state.rows.saturating_add(rows);
        if state.rows >= ROWS {
            self.bell.rung.notify_one();
        }
    }
}

impl Bell {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something to do; whether it is not the end.
    fn wait(&self) -> bool {
        let state = self.state();
        let is_quiet = |state: &mut State| !state.ends && state.rows < ROWS;
        let waited = self.rung.wait_while(state, is_quiet);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.rows = 0;
        !state.ends
    }
}

fn merge(copier: &Connection, writer: &Mutex<Connection>) -> Result<(), StoreError> {
    if copy(copier)? >= LOG_PAGES {
        let held = writer.lock().unwrap_or_else(PoisonError::into_inner);
        copy(copier)?;
        drop(held);
    }
    Ok(())
}

/// Copies what no reader needs in the log any more; returns how many pages the log holds.
fn copy(copier: &Connection) -> Result<i64, StoreError> {
    let pages = copier.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1));
    pages.map_err(failure)
}

impl Drop for Merger {
    fn drop(&mut self) {
        self.bell.state().ends = true;
        self.bell.rung.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that merges the database's log has panicked");
        }
    }
}
