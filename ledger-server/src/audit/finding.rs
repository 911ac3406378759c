//! What an audit has seen, and each row that is not as it should be.

use meter_core::AccountId;
use std::{collections::BTreeSet, fmt};

/// Most findings that are kept; the others are only counted.
const KEPT_MAX: usize = 1000;

/// A row that is not as it should be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The table.
    pub table: &'static str,
    /// The row, as the table names it: `chain_no 7, seq 12`.
    pub row: String,
    /// What is wrong.
    pub reason: String,
}

/// All findings of an audit.
#[derive(Debug, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    count: u64,
    accounts: BTreeSet<AccountId>,
}

/// What an audit has looked at, and what it has found.
#[derive(Debug, Default)]
pub struct Audit {
    /// Receipt keys.
    pub keys: u64,
    /// Policies.
    pub policies: u64,
    /// Accounts.
    pub accounts: u64,
    /// Devices.
    pub devices: u64,
    /// Chains.
    pub chains: u64,
    /// Reports, each with its receipt.
    pub reports: u64,
    /// Reports of which only the receipt is kept.
    pub pruned: u64,
    /// What is wrong.
    pub findings: Findings,
    /// Whether it was asked to stop before it was through.
    pub is_stopped: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.table, self.row, self.reason)
    }
}

impl Findings {
    /// The first ones.
    #[must_use]
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The accounts that have such a row, as far as the rows tell; at most 1,000.
    #[must_use]
    pub const fn accounts(&self) -> &BTreeSet<AccountId> {
        &self.accounts
    }

    /// Adds one that concerns an account. A name of another length is no account.
    pub(super) fn add_of(
        &mut self,
        account: &[u8],
        table: &'static str,
        row: impl Into<String>,
        reason: impl Into<String>,
    ) {
        if let Ok(id) = account.try_into()
            && self.accounts.len() < KEPT_MAX
        {
            self.accounts.insert(AccountId(id));
        }
        self.add(table, row, reason);
    }

    pub(super) fn add(
        &mut self,
        table: &'static str,
        row: impl Into<String>,
        reason: impl Into<String>,
    ) {
        self.count = self.count.saturating_add(1);
        if self.kept.len() < KEPT_MAX {
            self.kept.push(Finding {
                table,
                row: row.into(),
                reason: reason.into(),
            });
        }
    }
}
