//! One transaction of PostgreSQL.

use super::connection::Connection;
use crate::store::{Db, Row, StoreError, Value};
use meter_core::{AccountId, UnixMs};

/// Numbers of new rows go on after the largest one.
const CONTINUE_CHAINS: &str = "SELECT setval(pg_get_serial_sequence('chains', 'chain_no'), \
    COALESCE((SELECT MAX(chain_no) FROM chains), 0) + 1, false)";
const CONTINUE_MOVEMENTS: &str = "SELECT setval(pg_get_serial_sequence('movements', 'id'), \
    COALESCE((SELECT MAX(id) FROM movements), 0) + 1, false)";

/// In ascending order, so that two transactions never wait for each other. `NO KEY`: rows that
/// refer to an account can be added meanwhile; a stronger lock ends in deadlocks with them.
const LOCK_ACCOUNTS: &str = "SELECT account_id FROM accounts WHERE account_id = ANY($1) \
    ORDER BY account_id FOR NO KEY UPDATE";
/// Not the time when the transaction began: it may have waited for a lock since.
const NOW: &str = "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)";

/// One snapshot for all statements.
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A transaction that has begun.
pub(super) struct Transaction<'a> {
    connection: &'a mut Connection,
    failed: Option<Failed>,
}

/// What went wrong in it. After an error PostgreSQL takes nothing more, and answers a commit with a
/// rollback that looks like a success.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Failed {
    /// It lost against another transaction.
    Lost,
    /// Anything else.
    Otherwise,
}

/// How a transaction is to end.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Ending {
    Commit,
    RollBack,
}

impl<'a> Transaction<'a> {
    pub(super) const fn new(connection: &'a mut Connection) -> Self {
        Self {
            connection,
            failed: None,
        }
    }

    /// One that only reads: it begins with its first query and costs no journey of its own.
    pub(super) const fn reading(connection: &'a mut Connection) -> Self {
        connection.send_before_next(BEGIN_READING);
        Self::new(connection)
    }

    /// Ends one that only read; says whether its connection is as good as before.
    pub(super) fn end_reading(self) -> bool {
        if self.failed.is_some() {
            return false;
        }
        self.connection.send("ROLLBACK");
        true
    }

    /// Ends it. After an error the connection must not be used again.
    pub(super) fn end(self, ending: Ending) -> Result<(), StoreError> {
        match (ending, self.failed) {
            (Ending::Commit, None) => Ok(self.connection.script("COMMIT")?),
            (Ending::RollBack, None | Some(Failed::Lost)) => {
                Ok(self.connection.script("ROLLBACK")?)
            }
            (Ending::Commit, Some(Failed::Lost)) => Err(StoreError::Lost),
            (_, Some(Failed::Otherwise)) => Err(StoreError::Statement(
                "a statement before the end had failed".to_owned(),
            )),
        }
    }

    fn noted<T>(&mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &answer {
            self.failed = Some(match error {
                StoreError::Lost => Failed::Lost,
                _ => Failed::Otherwise,
            });
        }
        answer
    }
}

impl Db for Transaction<'_> {
    fn rows(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        let found = self.connection.rows_all(sql, &[parameters]);
        Ok(self.noted(found)?.into_iter().flatten().collect())
    }

    fn rows_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Value>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let sets: Vec<_> = sets.iter().map(Vec::as_slice).collect();
        let found = self.connection.rows_all(sql, &sets);
        self.noted(found)
    }

    fn run(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, StoreError> {
        let changed = self.connection.run_all(sql, &[parameters]);
        Ok(self.noted(changed)?.into_iter().sum())
    }

    fn run_all(&mut self, sql: &'static str, sets: &[Vec<Value>]) -> Result<Vec<u64>, StoreError> {
        let sets: Vec<_> = sets.iter().map(Vec::as_slice).collect();
        let changed = self.connection.run_all(sql, &sets);
        self.noted(changed)
    }

    fn lock_accounts(&mut self, accounts: &[AccountId]) -> Result<(), StoreError> {
        let ids: Vec<_> = accounts
            .iter()
            .map(|account| account.0.as_slice())
            .collect();
        let locked = self.connection.run_with_list(LOCK_ACCOUNTS, &ids);
        self.noted(locked)
    }

    fn continue_numbers(&mut self) -> Result<(), StoreError> {
        self.rows(CONTINUE_CHAINS, &[])?;
        self.rows(CONTINUE_MOVEMENTS, &[]).map(drop)
    }

    fn now(&mut self) -> Result<UnixMs, StoreError> {
        let mut rows = self.rows(NOW, &[])?;
        let row = rows.first_mut().ok_or_else(|| StoreError::column(0))?;
        row.unit(UnixMs::new)
    }
}
