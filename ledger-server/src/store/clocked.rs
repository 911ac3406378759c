//! A database whose clock somebody sets, so that a simulation can let days pass.

use super::{Db, Row, StoreError, Value};
use meter_core::{AccountId, UnixMs};
use std::sync::Arc;

/// A clock in place of the database's.
pub type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// A transaction with that clock.
pub(super) struct Clocked<'a> {
    pub(super) db: &'a mut dyn Db,
    pub(super) clock: &'a Clock,
}

impl Db for Clocked<'_> {
    fn rows(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.db.rows(sql, parameters)
    }

    fn rows_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Value>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        self.db.rows_all(sql, sets)
    }

    fn run(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, StoreError> {
        self.db.run(sql, parameters)
    }

    fn run_all(&mut self, sql: &'static str, sets: &[Vec<Value>]) -> Result<Vec<u64>, StoreError> {
        self.db.run_all(sql, sets)
    }

    fn lock_accounts(&mut self, accounts: &[AccountId]) -> Result<(), StoreError> {
        self.db.lock_accounts(accounts)
    }

    fn continue_numbers(&mut self) -> Result<(), StoreError> {
        self.db.continue_numbers()
    }

    fn now(&mut self) -> Result<UnixMs, StoreError> {
        Ok((self.clock)())
    }
}
