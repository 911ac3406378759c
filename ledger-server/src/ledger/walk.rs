//! All sessions of an account as they were at one moment, page by page.
//!
//! Each page is a read of its own, so a slow client keeps no transaction open. What arrives
//! meanwhile is newer than the first session and not on any page. At the end number and sum are
//! compared with those of the beginning, so nobody gets a part for the whole.

use super::{
    Balance, ChainEntry, Cursor, DeviceEntry, Ledger, Session,
    devices::devices,
    reading::{balance, chains, sessions},
};
use crate::store::{StoreError, statements};
use meter_core::{AccountId, Amount};

/// What an account has at one moment, and the way through its sessions.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Its balance.
    pub balance: Balance,
    /// Its devices, in the order in which they came.
    pub devices: Vec<DeviceEntry>,
    /// Its chains, the oldest first.
    pub chains: Vec<ChainEntry>,
    /// Its sessions.
    pub walk: Walk,
}

/// The way through the sessions, the newest first.
#[derive(Clone, Debug)]
pub struct Walk {
    account: AccountId,
    /// `None` after the last page.
    next: Option<Cursor>,
    /// How many sessions are still to come, and what they were awarded.
    left: (u64, Amount),
}

/// Why there is no further page.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The account was deleted meanwhile, or is damaged.
    #[error("the sessions have changed meanwhile")]
    Changed,
}

impl Ledger {
    /// Everything of an account, read at one moment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn whole(&self, account: AccountId) -> Result<Whole, StoreError> {
        self.store.read(|db| {
            let mut sums = db.rows(statements::EXTENT, &[account.0.into()])?;
            let sums = sums
                .first_mut()
                .ok_or_else(|| StoreError::Damaged("a sum".to_owned()))?;
            let left = (sums.unit(Some)?, sums.unit(Amount::new)?);
            let newest = sessions(db, account, Cursor::newest(), 1)?;
            // The page begins after a place, and the newest session is on it.
            let next = newest.first().map(|newest| Cursor {
                sequence: newest.cursor.sequence.saturating_add(1),
                ..newest.cursor
            });
            Ok(Whole {
                balance: balance(db, account)?,
                devices: devices(db, account)?,
                chains: chains(db, account)?,
                walk: Walk {
                    account,
                    next,
                    left,
                },
            })
        })
    }
}

impl Walk {
    /// At most `limit` further sessions; none after the last.
    ///
    /// # Errors
    /// When the database does not answer, or when the sessions are not those of the beginning.
    pub fn step(&mut self, ledger: &Ledger, limit: u32) -> Result<Vec<Session>, WalkError> {
        let Some(from) = self.next else {
            return Ok(Vec::new());
        };
        let page = ledger.sessions(self.account, from, limit)?;
        self.next = page.last().map(|last| last.cursor);
        for session in &page {
            let (count, sum) = self.left;
            let count = count.checked_sub(1);
            let sum = sum.get().checked_sub(session.amount.get());
            let left = count.zip(sum.and_then(Amount::new));
            self.left = left.ok_or(WalkError::Changed)?;
        }
        let is_end = self.next.is_none();
        match is_end && self.left != (0, Amount::ZERO) {
            true => Err(WalkError::Changed),
            false => Ok(page),
        }
    }
}
