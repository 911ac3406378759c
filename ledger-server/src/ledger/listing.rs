//! What the operator sees of the accounts.

use super::Ledger;
use crate::store::{Row, StoreError, Value, statements};
use meter_core::{AccountId, UnixMs};

/// An account as the operator sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AccountEntry {
    /// Its id.
    pub id: AccountId,
    /// When it was opened.
    pub opened: UnixMs,
    /// Up to when its time was paid.
    pub time_paid_to: UnixMs,
    /// Up to when its bytes were paid.
    pub bytes_paid_to: UnixMs,
}

impl Ledger {
    /// At most `limit` accounts after one, in the order of their ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn accounts(
        &self,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<AccountEntry>, StoreError> {
        let after = after.map_or_else(Vec::new, |id| id.0.to_vec());
        let of = [Value::Bytes(after), limit.into()];
        let rows = self.store.read(|db| db.rows(statements::ACCOUNTS, &of))?;
        let entry = |mut row: Row| {
            let id = AccountId(row.array()?);
            row.int()?;
            Ok(AccountEntry {
                id,
                opened: row.unit(UnixMs::new)?,
                time_paid_to: row.unit(UnixMs::new)?,
                bytes_paid_to: row.unit(UnixMs::new)?,
            })
        };
        rows.into_iter().map(entry).collect()
    }

    /// How many reports of an account were taken.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn reports_of(&self, account: AccountId) -> Result<u64, StoreError> {
        let of = [account.0.into()];
        let mut rows = self.store.read(|db| db.rows(statements::REPORTS_OF, &of))?;
        rows.first_mut().map_or(Ok(0), |row| row.unit(Some))
    }
}
