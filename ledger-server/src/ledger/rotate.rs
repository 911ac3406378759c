//! Gives the signing of receipts to another key.

use super::{
    LedgerKeyEntry,
    start::{StartError, read_keys},
};
use crate::store::{FromStore, Store, StoreError, statements};
use meter_core::{KeyChange, LedgerSigner, Policy, PolicyNumber};

/// Why the key is not changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger's policy cannot be signed anew.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The given old key is not the one that signs now.
    #[error("the key in this data folder is not the one that signs the receipts of this database")]
    OtherKey,
    /// What the old key would sign breaks a rule of its format.
    #[error("the change of the key cannot be signed: {0}")]
    Change(String),
}

impl FromStore for RotateError {
    fn is_lost(&self) -> bool {
        match self {
            Self::Store(error) => error.is_lost(),
            Self::Start(error) => error.is_lost(),
            Self::OtherKey | Self::Change(_) => false,
        }
    }
}

/// The key that signs now; `None` in a database that has none yet.
///
/// # Errors
/// When the database does not answer.
pub fn newest_key(store: &Store) -> Result<Option<LedgerKeyEntry>, StoreError> {
    Ok(store.read(read_keys)?.pop())
}

/// The old key names the new one, and the new one signs the present rules as a new policy. Nothing
/// may sign with the old key any more afterwards. Returns the number of the new key.
///
/// # Errors
/// When the database does not answer, or does not belong to the old key; then nothing has changed.
pub fn rotate(store: &Store, old: &LedgerSigner, new: &LedgerSigner) -> Result<u32, RotateError> {
    store.write(|db| {
        let keys = read_keys(db)?;
        let last = keys.last().filter(|entry| entry.key == old.key());
        let number = last.ok_or(RotateError::OtherKey)?.number.saturating_add(1);
        let now = db.now()?;
        let change = KeyChange {
            old: old.key(),
            new: new.key(),
            number,
            at: now,
        };
        let change = old.sign(&change);
        let change = change.map_err(|error| RotateError::Change(error.to_string()))?;
        let row = [
            number.into(),
            new.key().0.into(),
            crate::shelf::stored(&change),
        ];
        if db.run(statements::ADD_KEY, &row)? != 1 {
            return Err(StoreError::Lost.into());
        }
        let present = *super::start::read_policy(db, &keys)?.value();
        let next = Policy {
            ledger: new.key(),
            number: PolicyNumber(present.number.0.saturating_add(1)),
            effective_at: now,
            ..present
        };
        super::start::add_policy(db, new, &next)?;
        Ok(number)
    })
}
