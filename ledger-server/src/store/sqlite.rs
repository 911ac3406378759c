//! SQLite: one file, one writing connection, some reading ones.

mod failure;
mod merger;

pub(super) use failure::cannot_open;

use super::{Db, FromStore, Row, StoreError, StoreFault, Value, clock, private, schema};
use failure::failure;
use merger::{LOG_PAGES, Merger};
use meter_core::{AccountId, UnixMs};
use rusqlite::{
    Connection, OpenFlags, TransactionBehavior,
    config::DbConfig,
    types::{ToSqlOutput, ValueRef},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// "OMLG": tells this file from every other SQLite database.
pub(super) const APPLICATION_ID: i32 = 0x4f4d_4c47;
/// Older versions can corrupt a write-ahead log (<https://sqlite.org/wal.html#walresetbug>).
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// How long to wait for another process, for example one that copies the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Reading connections that are kept: opening one costs more than what it is opened for.
const READERS_KEPT: usize = 32;
/// Pages that a reading connection keeps, in KiB: the upper levels of the indexes.
const READER_CACHE_KIB: i64 = 512;
/// Prepared statements that a connection keeps.
const STATEMENTS_KEPT: usize = 100;
/// When the log begins anew after it was longer, it is cut to this size.
const LOG_BYTES_KEPT: i64 = 16 << 20;
/// Pages of the log at which a commit merges it itself: only where [`Merger`] cannot.
const LOG_PAGES_MAX: i64 = 16 * LOG_PAGES;

/// An open file.
pub struct Sqlite {
    path: PathBuf,
    /// Before the other connections: it ends while they are open, and the last one removes the log.
    merger: Merger,
    writer: Arc<Mutex<Connection>>,
    readers: Mutex<Vec<Connection>>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if rusqlite::version_number() < SQLITE_VERSION_MIN {
            return Err(StoreFault::SqliteVersion(rusqlite::version_number()).into());
        }
        private::prepare(path)?;
        let writer = connect(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )?;
        let writer = Arc::new(Mutex::new(writer));
        let copier = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let merger = Merger::start(copier, Arc::clone(&writer));
        let store = Self {
            path: path.to_owned(),
            merger: merger.map_err(|error| StoreError::Unavailable(error.to_string()))?,
            writer,
            readers: Mutex::default(),
        };
        store.prepare_file()?;
        Ok(store)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the tables in an empty file, and checks those of another.
    fn prepare_file(&self) -> Result<(), StoreError> {
        let connection = lock(&self.writer);
        let id: i32 = connection
            .pragma_query_value(None, "application_id", |row| row.get(0))
            .map_err(|error| cannot_open(&self.path, &error))?;
        let tables: i64 = connection
            .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(|error| cannot_open(&self.path, &error))?;
        if tables > 0 && id != APPLICATION_ID {
            return Err(StoreFault::NotOurs(self.path.clone()).into());
        }
        drop(connection);
        self.settings()?;
        self.write(&mut |db: &mut dyn Db| -> Result<(), StoreError> {
            if tables == 0 {
                schema::mark(db)?;
            }
            schema::check(db)
        })
    }

    fn settings(&self) -> Result<(), StoreError> {
        let mut connection = lock(&self.writer);
        let pragma = |name: &str, value: &str| {
            let changed = connection.pragma_update(None, name, value);
            changed.map_err(|error| cannot_open(&self.path, &error))
        };
        pragma("journal_mode", "WAL")?;
        // A receipt that left must survive a loss of power.
        pragma("synchronous", "FULL")?;
        pragma("foreign_keys", "ON")?;
        pragma("journal_size_limit", &LOG_BYTES_KEPT.to_string())?;
        pragma("wal_autocheckpoint", &LOG_PAGES_MAX.to_string())?;
        let change = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failure)?;
        let tables: i64 = change
            .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(failure)?;
        if tables == 0 {
            change
                .execute_batch(&schema::for_sqlite())
                .map_err(failure)?;
            change
                .pragma_update(None, "application_id", APPLICATION_ID)
                .map_err(failure)?;
        } else {
            let version = "SELECT version FROM ledger WHERE id = 1";
            let version = change.query_row(version, [], |row| row.get::<_, i64>(0));
            // What else is wrong with the tables is found after this.
            if let Ok(1) = version {
                let done = change.execute_batch(schema::TO_2_IN_SQLITE);
                done.map_err(failure)?;
            }
        }
        change.commit().map_err(failure)
    }

    pub(super) fn write<T, E: FromStore>(
        &self,
        work: &mut impl FnMut(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = lock(&self.writer);
        let before = connection.total_changes();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failure)?;
        let value = work(&mut Transaction(&transaction))?;
        transaction.commit().map_err(failure)?;
        let rows = connection.total_changes().saturating_sub(before);
        drop(connection);
        self.merger.note(rows);
        Ok(value)
    }

    /// Reads on the writing connection, which still has the pages that it wrote: a reading one
    /// forgets all of its pages at each commit.
    pub(super) fn read_back<T, E: FromStore>(
        &self,
        work: impl FnOnce(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        look(&mut lock(&self.writer), work)
    }

    /// A new reading connection. Its settings are made once: SQLite prepares every statement of a
    /// connection anew after a pragma has changed one of its flags, even to what it was.
    fn reader(&self) -> Result<Connection, StoreError> {
        let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        for (name, value) in [("query_only", 1), ("cache_size", -READER_CACHE_KIB)] {
            connection
                .pragma_update(None, name, value)
                .map_err(failure)?;
        }
        Ok(connection)
    }

    pub(super) fn read<T, E: FromStore>(
        &self,
        work: impl FnOnce(&mut dyn Db) -> Result<T, E>,
    ) -> Result<T, E> {
        let kept = lock(&self.readers).pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.reader()?,
        };
        let value = look(&mut connection, work)?;
        let mut readers = lock(&self.readers);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        Ok(value)
    }
}

