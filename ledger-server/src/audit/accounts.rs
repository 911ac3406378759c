//! Replays the awards of every account against its budgets.

use super::{finding::Audit, papers::Papers};
use crate::store::{Db, Row, Store, StoreError, Value, statements};
use meter_core::{Budgets, ByteCount, DurationMs, UnixMs};

/// Accounts in one snapshot.
const ACCOUNTS: u32 = 200;
/// Awards that are read at a time.
const AWARDS: u32 = 10_000;

/// Checks every account.
pub(super) fn check(
    store: &Store,
    papers: &Papers,
    audit: &mut Audit,
    go_on: &dyn Fn() -> bool,
) -> Result<(), StoreError> {
    let mut after = Vec::new();
    while go_on() {
        let last = store.read(|db| {
            let page = [Value::Bytes(after.clone()), ACCOUNTS.into()];
            let rows = db.rows(statements::ACCOUNTS, &page)?;
            let mut last = None;
            for row in rows.into_iter().take_while(|_| go_on()) {
                last = Some(check_one(db, row, papers, audit)?);
            }
            Ok::<_, StoreError>(last)
        })?;
        let Some(last) = last else {
            break;
        };
        after = last;
    }
    Ok(())
}

fn check_one(
    db: &mut dyn Db,
    mut row: Row,
    papers: &Papers,
    audit: &mut Audit,
) -> Result<Vec<u8>, StoreError> {
    audit.accounts += 1;
    let id = row.bytes()?;
    let name = format!("account_id {}", hex::encode(&id));
    row.int()?;
    let opened = row.unit(UnixMs::new)?;
    let stored = Budgets {
        time_paid_to: row.unit(UnixMs::new)?,
        bytes_paid_to: row.unit(UnixMs::new)?,
    };
    let mut budgets = Budgets::opened(opened);
    let mut at = (-1_i64, -1_i64, -1_i64);
    loop {
        let page = [
            Value::Bytes(id.clone()),
            at.0.into(),
            at.1.into(),
            at.2.into(),
            AWARDS.into(),
        ];
        let rows = db.rows(statements::AUDIT_AWARDS, &page)?;
        if rows.is_empty() {
            break;
        }
        for mut row in rows {
            at = (row.int()?, row.int()?, row.int()?);
            let followed = follow(&mut budgets, at.0, row, papers);
            if let Err(reason) = followed {
                let place = format!("chain_no {}, seq {}", at.1, at.2);
                audit.findings.add_of(&id, "reports", place, reason);
            }
        }
    }
    // An award that was stored again from a receipt counts from when it was stored again, so the
    // stored budgets may be later than these.
    let is_behind =
        stored.time_paid_to < budgets.time_paid_to || stored.bytes_paid_to < budgets.bytes_paid_to;
    if is_behind {
        let reason = "it was paid for more time or bytes than its row says";
        audit.findings.add_of(&id, "accounts", name, reason);
    }
    Ok(id)
}

fn follow(budgets: &mut Budgets, at: i64, mut row: Row, papers: &Papers) -> Result<(), String> {
    let out_of_range = |_| "a column is out of range".to_owned();
    let at = u64::try_from(at).ok().and_then(UnixMs::new);
    let at = at.ok_or("ledger_ms is out of range")?;
    let duration = row.unit(DurationMs::new).map_err(out_of_range)?;
    let bytes = row.unit(ByteCount::new).map_err(out_of_range)?;
    let policy = row.int32().map_err(out_of_range)?;
    // A missing policy is a finding already.
    let Some(policy) = papers.policies.get(&policy) else {
        return Ok(());
    };
    *budgets = budgets.after(&policy.allowance(), at, duration, bytes);
    if duration > DurationMs::ZERO && budgets.time_paid_to > at {
        return Err("the account was awarded more time than had passed".to_owned());
    }
    if bytes > ByteCount::ZERO && budgets.bytes_paid_to > at {
        return Err("the account was awarded more bytes than its policy allows".to_owned());
    }
    Ok(())
}
