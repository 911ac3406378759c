//! Rows in an SQLite file, with the settings of the ledger's store.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::Result;
use rusqlite::{Connection, TransactionBehavior};

use super::Bare;
use crate::crowd::RECORD;

/// A new file with one table.
pub(crate) struct Sqlite(Mutex<Connection>);

impl Sqlite {
    pub(crate) fn new(file: &Path) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(
            "CREATE TABLE bare (number INTEGER PRIMARY KEY, signed BLOB NOT NULL) STRICT",
        )?;
        Ok(Self(Mutex::new(connection)))
    }
}

impl Bare for Sqlite {
    /// There is one writer in the file, so all threads share it.
    type Writer = ();

    fn writer(&self) -> Result<()> {
        Ok(())
    }

    fn insert(&self, (): &mut (), rows: &[[u8; RECORD]]) -> Result<()> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO bare (signed) VALUES (?1)")?;
            for row in rows {
                insert.execute([row.as_slice()])?;
            }
        }
        Ok(transaction.commit()?)
    }
}
