//! What a transaction can do, on either database.

use super::{Row, StoreError, Value};
use meter_core::{AccountId, UnixMs};

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

    /// Makes numbers that the database gives to new rows go on after those that were written with
    /// their numbers. SQLite does so by itself.
    ///
    /// # Errors
    /// When the database cannot answer.
    fn continue_numbers(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

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