/// Runs `work` on one snapshot.
fn look<T, E: FromStore>(
    connection: &mut Connection,
    work: impl FnOnce(&mut dyn Db) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection.transaction().map_err(failure)?;
    let value = work(&mut Transaction(&transaction))?;
    transaction.finish().map_err(failure)?;
    Ok(value)
}

/// A panic inside a transaction has rolled it back; the connection is as good as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        // A crafted file must not run code of its schema.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        Ok(connection)
    };
    open().map_err(|error| cannot_open(path, &error))
}

struct Transaction<'a>(&'a Connection);

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// A value of SQLite. There are no floats in our tables.
fn value(column: ValueRef<'_>) -> Result<Value, StoreError> {
    match column {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes.to_vec())),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(StoreError::Damaged("a text that is not UTF-8".to_owned())),
        },
        ValueRef::Real(_) => Err(StoreError::Damaged("a float".to_owned())),
    }
}

impl Db for Transaction<'_> {
    fn rows(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        let columns = statement.column_count();
        let mut found = statement
            .query(rusqlite::params_from_iter(parameters))
            .map_err(failure)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failure)? {
            let values = (0..columns).map(|number| value(row.get_ref(number).map_err(failure)?));
            rows.push(Row::new(values.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }

    fn rows_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Value>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        sets.iter().map(|set| self.rows(sql, set)).collect()
    }

    fn run(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        let changed = statement
            .execute(rusqlite::params_from_iter(parameters))
            .map_err(failure)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    fn run_all(&mut self, sql: &'static str, sets: &[Vec<Value>]) -> Result<Vec<u64>, StoreError> {
        sets.iter().map(|set| self.run(sql, set)).collect()
    }

    /// There is one writer, so nothing needs a lock.
    fn lock_accounts(&mut self, _: &[AccountId]) -> Result<(), StoreError> {
        Ok(())
    }

    fn now(&mut self) -> Result<UnixMs, StoreError> {
        clock::now()
    }
}
