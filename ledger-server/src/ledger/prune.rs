//! Forgets the bodies of old reports. What was awarded, the receipts, and the hashes that link the
//! reports stay, so replays and audits work as before. The device keeps its reports.

use super::Ledger;
use crate::store::{Pages, Row, StoreError, Value, statements};
use meter_core::UnixMs;

/// Chains in one transaction, so that reports are taken meanwhile.
const CHAINS_AT_ONCE: u32 = 100;

impl Ledger {
    /// Forgets the bodies of all reports that were taken before `before`, and returns how many.
    /// `go_on` is asked between transactions.
    ///
    /// # Errors
    /// When the database does not answer; what was forgotten before stays forgotten.
    pub fn prune(&self, before: UnixMs, go_on: impl Fn() -> bool) -> Result<u64, StoreError> {
        let mut pages = Pages::new(statements::CHAIN_NUMBERS, vec![Value::Int(-1)]);
        let mut pruned = 0_u64;
        while go_on() {
            let rows = self.store.read(|db| pages.next(db, CHAINS_AT_ONCE))?;
            if rows.is_empty() {
                break;
            }
            let numbers = rows.into_iter().map(|mut row: Row| row.int());
            let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
            let of = |number: &i64| vec![Value::Int(*number), Value::Int(before.get_signed())];
            let sets: Vec<_> = numbers.iter().map(of).collect();
            let changed = self
                .store
                .write(|db| db.run_all(statements::PRUNE, &sets))?;
            pruned = changed.into_iter().fold(pruned, u64::saturating_add);
        }
        Ok(pruned)
    }
}
