//! Recomputes everything in the file from what ledgers have signed.

use super::{
    Receipts,
    content::Member,
    enrolling::members,
    error::{ReceiptsError, ReceiptsFault},
    rows::{self, ChainRow},
};
use crate::{FileKind, opened, schema};
use meter_core::{
    Amount, ChainHead, ChainId, LedgerKeys, Receipt, ReceiptHead, SessionReport, Signable as _,
    Signed,
};
use rusqlite::Connection;

/// The content of a file of receipts that passed its audit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReceiptsAudit {
    /// Number of receipts of all memberships, all of them verified.
    pub receipts: u64,
    /// How many of them were compared with their reports. The reports of ended chains may be in
    /// other books.
    pub compared: u64,
    /// What all of them award.
    pub awarded: Amount,
    /// What their reports claim.
    pub claimed: Amount,
}

impl Receipts {
    /// Recomputes the whole file: SQLite's own check, the schema, the keys from the pinned one,
    /// each policy, each receipt's signature, that each follows from the one before, that each
    /// answers its report, and the sums. `report` gives the report of a place, if it is known. Its
    /// time grows with the file, its memory does not.
    ///
    /// # Errors
    /// [`ReceiptsError::Damaged`] with the first damage that is found.
    pub fn audit(
        &self,
        mut report: impl FnMut(ChainId, u64) -> Option<Signed<SessionReport>>,
    ) -> Result<ReceiptsAudit, ReceiptsError> {
        let snapshot = self.opened.read()?;
        opened::check_whole(FileKind::Receipts, &snapshot)?;
        schema::check(FileKind::Receipts, &snapshot)?;
        let mut audit = ReceiptsAudit::default();
        for member in members(&snapshot)? {
            let keys = rows::keys(&snapshot, &member)?;
            rows::policies(&snapshot, &member, &keys)?;
            check_start(&member, &mut report)?;
            for (name, chain) in rows::chains(&snapshot, &member)? {
                let mut of_chain = |sequence| report(name, sequence);
                check_chain(
                    &snapshot,
                    (&member, &keys),
                    &chain,
                    &mut of_chain,
                    &mut audit,
                )?;
            }
        }
        rows::contradictions(&snapshot)?;
        Ok(audit)
    }
}

/// The place of enrolment is not signed. It is compared with the report at it.
fn check_start(
    member: &Member,
    report: &mut dyn FnMut(ChainId, u64) -> Option<Signed<SessionReport>>,
) -> Result<(), ReceiptsFault> {
    let head = &member.membership.head;
    let sequence = head.sequence;
    let found = if sequence == 0 {
        let genesis = ChainHead::genesis(head.chain, head.key);
        Some((genesis.link, genesis.totals))
    } else {
        report(head.chain, sequence)
            .and_then(|report| SessionReport::from_body(report.body()).ok())
            .map(|report| (report.link(), report.totals))
    };
    match found {
        Some(found) if found != (head.link, head.totals) => Err(ReceiptsFault::Start { sequence }),
        Some(_) | None => Ok(()),
    }
}

fn check_chain(
    connection: &Connection,
    (member, keys): (&Member, &LedgerKeys),
    chain: &ChainRow,
    report: &mut dyn FnMut(u64) -> Option<Signed<SessionReport>>,
    audit: &mut ReceiptsAudit,
) -> Result<(), ReceiptsError> {
    let sql = format!(
        "SELECT {} FROM receipts WHERE chain = ?1 ORDER BY sequence",
        rows::RECEIPT
    );
    let mut select = connection.prepare_cached(&sql)?;
    let mut head = ReceiptHead::start(&chain.start, chain.awarded);
    let mut claimed = Amount::ZERO;
    for row in select.query_map([chain.number], rows::receipt)? {
        let row = rows::receipt_row(row?)?;
        let sequence = row.sequence;
        let receipt = rows::verify(&row, keys)?;
        let receipt = receipt.value();
        head = head
            .follow(receipt)
            .map_err(|error| ReceiptsFault::Chain { sequence, error })?;
        claimed = claimed.saturating_add(row.claimed);
        if claimed != row.claimed_total {
            return Err(ReceiptsFault::Sums { sequence }.into());
        }
        if let Some(report) = report(sequence) {
            check_answer(member, receipt, report, row.claimed)?;
            audit.compared = audit.compared.saturating_add(1);
        }
        audit.receipts = audit.receipts.saturating_add(1);
        audit.awarded = audit.awarded.saturating_add(receipt.amount);
        audit.claimed = audit.claimed.saturating_add(row.claimed);
    }
    Ok(())
}

fn check_answer(
    member: &Member,
    receipt: &Receipt,
    report: Signed<SessionReport>,
    claimed: Amount,
) -> Result<(), ReceiptsFault> {
    let sequence = receipt.sequence;
    // A report that does not verify is the book's damage, and the book's audit tells it. Here it is
    // not the report that was answered.
    let report = report
        .verify(member.membership.head.key)
        .map_err(|_| meter_core::AnswerError::OtherReport);
    let report = report.map_err(|error| ReceiptsFault::Answer { sequence, error })?;
    receipt
        .answers(report.value())
        .map_err(|error| ReceiptsFault::Answer { sequence, error })?;
    if report.value().amount == claimed {
        Ok(())
    } else {
        Err(ReceiptsFault::Sums { sequence })
    }
}
