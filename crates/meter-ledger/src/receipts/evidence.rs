//! Evidence that a ledger contradicts itself.

use super::{Receipts, content::Contradiction, error::ReceiptsError, rows};
use meter_core::{ContradictionKind, UnixMs};

/// Most contradictions that are kept. More of them prove nothing more, and a ledger must not be
/// able to fill a disk.
const CONTRADICTIONS_MAX: i64 = 100;

/// Most bytes of one contradiction.
const EVIDENCE_BYTES_MAX: usize = 4096;

impl Receipts {
    /// Keeps what a ledger sent, byte for byte, at most 4,096 bytes of it. What is kept already
    /// changes nothing, and nor does the one after the hundredth.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk is full or fails, or the file is busy or
    /// damaged.
    pub fn keep_contradiction(
        &mut self,
        kind: ContradictionKind,
        evidence: &[u8],
        at: UnixMs,
    ) -> Result<(), ReceiptsError> {
        let evidence = evidence.get(..EVIDENCE_BYTES_MAX).unwrap_or(evidence);
        let transaction = self.opened.write()?;
        let member = rows::current(&transaction)?.ok_or(ReceiptsError::NotEnrolled)?;
        let count: i64 =
            transaction.query_row("SELECT count(*) FROM contradictions", [], |row| row.get(0))?;
        let is_kept: bool = transaction.query_row(
            "SELECT EXISTS (SELECT 1 FROM contradictions \
             WHERE membership = ?1 AND kind = ?2 AND evidence = ?3)",
            (member, kind.name(), evidence),
            |row| row.get(0),
        )?;
        if is_kept || count >= CONTRADICTIONS_MAX || evidence.is_empty() {
            return Ok(());
        }
        transaction.execute(
            "INSERT INTO contradictions VALUES ((SELECT count(*) + 1 FROM contradictions), \
             ?1, ?2, ?3, ?4)",
            (member, kind.name(), evidence, at.get_signed()),
        )?;
        Ok(transaction.commit()?)
    }

    /// All contradictions of all memberships, in the order in which they were noticed.
    ///
    /// # Errors
    /// When the disk fails, or the file is busy or damaged.
    pub fn contradictions(&self) -> Result<Vec<Contradiction>, ReceiptsError> {
        rows::contradictions(&*self.opened.read()?)
    }
}
