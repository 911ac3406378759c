//! Replays the awards of every account against its budgets.

use super::{finding::Audit, papers::Papers};
use crate::store::{Db, Pages, Row, Store, StoreError, Value, statements};
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
    let mut pages = Pages::new(statements::ACCOUNTS, vec![Value::Bytes(Vec::new())]);
    while go_on() {
        let checked = store.read(|db| {
            let rows = pages.next(db, ACCOUNTS)?;
            let count = rows.len();
            for row in rows.into_iter().take_while(|_| go_on()) {
                check_one(db, row, papers, audit)?;
            }
            Ok::<_, StoreError>(count)
        })?;
        if checked == 0 {
            break;
        }
    }
    Ok(())
}

fn check_one(
    db: &mut dyn Db,
    mut row: Row,
    papers: &Papers,
    audit: &mut Audit,
) -> Result<(), StoreError> {
    audit.accounts += 1;
    let id = row.bytes()?;
    let name = format!("account_id {}", hex::encode(&id));
    row.int()?;
    let opened = row.unit(UnixMs::new)?;
    let stored = Budgets {
        time_paid_to: row.unit(UnixMs::new)?,
        bytes_paid_to: row.unit(UnixMs::new)?,
    };
    let last = row.int()?;
    let mut course = Course::opened(opened);
    for mut row in db.rows(statements::AUDIT_ERAS, &[Value::Bytes(id.clone())])? {
        let era = row.int()?;
        if !(0..=last).contains(&era) {
            let reason = format!("it has reports of era {era}, and its row says {last}");
            audit.findings.add_of(&id, "accounts", name.clone(), reason);
        }
        course.begins = era > 0;
        follow_era(db, &id, era, &mut course, papers, audit)?;
    }
    let least = course.least;
    let is_behind =
        stored.time_paid_to < least.time_paid_to || stored.bytes_paid_to < least.bytes_paid_to;
    if is_behind {
        let reason = "it was paid for more time or bytes than its row says";
        audit.findings.add_of(&id, "accounts", name, reason);
    }
    Ok(())
}

/// Follows the awards of one era, in the order of their times.
fn follow_era(
    db: &mut dyn Db,
    account: &[u8],
    era: i64,
    course: &mut Course,
    papers: &Papers,
    audit: &mut Audit,
) -> Result<(), StoreError> {
    let mut pages = Pages::new(statements::AUDIT_AWARDS, vec![Value::Int(-1); 3])
        .of(vec![account.into(), era.into()]);
    loop {
        let rows = pages.next(db, AWARDS)?;
        if rows.is_empty() {
            return Ok(());
        }
        for mut row in rows {
            let at = (row.int()?, row.int()?, row.int()?);
            if let Err(reason) = course.follow(at.0, row, papers) {
                let place = format!("chain_no {}, seq {}", at.1, at.2);
                audit.findings.add_of(account, "reports", place, reason);
            }
        }
    }
}

/// What the awards of an account make of its budgets.
struct Course {
    budgets: Budgets,
    /// What the row of the account says at least. An award that was stored again from a receipt
    /// counts from when it was stored again, so the row may be later, and ends no backlog.
    least: Budgets,
    /// Whether the clock came back from far ahead before the next award, which says when.
    begins: bool,
}

impl Course {
    const fn opened(opened: UnixMs) -> Self {
        Self {
            budgets: Budgets::opened(opened),
            least: Budgets::opened(opened),
            begins: false,
        }
    }

    fn follow(&mut self, at: i64, mut row: Row, papers: &Papers) -> Result<(), String> {
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
        let allowance = policy.allowance();
        if std::mem::take(&mut self.begins) {
            self.budgets = self.budgets.set_right(&allowance, at);
            // It ends no backlog, so it does not show whether it had to be set right, too.
            self.least = Budgets {
                time_paid_to: self.least.time_paid_to.min(at),
                bytes_paid_to: self.least.bytes_paid_to.min(at),
            };
        }
        self.budgets = self.budgets.after(&allowance, at, duration, bytes);
        self.least = self.least.after_return(&allowance, duration, bytes);
        if duration > DurationMs::ZERO && self.budgets.time_paid_to > at {
            return Err("the account was awarded more time than had passed".to_owned());
        }
        if bytes > ByteCount::ZERO && self.budgets.bytes_paid_to > at {
            return Err("the account was awarded more bytes than its policy allows".to_owned());
        }
        Ok(())
    }
}
