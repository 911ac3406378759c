//! The policies of the ledger in force. The one that a person was shown is stored at the enrolment,
//! and each later one when a receipt names it.

use super::Memberships;
use meter_core::{Policy, Signed};
use meter_wire::{ErrorCode, Problem};

impl Memberships {
    /// The newest policy that is stored: body and signature in hexadecimal.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be used.
    pub(in crate::accounting) fn policy(&self) -> Result<String, Problem> {
        let (receipts, _) = self.in_force()?;
        let policy = receipts.policy().map_err(|error| self.because(&error))?;
        let (body, signature) = (policy.signed().body(), policy.signed().signature());
        Ok(hex::encode([body, &signature[..]].concat()))
    }

    /// Stores a policy that the ledger shows.
    ///
    /// # Errors
    /// `ledger_unreadable` if none of its keys signed it; `ledger_none`, or why the file of
    /// receipts cannot be written.
    pub(in crate::accounting) fn set_policy(
        &mut self,
        policy: Signed<Policy>,
    ) -> Result<(), Problem> {
        let policy = self.keys()?.verify(policy);
        let policy = policy.map_err(|error| {
            let detail = format!("its policy does not verify: {error}");
            Problem::with_detail(ErrorCode::LedgerUnreadable, detail)
        })?;
        self.write(|receipts| receipts.set_policy(&policy))
    }
}
