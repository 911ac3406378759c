//! Follows every chain from its beginning: links, sequence numbers, sums.

use super::{
    finding::Audit,
    papers::{self, Papers},
    reports::{Proven, ReportRow, prove_while},
};
use crate::store::{Db, Row, Store, StoreError, out_of_order, statements};
use meter_core::{
    Amount, ByteCount, ChainError, ChainHead, ChainId, CheckedKey, DeviceKey, DurationMs, LinkHash,
    RunningTotals,
};
use std::collections::BTreeMap;

/// Chains in one snapshot.
const CHAINS: u32 = 100;
/// Reports that are checked at a time.
const REPORTS: u32 = 2000;

/// A row of `chains`, and where its reports have led so far.
struct Chain {
    number: i64,
    account: Vec<u8>,
    /// The key that signs it; `None` if it cannot be used, which the reports' findings say.
    key: Option<CheckedKey<DeviceKey>>,
    /// What the row says about the last report.
    stored: Standing,
    /// What the reports say.
    run: Standing,
    /// Whether the totals of `run` are known. After a report that was forgotten they are not, until
    /// the next one tells them.
    knows_totals: bool,
    /// Whether `run` can be compared: no report of it was wrong.
    is_sound: bool,
}

/// Where a chain stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Standing {
    head: ChainHead,
    awarded_ms: i64,
    awarded_bytes: i64,
    awarded_total: i64,
}

/// Checks every chain.
pub(super) fn check(
    store: &Store,
    papers: &Papers,
    audit: &mut Audit,
    go_on: &dyn Fn() -> bool,
) -> Result<(), StoreError> {
    let mut after = -1_i64;
    while go_on() {
        let last = store.read(|db| check_page(db, after, papers, audit, go_on))?;
        let Some(last) = last else {
            break;
        };
        after = last;
    }
    Ok(())
}

/// Checks some chains in one snapshot; `None` after the last.
fn check_page(
    db: &mut dyn Db,
    after: i64,
    papers: &Papers,
    audit: &mut Audit,
    go_on: &dyn Fn() -> bool,
) -> Result<Option<i64>, StoreError> {
    let rows = db.rows(statements::AUDIT_CHAINS, &[after.into(), CHAINS.into()])?;
    let mut chains = BTreeMap::new();
    let mut last = None;
    for row in rows {
        audit.chains += 1;
        last = Some(row.clone().int()?);
        if let Some(chain) = begin(db, row, audit)? {
            chains.insert(chain.number, chain);
        }
    }
    let Some(last) = last else {
        return Ok(None);
    };
    if last <= after {
        return Err(out_of_order());
    }
    let mut rows = reports(db, (after, i64::MAX), last)?;
    while let Some(end) = rows.last().map(|row| (row.chain_no, row.seq))
        && go_on()
    {
        let key = |row: &ReportRow| chains.get(&row.chain_no)?.key.as_ref();
        let next = || reports(db, end, last);
        let (proven, next) = prove_while(papers, &rows, &key, next);
        for (row, proven) in rows.iter().zip(proven) {
            audit.reports += 1;
            audit.pruned += u64::from(row.signed.is_none());
            // Without a chain there is a finding about that already.
            let chain = chains.get_mut(&row.chain_no);
            let followed = proven.and_then(|proven| match chain {
                Some(chain) => chain.follow(row, &proven),
                None => Ok(()),
            });
            if let Err(reason) = followed {
                let chain = chains.get_mut(&row.chain_no);
                let account = chain.map_or(&row.account, |chain| {
                    chain.skip(row);
                    &chain.account
                });
                audit.findings.add_of(account, "reports", name(row), reason);
            }
        }
        rows = next?;
    }
    for chain in chains.values() {
        chain.finish(audit);
    }
    Ok(Some(last))
}

/// The next reports after a place (number of the chain, sequence number), until the chain `last`.
fn reports(db: &mut dyn Db, at: (i64, i64), last: i64) -> Result<Vec<ReportRow>, StoreError> {
    let page = [at.0.into(), at.1.into(), last.into(), REPORTS.into()];
    let rows = db.rows(statements::AUDIT_REPORTS, &page)?;
    let rows: Vec<_> = rows
        .into_iter()
        .map(ReportRow::read)
        .collect::<Result<_, _>>()?;
    match rows.last() {
        Some(row) if (row.chain_no, row.seq) <= at => Err(out_of_order()),
        _ => Ok(rows),
    }
}

fn name(row: &ReportRow) -> String {
    format!("chain_no {}, seq {}", row.chain_no, row.seq)
}

