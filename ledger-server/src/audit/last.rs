//! What is kept of an audit for the pages.

use meter_core::{AccountId, UnixMs};
use std::collections::BTreeSet;

/// The last audit that went through since this process was started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LastAudit {
    /// When it ended, by the ledger's clock.
    pub ended: UnixMs,
    /// How many reports it has looked at.
    pub reports: u64,
    /// How many rows are not as they were written.
    pub findings: u64,
    /// The accounts that have such a row.
    pub accounts: BTreeSet<AccountId>,
}
