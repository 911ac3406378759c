//! The short check at every start. It reads the ends of some chains and no other report, so a start
//! takes as long with ten million reports as with ten. The whole audit runs later, beside the work.

use super::finding::Findings;
use crate::store::{Row, Store, StoreError, statements};
use meter_core::{Receipt, Signable as _};

/// Most chains that are looked at.
const CHAINS: u32 = 200;

/// Compares the ends of at most 200 chains with what their rows say. `random` chooses where to
/// begin, so that many starts see all of them.
///
/// # Errors
/// When the database does not answer.
pub fn check_heads(store: &Store, random: u64) -> Result<Findings, StoreError> {
    let rows = store.read(|db| {
        let mut last = db.rows(statements::LAST_CHAIN, &[])?;
        let last = last.first_mut().map_or(Ok(0), |row| row.unit(Some))?;
        let spare = last.saturating_sub(CHAINS.into());
        let after = random.checked_rem(spare.saturating_add(1)).unwrap_or(0);
        let after = i64::try_from(after).unwrap_or(0);
        db.rows(statements::HEADS, &[after.into(), CHAINS.into()])
    })?;
    let mut findings = Findings::default();
    for mut row in rows {
        let number = row.int()?;
        if let Err(reason) = check(row) {
            findings.add("chains", format!("chain_no {number}"), reason);
        }
    }
    Ok(findings)
}

fn check(mut row: Row) -> Result<(), String> {
    let text = |error: StoreError| error.to_string();
    let (start, seq) = (row.int().map_err(text)?, row.int().map_err(text)?);
    let link = row.bytes().map_err(text)?;
    let total = row.int().map_err(text)?;
    let report = row.bytes_or_null().map_err(text)?;
    let receipt = row.bytes_or_null().map_err(text)?;
    let (Some(report), Some(receipt)) = (report, receipt) else {
        // Nothing was taken since the ledger began to follow it.
        return match seq == start && total == 0 {
            true => Ok(()),
            false => Err("its last report is not there".to_owned()),
        };
    };
    if report != link {
        return Err("link is not that of its last report".to_owned());
    }
    let receipt = Receipt::from_body(receipt.get(..200).unwrap_or_default());
    let receipt = receipt.map_err(|error| format!("its last receipt: {error}"))?;
    match receipt.awarded_total.get_signed() == total {
        true => Ok(()),
        false => Err("awarded_total is not that of its last receipt".to_owned()),
    }
}
