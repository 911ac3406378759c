//! A change of the rules.

use super::{Ledger, StartError, start};
use meter_core::{Policy, PolicyNumber, Verified};
use std::sync::PoisonError;

impl Ledger {
    /// Puts another policy in force: the present one after `change`, with the next number, signed.
    ///
    /// # Errors
    /// When it breaks a rule of its format, or the database does not answer; then the present one
    /// stays.
    pub fn change_policy(
        &self,
        change: impl Fn(Policy) -> Policy,
    ) -> Result<Verified<Policy>, StartError> {
        self.store.write(|db| {
            let present = *start::read_policy(db, &self.keys)?.value();
            let next = Policy {
                ledger: self.key(),
                number: PolicyNumber(present.number.0.saturating_add(1)),
                effective_at: db.now()?,
                ..change(present)
            };
            start::add_policy(db, &self.signer, &next)
        })?;
        self.refresh()
    }

    /// Takes over the newest policy of the database: another instance may have changed it.
    ///
    /// # Errors
    /// When the database does not answer, or holds a policy that this ledger did not sign.
    pub fn refresh(&self) -> Result<Verified<Policy>, StartError> {
        let policy = self.store.read(|db| start::read_policy(db, &self.keys))?;
        let terms = &mut *self.terms.write().unwrap_or_else(PoisonError::into_inner);
        terms.policy = *policy.value();
        let signed = &mut *self.policy.write().unwrap_or_else(PoisonError::into_inner);
        *signed = policy.clone();
        Ok(policy)
    }
}
