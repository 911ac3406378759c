//! The two databases behind one door. Everything above it is written once, for both.
//!
//! A statement is one text for both databases: parameters are `$1`, `$2` … in the order in which
//! they first appear, and every value is a 64-bit integer, bytes or text. What the two cannot share
//! (locks, clocks, how many rows go at once) is a method of [`Db`].
//!
//! All of this blocks. It is called from threads of its own, never from a task.

mod error;
mod schema;
mod sqlite;
pub mod statements;
mod value;

pub use error::{StoreError, StoreFault};
pub use schema::SCHEMA_VERSION;
pub use sqlite::Sqlite;
pub use value::{Row, Value};

use meter_core::{AccountId, UnixMs};
use std::path::PathBuf;

/// How often a transaction is tried again after it lost against another one.
const TRIES: u32 = 10;

/// Where a ledger keeps what it knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// An SQLite file.
    File(PathBuf),
}

/// One transaction.
pub trait Db {
    /// The rows of a query.
    ///
    /// # Errors
    /// When the database cannot answer.
    fn rows(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// The rows of the same query for several sets of parameters, in their order.
    ///
    /// # Errors
    /// When the database cannot answer.
    fn rows_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Value>],
    ) -> Result<Vec<Vec<Row>>, StoreError>;

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// When the database cannot answer, or a rule of the schema forbids it.
    fn run(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, StoreError>;

    /// Runs the same statement for several sets of parameters, and returns how many rows each
    /// changed.
    ///
    /// # Errors
    /// When the database cannot answer, or a rule of the schema forbids it.
    fn run_all(&mut self, sql: &'static str, sets: &[Vec<Value>]) -> Result<Vec<u64>, StoreError>;

    /// Locks these accounts until the transaction ends, in ascending order, so that two
    /// transactions never wait for each other. What belongs to an account is read only after this.
    ///
    /// # Errors
    /// When the database cannot answer.
    fn lock_accounts(&mut self, accounts: &[AccountId]) -> Result<(), StoreError>;

    /// The database's clock: all instances on one database share it.
    ///
    /// # Errors
    /// When the database cannot answer.
    fn now(&mut self) -> Result<UnixMs, StoreError>;
}

/// An error of what runs in a transaction.
pub trait FromStore: From<StoreError> {
    /// Whether it is [`StoreError::Lost`]: the same again may succeed.
    fn is_lost(&self) -> bool;
}

impl FromStore for StoreError {
    fn is_lost(&self) -> bool {
        matches!(self, Self::Lost)
    }
}

/// An open database.
pub enum Store {
    /// One file, one writer.
    Sqlite(Sqlite),
}

impl Store {
    /// Opens the database, and makes its tables if it is empty.
    ///
    /// # Errors
    /// When the database cannot be used, with the reason and what to do.
    pub fn open(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::File(path) => Sqlite::open(path).map(Self::Sqlite),
        }
    }

    /// Runs `work` in one transaction and commits it. Runs it again if it lost against another
    /// transaction, so `work` must not change anything but the database.
    ///
    /// A success does not yet prove that the transaction is stored: who needs to know reads it back.
    ///
    /// # Errors
    /// When `work` fails; then nothing is changed. When the commit fails; then nobody knows whether
    /// something is changed.
    pub fn write<T, E: FromStore>(
        &self,
        mut work: impl FnMut(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        for _ in 1..TRIES {
            let result = self.write_once(&mut work);
            if !matches!(&result, Err(error) if error.is_lost()) {
                return result;
            }
        }
        self.write_once(&mut work)
    }

    fn write_once<T, E: FromStore>(
        &self,
        work: &mut impl FnMut(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(work),
        }
    }

    /// Runs `work` on one snapshot. It changes nothing.
    ///
    /// # Errors
    /// When `work` fails or the database cannot answer.
    pub fn read<T, E: FromStore>(
        &self,
        work: impl FnOnce(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read(work),
        }
    }

    /// How many transactions this database takes at the same time.
    #[must_use]
    pub fn writers(&self) -> usize {
        match self {
            Self::Sqlite(_) => 1,
        }
    }
}
