//! What the last audit of this process has found, and whom it concerns.

use super::Ledger;
use crate::audit::{Audit, LastAudit};
use meter_core::{AccountId, UnixMs};
use std::sync::PoisonError;

/// Why a page says that its numbers are under audit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Doubt {
    /// The ledger only reads, until its operator has looked.
    Ledger,
    /// An audit has found a row of this account that is not as it was written.
    Account,
}

impl Ledger {
    /// Takes over what an audit has found. It replaces what the one before has found.
    pub fn note_audit(&self, audit: &Audit, ended: UnixMs) {
        let new = LastAudit {
            ended,
            reports: audit.reports,
            findings: audit.findings.count(),
            accounts: audit.findings.accounts().clone(),
        };
        let mut last = self.audit.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(new);
    }

    /// The last audit; `None` if this process has made none yet.
    #[must_use]
    pub fn last_audit(&self) -> Option<LastAudit> {
        let last = self.audit.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the numbers of an account are in doubt; without an account, those of the ledger.
    #[must_use]
    pub fn doubt(&self, account: Option<AccountId>) -> Option<Doubt> {
        if self.held().is_some() {
            return Some(Doubt::Ledger);
        }
        let last = self.audit.lock().unwrap_or_else(PoisonError::into_inner);
        let found = last.as_ref().zip(account);
        let is_named = found.is_some_and(|(audit, id)| audit.accounts.contains(&id));
        is_named.then_some(Doubt::Account)
    }
}