/// Reads a row and finds where its chain begins. `None` if something is wrong with that.
fn begin(db: &mut dyn Db, row: Row, audit: &mut Audit) -> Result<Option<Chain>, StoreError> {
    let number = row.clone().int()?;
    let name = format!("chain_no {number}");
    let (stored, account, start) = match read(row) {
        Ok(read) => read,
        Err(StoreError::Damaged(what)) => {
            audit.findings.add("chains", name, what);
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let head = stored.head;
    let stated = papers::enrolment(db, head.key)?;
    let begun = match stated {
        None => Err("there is no such device".to_owned()),
        Some(stated) if stated.account != account => {
            Err("it belongs to another account".to_owned())
        }
        Some(_) if start == 0 => Ok(ChainHead::genesis(head.chain, head.key)),
        Some(stated) => {
            let begun = stated.head.filter(|stated| is_start(stated, &head, start));
            begun.ok_or_else(|| "it does not begin where its device stated".to_owned())
        }
    };
    match begun {
        Ok(head) => Ok(Some(Chain {
            number,
            account,
            key: CheckedKey::new(head.key).ok(),
            stored,
            run: Standing {
                head,
                awarded_ms: 0,
                awarded_bytes: 0,
                awarded_total: 0,
            },
            knows_totals: true,
            is_sound: true,
        })),
        Err(reason) => {
            audit.findings.add_of(&account, "chains", name, reason);
            Ok(None)
        }
    }
}

fn is_start(stated: &ChainHead, chain: &ChainHead, start: u64) -> bool {
    (stated.chain, stated.key, stated.sequence) == (chain.chain, chain.key, start)
}

/// What a row of `chains` says: where it stands, its account, and where it began.
fn read(mut row: Row) -> Result<(Standing, Vec<u8>, u64), StoreError> {
    row.int()?;
    let key = DeviceKey(row.array()?);
    let chain = ChainId(row.array()?);
    let account = row.bytes()?;
    if ![1, 2].contains(&row.int()?) {
        return Err(StoreError::Damaged("its state is not known".to_owned()));
    }
    let start = row.unit(Some)?;
    let head = ChainHead {
        chain,
        key,
        sequence: row.unit(Some)?,
        link: LinkHash(row.array()?),
        totals: RunningTotals {
            duration: row.unit(DurationMs::new)?,
            bytes_up: row.unit(ByteCount::new)?,
            bytes_down: row.unit(ByteCount::new)?,
            amount: row.unit(Amount::new)?,
        },
    };
    let standing = Standing {
        head,
        awarded_ms: row.int()?,
        awarded_bytes: row.int()?,
        awarded_total: row.int()?,
    };
    Ok((standing, account, start))
}

impl Chain {
    /// Goes on to the next report.
    fn follow(&mut self, row: &ReportRow, proven: &Proven) -> Result<(), String> {
        let (run, receipt) = (self.run, &proven.receipt);
        let expected = run.head.sequence.saturating_add(1);
        if u64::try_from(row.seq) != Ok(expected) {
            return Err(format!("seq {expected} is next"));
        }
        if row.account != self.account {
            return Err("account_id is not that of its chain".to_owned());
        }
        let named = (receipt.device, receipt.chain, receipt.sequence);
        if named != (run.head.key, run.head.chain, expected) {
            return Err("receipt: it is for another place".to_owned());
        }
        let add = |sum: i64, more: i64| sum.checked_add(more).ok_or("the sum exceeds its limit");
        let sums = Standing {
            awarded_ms: add(run.awarded_ms, row.columns.award_ms)?,
            awarded_bytes: add(run.awarded_bytes, row.columns.award_bytes)?,
            awarded_total: add(run.awarded_total, row.columns.award)?,
            ..run
        };
        if receipt.awarded_total.get_signed() != sums.awarded_total {
            return Err("receipt: its total is not the sum of the chain's awards".to_owned());
        }
        let head = self.next_head(proven, expected)?;
        self.knows_totals = proven.report.is_some();
        self.run = Standing { head, ..sums };
        Ok(())
    }

    fn next_head(&self, proven: &Proven, sequence: u64) -> Result<ChainHead, String> {
        let head = self.run.head;
        let Some(report) = &proven.report else {
            let link = proven.receipt.link;
            return Ok(ChainHead {
                sequence,
                link,
                ..head
            });
        };
        match head.follow(report) {
            Ok(head) => Ok(head),
            // What came before was forgotten: this report tells the sums.
            Err(ChainError::Totals { .. }) if !self.knows_totals => Ok(ChainHead {
                sequence,
                link: report.value().link(),
                totals: report.value().totals,
                ..head
            }),
            Err(error) => Err(format!("report: {error}")),
        }
    }

    /// Goes on after a row that is wrong, so that it is named once and not again by every other.
    fn skip(&mut self, row: &ReportRow) {
        self.is_sound = false;
        self.knows_totals = false;
        let sequence = u64::try_from(row.seq).unwrap_or(self.run.head.sequence);
        self.run.head.sequence = sequence;
        if let Ok(link) = row.columns.link.as_slice().try_into() {
            self.run.head.link = LinkHash(link);
        }
        self.run.awarded_ms = self.run.awarded_ms.saturating_add(row.columns.award_ms);
        self.run.awarded_bytes = self
            .run
            .awarded_bytes
            .saturating_add(row.columns.award_bytes);
        self.run.awarded_total = self.run.awarded_total.saturating_add(row.columns.award);
    }

    /// Compares the end of the reports with what the row of the chain says.
    fn finish(&self, audit: &mut Audit) {
        let (stored, run) = (&self.stored, &self.run);
        let knows_totals = self.knows_totals && self.is_sound;
        let columns = [
            ("seq", stored.head.sequence == run.head.sequence),
            ("link", stored.head.link == run.head.link),
            (
                "a total of what was claimed",
                !knows_totals || stored.head.totals == run.head.totals,
            ),
            ("awarded_ms", stored.awarded_ms == run.awarded_ms),
            ("awarded_bytes", stored.awarded_bytes == run.awarded_bytes),
            ("awarded_total", stored.awarded_total == run.awarded_total),
        ];
        // A wrong report has its own finding; the sums over it say nothing more.
        let differing = columns.iter().find(|(_, same)| !same);
        if let Some((column, _)) = differing.filter(|_| self.is_sound) {
            let reason = format!("{column} is not what its reports add up to");
            let name = format!("chain_no {}", self.number);
            audit.findings.add_of(&self.account, "chains", name, reason);
        }
    }
}
