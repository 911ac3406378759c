//! Forgets the bodies of old reports. What was awarded, the receipts, and the hashes that link the
//! reports stay, so replays and audits work as before. The device keeps its reports.

use super::Ledger;
use crate::store::{Row, StoreError, Value, out_of_order, statements};
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
        let (mut after, mut pruned) = (-1_i64, 0_u64);
        while go_on() {
            let page = [after.into(), CHAINS_AT_ONCE.into()];
            let rows = self
                .store
                .read(|db| db.rows(statements::CHAIN_NUMBERS, &page))?;
            let numbers = rows.into_iter().map(|mut row: Row| row.int());
            let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
            let Some(&last) = numbers.last() else {
                break;
            };
            if last <= after {
                return Err(out_of_order());
            }
            after = last;
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
