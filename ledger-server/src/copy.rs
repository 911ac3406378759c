//! Copies a whole ledger from one database into an empty one, of the same or of the other kind.
//!
//! It reads one snapshot and writes one transaction: an interrupted copy leaves the target empty.

mod tables;

use crate::store::{Db, FromStore, Pages, Row, Store, StoreError, Value, statements};
use sha2::{Digest as _, Sha256};
use tables::TABLES;

/// Rows that are read and written at a time.
const PAGE: u32 = 1000;

/// What two databases must agree on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Contents {
    /// Reports.
    pub reports: u64,
    /// SHA-256 over all receipts, in the order of their places.
    pub receipts: [u8; 32],
    /// SHA-256 over the ids of all accounts with their balances.
    pub balances: [u8; 32],
}

/// Why a ledger is not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the databases.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target holds a ledger.
    #[error("the target holds a ledger already, and nothing in it was changed: name an empty one")]
    NotEmpty,
    /// The source holds nothing.
    #[error("there is no ledger in the source")]
    Nothing,
    /// What was written is not what was read.
    #[error(
        "the copy differs from the source and must not be used: delete the target and copy again. \
         If it happens again, report it"
    )]
    Differs,
}

impl FromStore for CopyError {
    fn is_lost(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_lost())
    }
}

/// Copies everything and compares the two afterwards. Nothing may serve the source meanwhile: what
/// it takes after the beginning would not be in the copy.
///
/// # Errors
/// When the target is not empty or a database does not answer; then the target is as it was.
pub fn copy(from: &Store, to: &Store) -> Result<Contents, CopyError> {
    let before = from.read(|from| {
        if is_empty(from)? {
            return Err(CopyError::Nothing);
        }
        to.write(|to| copy_tables(from, to))?;
        Ok(contents(from)?)
    })?;
    let after = to.read(contents)?;
    (before == after).then_some(after).ok_or(CopyError::Differs)
}

fn copy_tables(from: &mut dyn Db, to: &mut dyn Db) -> Result<(), CopyError> {
    if !is_empty(to)? {
        return Err(CopyError::NotEmpty);
    }
    for table in TABLES {
        let first = table.first.iter().map(|first| first.value()).collect();
        each_page(from, Pages::new(table.read, first), |rows| {
            let sets: Vec<_> = rows.iter().map(|row| row.columns().to_vec()).collect();
            to.run_all(table.write, &sets).map(drop)
        })?;
        tracing::debug!(table = table.name, "copied");
    }
    // The next chain must get a number that no copied one has.
    Ok(to.continue_numbers()?)
}

fn is_empty(db: &mut dyn Db) -> Result<bool, StoreError> {
    let mut rows = db.rows(statements::COPY_IS_EMPTY, &[])?;
    Ok(rows.first_mut().map_or(Ok(0), Row::int)? == 0)
}

/// What is in a database.
///
/// # Errors
/// When it does not answer.
pub fn contents(db: &mut dyn Db) -> Result<Contents, StoreError> {
    let mut contents = Contents::default();
    let mut hash = Sha256::new();
    let first = vec![Value::Int(-1), Value::Int(-1)];
    each_page(db, Pages::new(statements::COPY_RECEIPTS, first), |rows| {
        for row in rows {
            contents.reports += 1;
            if let Some(Value::Bytes(receipt)) = row.columns().last() {
                hash.update(receipt);
            }
        }
        Ok(())
    })?;
    contents.receipts = hash.finalize().into();
    let mut hash = Sha256::new();
    let first = vec![Value::Bytes(Vec::new())];
    each_page(db, Pages::new(statements::COPY_BALANCES, first), |rows| {
        for mut row in rows.iter().cloned() {
            hash.update(row.bytes()?);
            hash.update(row.int()?.to_be_bytes());
        }
        Ok(())
    })?;
    contents.balances = hash.finalize().into();
    Ok(contents)
}

/// Gives page after page to `take`.
fn each_page(
    db: &mut dyn Db,
    mut pages: Pages,
    mut take: impl FnMut(&[Row]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    loop {
        let rows = pages.next(db, PAGE)?;
        if rows.is_empty() {
            return Ok(());
        }
        take(&rows)?;
    }
}
