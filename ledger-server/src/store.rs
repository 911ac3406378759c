//! The two databases behind one interface. Everything above it is written once, for both.
//!
//! A statement is one text for both databases: parameters are `$1`, `$2` … in the order in which
//! they first appear, and every value is a 64-bit integer, bytes or text. What the two cannot share
//! (locks, clocks, how many rows go at once) is a method of [`Db`].
//!
//! All of this blocks. It is called from threads of its own, never from a task.

mod backup;
mod clock;
mod clocked;
mod db;
mod error;
mod pages;
mod postgres;
mod private;
mod schema;
mod size;
mod soundness;
mod sqlite;
pub mod statements;
mod value;

pub use backup::{BackupError, Copied, backup, check_copy, copy_file};
pub use clock::clock_has_dates;
pub use clocked::Clock;
pub use db::{Db, FromStore};
pub use error::{StoreError, StoreFault};
pub use pages::Pages;
pub(crate) use pages::out_of_order;
pub use postgres::{Postgres, PostgresUrl};
pub use schema::SCHEMA_VERSION;
pub use size::free_bytes;
pub use sqlite::Sqlite;
pub use value::{Row, Value};

use clocked::Clocked;
use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// How often a transaction is tried again after it lost against another one.
const TRIES: u32 = 10;
/// Pause after the first try that lost; it grows with each. The winner goes on meanwhile: without a
/// pause, the loser of a deadlock can take its first lock again before the winner has its second.
const PAUSE: Duration = Duration::from_millis(5);

/// Where a ledger keeps what it knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// An SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Server(PostgresUrl),
}

impl Place {
    /// The file; `None` if it is another kind of database.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server(_) => None,
        }
    }
}

/// An open database.
pub enum Store {
    /// One file, one writer.
    Sqlite(Sqlite),
    /// A server with many writers.
    Postgres(Box<Postgres>),
    /// A database that may only be read, and why.
    Held(Box<Self>, String),
    /// Another database with a clock of its own. See [`Store::with_clock`].
    Clocked(Box<Self>, Clock),
}

/// What reads in a transaction.
type Reading<'a, T, E> = Box<dyn FnOnce(&mut dyn Db) -> Result<T, E> + 'a>;

impl Store {
    /// The same database, in which nothing is written any more.
    #[must_use]
    pub fn hold(self, why: String) -> Self {
        Self::Held(Box::new(self), why)
    }

    /// Why nothing may be written; `None` while it may.
    #[must_use]
    pub fn held(&self) -> Option<&str> {
        match self {
            Self::Held(_, why) => Some(why),
            Self::Sqlite(_) | Self::Postgres(_) => None,
            Self::Clocked(store, _) => store.held(),
        }
    }

    /// Opens the database, and makes its tables if it is empty.
    ///
    /// # Errors
    /// When the database cannot be used, with the reason and what to do.
    pub fn open(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::File(path) => {
                let sqlite = Sqlite::open(path)?;
                soundness::check_tables(path)?;
                Ok(Self::Sqlite(sqlite))
            }
            Place::Server(url) => Ok(Self::Postgres(Box::new(Postgres::open(url)?))),
        }
    }

    /// The same database with another clock. Only tests and simulations do this: no command and no
    /// setting can.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self::Clocked(Box::new(self), clock)
    }

    /// Runs `work` in one transaction and commits it. Runs it again if it lost against another
    /// transaction, so `work` must not change anything but the database.
    ///
    /// A success does not yet prove that the transaction is stored: who needs to know reads it
    /// back.
    ///
    /// # Errors
    /// When `work` fails; then nothing is changed. When the commit fails; then nobody knows whether
    /// something is changed.
    pub fn write<T, E: FromStore>(
        &self,
        mut work: impl FnMut(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        for number in 1..TRIES {
            let result = self.write_once(&mut work);
            if !matches!(&result, Err(error) if error.is_lost()) {
                return result;
            }
            thread::sleep(PAUSE * number);
        }
        self.write_once(&mut work)
    }

    fn write_once<T, E: FromStore>(
        &self,
        work: &mut dyn FnMut(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(&mut |db: &mut dyn Db| work(db)),
            Self::Postgres(postgres) => postgres.write(&mut |db: &mut dyn Db| work(db)),
            Self::Held(_, why) => Err(StoreError::Held(why.clone()).into()),
            Self::Clocked(store, clock) => {
                store.write_once(&mut |db: &mut dyn Db| work(&mut Clocked { db, clock }))
            }
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
        self.read_once(Box::new(work))
    }

    /// The same for a thread that has just committed what it reads, and holds up other writers for
    /// it where there is only one.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_back<T, E: FromStore>(
        &self,
        work: impl FnOnce(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read_back(work),
            _ => self.read(work),
        }
    }

    fn read_once<T, E: FromStore>(&self, work: Reading<'_, T, E>) -> Result<T, E> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read(work),
            Self::Postgres(postgres) => postgres.read(work),
            Self::Held(store, _) => store.read_once(work),
            Self::Clocked(store, clock) => {
                store.read_once(Box::new(|db| work(&mut Clocked { db, clock })))
            }
        }
    }

    /// What SQLite finds wrong with its file: pages, rows and indexes. `go_on` is asked often.
    /// PostgreSQL has a program of its own for this, `pg_amcheck`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn damage(&self, go_on: &dyn Fn() -> bool) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => soundness::damage(sqlite.path(), go_on),
            Self::Postgres(_) => Ok(Vec::new()),
            Self::Held(store, _) | Self::Clocked(store, _) => store.damage(go_on),
        }
    }

    /// Lets the database plan for tables that have grown. Cheap when none has, so it can be called
    /// often.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn note_growth(&self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(postgres) => postgres.note_growth(),
            Self::Clocked(store, _) => store.note_growth(),
            // SQLite plans by the indexes alone.
            Self::Sqlite(_) | Self::Held(..) => Ok(()),
        }
    }

    /// How many transactions this database takes at the same time.
    #[must_use]
    pub fn writers(&self) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => Postgres::writers(),
            Self::Held(store, _) => store.writers(),
            Self::Clocked(store, _) => store.writers(),
        }
    }
}
