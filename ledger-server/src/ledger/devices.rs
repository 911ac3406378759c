//! The devices of an account.

use super::Ledger;
use crate::store::{Db, FromStore, Row, StoreError, Value, statements};
use meter_core::{AccountId, DeviceKey, UnixMs};

/// A device as its account's owner sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceEntry {
    /// Its key.
    pub key: DeviceKey,
    /// Its name.
    pub name: String,
    /// When it was enrolled.
    pub enrolled: UnixMs,
    /// When it was removed.
    pub revoked: Option<UnixMs>,
}

/// Why a device is not removed.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such device, or another account's.
    #[error("there is no such device")]
    Unknown,
}

impl FromStore for RevokeError {
    fn is_lost(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_lost())
    }
}

impl Ledger {
    /// The account of a device that was not removed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn account_of(&self, device: DeviceKey) -> Result<Option<AccountId>, StoreError> {
        self.store.read(|db| account_of(db, device))
    }

    /// The devices of an account, in the order in which they came.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn devices(&self, account: AccountId) -> Result<Vec<DeviceEntry>, StoreError> {
        self.store.read(|db| devices(db, account))
    }

    /// Removes a device from its account, or from the one named. Reports of it that are not stored
    /// yet are not taken any more. Links for signing in and invitations of the account end with it,
    /// because the device may have made them.
    ///
    /// # Errors
    /// When there is no such device, or the database does not answer.
    pub fn revoke(&self, device: DeviceKey, of: Option<AccountId>) -> Result<(), RevokeError> {
        self.store.write(|db| {
            let account = account_of(db, device)?;
            let account = account.filter(|account| of.is_none_or(|of| of == *account));
            let account = account.ok_or(RevokeError::Unknown)?;
            // A transaction that stores reports of this account holds this lock.
            db.lock_accounts(&[account])?;
            let now = db.now()?;
            let row = [
                Value::Int(now.get_signed()),
                device.0.into(),
                account.0.into(),
            ];
            if db.run(statements::REVOKE_DEVICE, &row)? != 1 {
                return Err(RevokeError::Unknown);
            }
            // What the device may have prepared for itself.
            db.run(statements::DELETE_LOGINS, &row[2..])?;
            db.run(statements::DELETE_INVITES, &row[2..])?;
            // A person who has the device may have its browser.
            db.run(statements::END_DEVICE_WEB_SESSIONS, &row[1..2])?;
            Ok(())
        })
    }
}

pub(super) fn devices(db: &mut dyn Db, account: AccountId) -> Result<Vec<DeviceEntry>, StoreError> {
    let entry = |mut row: Row| {
        Ok(DeviceEntry {
            key: DeviceKey(row.array()?),
            name: row.text()?,
            enrolled: row.unit(UnixMs::new)?,
            revoked: row.time_or_null()?,
        })
    };
    let rows = db.rows(statements::DEVICES, &[account.0.into()])?;
    rows.into_iter().map(entry).collect()
}

fn account_of(db: &mut dyn Db, device: DeviceKey) -> Result<Option<AccountId>, StoreError> {
    let found = db.rows(statements::DEVICE, &[device.0.into()])?;
    let Some(mut row) = found.into_iter().next() else {
        return Ok(None);
    };
    let account = AccountId(row.array()?);
    row.text()?;
    row.int()?;
    Ok(row.time_or_null()?.is_none().then_some(account))
}
