//! PostgreSQL: any number of instances of this program on one database.
//!
//! Every wait for PostgreSQL has a limit, so a database that hangs makes calls fail and never hangs
//! this program.

mod connection;
mod failure;
mod growth;
mod many;
mod pool;
mod start;
mod transaction;
mod url;
mod values;
mod wait;

pub use url::PostgresUrl;

use super::{Db, FromStore, StoreError};
use connection::Connection;
use pool::Pool;
use std::sync::Arc;
use transaction::{Ending, Transaction};
use wait::Driver;

/// Transactions of the committer at the same time. In batches, more are not faster.
const WRITERS: usize = 4;
/// Writing connections for everything else: enrolments, links for signing in.
const OTHER_WRITERS: usize = 2;
/// Reading connections.
const READERS: usize = 8;

/// A transaction that writes sees, in each statement, what others had committed before it: so it
/// sees what happened while it waited for a lock.
const BEGIN_WRITING: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// The size of all tables and indexes.
const SIZE: &str = "SELECT pg_database_size(current_database())";

/// An open database.
pub struct Postgres {
    writers: Pool,
    readers: Pool,
}

impl Postgres {
    pub(super) fn open(url: &PostgresUrl) -> Result<Self, StoreError> {
        let driver = Driver::start();
        let driver = driver.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut first = Connection::open(url, driver.handle())?;
        start::check(&mut first, url)?;
        start::make_tables(&mut first, url)?;
        let driver = Arc::new(driver);
        Ok(Self {
            writers: Pool::new(url, &driver, WRITERS + OTHER_WRITERS),
            readers: Pool::new(url, &driver, READERS),
        })
    }

    pub(super) fn write<T, E: FromStore>(
        &self,
        work: &mut impl FnMut(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut lease = self.writers.begin(BEGIN_WRITING)?;
        let mut transaction = Transaction::new(lease.connection()?);
        let result = work(&mut transaction);
        let ended = match &result {
            Ok(_) => transaction.end(Ending::Commit),
            Err(_) => transaction.end(Ending::RollBack),
        };
        if ended.is_ok() {
            lease.give_back();
        }
        // What `work` says comes first: it knows more than a connection that failed under it.
        let value = result?;
        ended?;
        Ok(value)
    }

    pub(super) fn read<T, E: FromStore>(
        &self,
        work: impl FnOnce(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut lease = self.readers.take()?;
        let mut transaction = Transaction::reading(lease.connection()?);
        let result = work(&mut transaction);
        if transaction.end_reading() {
            lease.give_back();
        }
        result
    }

    /// Tells PostgreSQL how large its tables have become.
    pub(super) fn note_growth(&self) -> Result<(), StoreError> {
        let mut lease = self.writers.take()?;
        growth::analyse(lease.connection()?)?;
        lease.give_back();
        Ok(())
    }

    /// The size of the database in bytes.
    pub(super) fn size(&self) -> Result<u64, StoreError> {
        let mut rows = self.read(|db| db.rows(SIZE, &[]))?;
        rows.first_mut().map_or(Ok(0), |row| row.unit(Some))
    }

    /// How many threads of the committer this database feeds.
    pub(super) const fn writers() -> usize {
        WRITERS
    }
}
