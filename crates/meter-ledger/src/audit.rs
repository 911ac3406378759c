//! Checks that the book agrees with its reports: quickly for its head, or slowly for the whole
//! book.

use crate::{
    BookError, BookFault, FileKind, opened,
    posting::{self, Account, POSTINGS_PER_REPORT},
    rows, schema,
};
use meter_core::{ChainHead, RunningTotals, SessionReport};
use rusqlite::{Connection, OptionalExtension as _};

/// The content of a whole book that passed its audit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Audit {
    /// Number of reports in the book, all of them verified.
    pub reports: u64,
    /// Sums over all reports. The sum of the amounts is also the balance.
    pub totals: RunningTotals,
}

/// Compares the last report with the number of postings and their sum. Its running totals contain
/// every earlier report, so a lost or added posting is found without reading the earlier reports.
pub(crate) fn check_head(connection: &Connection) -> Result<(), BookError> {
    let head = rows::head(connection)?;
    let (sequence, amount) = head.map_or((0, 0), |head| {
        (head.sequence, head.totals.amount.get_signed())
    });
    let expected = sequence.saturating_mul(POSTINGS_PER_REPORT);
    let found: i64 = connection.query_row("SELECT count(*) FROM postings", [], |row| row.get(0))?;
    let found = found.unsigned_abs();
    if found != expected {
        return Err(BookFault::PostingCount { expected, found }.into());
    }
    if rows::sum(connection, Account::Credits)? != Some(amount) {
        let signed = amount.unsigned_abs();
        return Err(BookFault::Balance { signed }.into());
    }
    Ok(())
}

/// Recomputes everything, in an order in which each step relies only on earlier ones.
pub(crate) fn whole(connection: &Connection) -> Result<Audit, BookError> {
    // The session in progress has no other check than this one.
    opened::check_whole(FileKind::Book, connection)?;
    schema::check(FileKind::Book, connection)?;
    let last = check_reports(connection)?;
    check_head(connection)?;
    Ok(Audit {
        reports: last.map_or(0, |head| head.sequence),
        totals: last.map_or_else(RunningTotals::default, |head| head.totals),
    })
}

fn check_reports(connection: &Connection) -> Result<Option<ChainHead>, BookError> {
    let chain = rows::chain(connection)?;
    let mut select =
        connection.prepare_cached("SELECT sequence, signed FROM reports ORDER BY sequence")?;
    let mut head = chain.map(|(chain, key)| ChainHead::genesis(chain, key));
    for kept in select.query_map([], rows::report)? {
        let (kept, before) = (kept?, head.ok_or(BookFault::NoChain)?);
        let sequence = kept.sequence;
        let report = rows::verify(kept, before.chain, before.key)?;
        let after = before
            .follow(&report)
            .map_err(|error| BookFault::Chain { sequence, error })?;
        check_postings(connection, report.value())?;
        head = Some(after);
    }
    Ok(head)
}

fn check_postings(connection: &Connection, report: &SessionReport) -> Result<(), BookError> {
    let mut select = connection
        .prepare_cached("SELECT amount FROM postings WHERE account = ?1 AND report = ?2")?;
    let sequence = report.sequence;
    for posting in posting::of(report)? {
        let place = (posting.account.name(), i64::try_from(sequence).ok());
        let found: Option<i64> = select.query_row(place, |row| row.get(0)).optional()?;
        if found != Some(posting.amount) {
            return Err(BookFault::Postings { sequence }.into());
        }
    }
    Ok(())
}
