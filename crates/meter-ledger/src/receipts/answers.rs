//! Receipts: adding them, how far a chain is answered, and sums.

use super::{
    Receipts,
    content::{Added, LoweredSum, Member, Sums, Waiting, start_of},
    error::{ReceiptsError, ReceiptsFault},
    rows::{self, ChainRow},
};
use crate::file_error::Bug;
use meter_core::{
    Amount, Answered, AnsweredReport, ChainEnd, ChainHead, ChainId, LedgerKeys, Reasons, Receipt,
    Signed, UnixMs, Verified,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

impl Receipts {
    /// Adds receipts of reports, in the order of their chains: all of them, or none. A receipt that
    /// is stored already changes nothing.
    ///
    /// # Errors
    /// [`ReceiptsError::Second`] when another receipt is stored for the same report;
    /// [`ReceiptsError::NotAnswering`], [`ReceiptsError::NotNext`], [`ReceiptsError::Foreign`] and
    /// [`ReceiptsError::Ended`] when a receipt does not belong there;
    /// [`ReceiptsError::NotEnrolled`]; also when the disk is full or fails, or the file is busy or
    /// damaged.
    pub fn add(&mut self, answers: &[AnsweredReport]) -> Result<Added, ReceiptsError> {
        let added = self.append(answers);
        added.map_err(|error| self.explained(error))
    }

    fn append(&mut self, answers: &[AnsweredReport]) -> Result<Added, ReceiptsError> {
        let transaction = self.opened.write()?;
        let member = rows::current_member(&transaction)?.ok_or(ReceiptsError::NotEnrolled)?;
        let keys = rows::keys(&transaction, &member)?;
        let mut added = Added::default();
        for answer in answers {
            let count = match append_one(&transaction, &member, &keys, answer)? {
                Stored::New => &mut added.new,
                Stored::Already => &mut added.already,
            };
            *count = count.saturating_add(1);
        }
        transaction.commit()?;
        Ok(added)
    }

    /// How far a chain of this device is answered.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk fails, or the file is busy or damaged.
    pub fn answered(&self, chain: ChainId) -> Result<Answered, ReceiptsError> {
        let snapshot = self.opened.read()?;
        let member = rows::current_member(&snapshot)?.ok_or(ReceiptsError::NotEnrolled)?;
        let keys = rows::keys(&snapshot, &member)?;
        let (answered, _) = rows::answered(&snapshot, &member, chain, &keys)?;
        Ok(answered)
    }

    /// The last receipt of a chain.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk fails, or the file is busy or damaged.
    pub fn last(&self, chain: ChainId) -> Result<Option<Verified<Receipt>>, ReceiptsError> {
        let snapshot = self.opened.read()?;
        let member = rows::current_member(&snapshot)?.ok_or(ReceiptsError::NotEnrolled)?;
        let keys = rows::keys(&snapshot, &member)?;
        let Some(row) = rows::chain(&snapshot, &member, chain)? else {
            return Ok(None);
        };
        let last = rows::last(&snapshot, &row)?;
        let last = last.map(|row| rows::verify(&row, &keys)).transpose()?;
        Ok(last)
    }

    /// What waits: the reports of the book's chain, whose head is `head`, after the last one that
    /// has a receipt. Nothing if the book is older than the receipts.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk fails, or the file is busy or damaged.
    pub fn waiting(&self, head: &ChainHead) -> Result<Waiting, ReceiptsError> {
        let snapshot = self.opened.read()?;
        let member = rows::current_member(&snapshot)?.ok_or(ReceiptsError::NotEnrolled)?;
        let keys = rows::keys(&snapshot, &member)?;
        let (answered, _) = rows::answered(&snapshot, &member, head.chain, &keys)?;
        Ok(waiting(&member, head, &answered))
    }

    /// Sums over all chains of the membership in force.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk fails, or the file is busy or damaged.
    pub fn sums(&self) -> Result<Sums, ReceiptsError> {
        let snapshot = self.opened.read()?;
        let member = rows::current_member(&snapshot)?.ok_or(ReceiptsError::NotEnrolled)?;
        sums(&snapshot, &member)
    }

    /// Up to `limit` receipts of a chain with numbers above `after`, in ascending order. They are
    /// claims, like everything that is read from a disk: verify them before use.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk fails, or the file is busy or damaged.
    pub fn receipts(
        &self,
        chain: ChainId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Signed<Receipt>>, ReceiptsError> {
        let snapshot = self.opened.read()?;
        let member = rows::current_member(&snapshot)?.ok_or(ReceiptsError::NotEnrolled)?;
        some(&snapshot, &member, chain, after, limit)
    }

    /// The same for any membership, also one that was left.
    ///
    /// # Errors
    /// When the disk fails, or the file is busy or damaged.
    pub fn receipts_of(
        &self,
        member: &Member,
        chain: ChainId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Signed<Receipt>>, ReceiptsError> {
        some(&*self.opened.read()?, member, chain, after, limit)
    }

    /// The chains of a membership of which something is stored, in the order in which they began.
    ///
    /// # Errors
    /// When the disk fails, or the file is busy or damaged.
    pub fn chains_of(&self, member: &Member) -> Result<Vec<ChainId>, ReceiptsError> {
        let chains = rows::chains(&*self.opened.read()?, member)?;
        Ok(chains.into_iter().map(|(chain, _)| chain).collect())
    }

    /// Notes that a chain takes no more reports, and where it stood. What it claims without an
    /// answer stays in the sums as unanswered. A chain that has ended stays as it is.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk is full or fails, or the file is busy or
    /// damaged.
    pub fn end_chain(
        &mut self,
        head: &ChainHead,
        why: ChainEnd,
        at: UnixMs,
    ) -> Result<(), ReceiptsError> {
        let transaction = self.opened.write()?;
        let member = rows::current_member(&transaction)?.ok_or(ReceiptsError::NotEnrolled)?;
        let keys = rows::keys(&transaction, &member)?;
        let chain = begun(&transaction, &member, head.chain)?;
        if is_ended(&transaction, &chain)? {
            return Ok(());
        }
        let (answered, _) = rows::answered(&transaction, &member, head.chain, &keys)?;
        let waiting = waiting(&member, head, &answered);
        let claimed = answered.claimed.saturating_add(waiting.amount);
        let sequence = i64::try_from(head.sequence.max(answered.sequence))
            .map_err(|_| Bug::new("a sequence number beyond the limit"))?;
        transaction.execute(
            "INSERT INTO ends VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                chain.number,
                sequence,
                claimed.get_signed(),
                why.name(),
                at.get_signed(),
            ),
        )?;
        Ok(transaction.commit()?)
    }

    /// Why a chain takes no more reports; `None` while it does.
    ///
    /// # Errors
    /// [`ReceiptsError::NotEnrolled`]; also when the disk fails, or the file is busy or damaged.
    pub fn chain_end(&self, chain: ChainId) -> Result<Option<ChainEnd>, ReceiptsError> {
        let snapshot = self.opened.read()?;
        let member = rows::current_member(&snapshot)?.ok_or(ReceiptsError::NotEnrolled)?;
        let Some(row) = rows::chain(&snapshot, &member, chain)? else {
            return Ok(None);
        };
        let why: Option<String> = snapshot
            .prepare_cached("SELECT why FROM ends WHERE chain = ?1")?
            .query_row([row.number], |row| row.get(0))
            .optional()?;
        let Some(why) = why else {
            return Ok(None);
        };
        let end = ChainEnd::by_name(&why);
        Ok(Some(end.ok_or(ReceiptsFault::Value("the end of a chain"))?))
    }
}

enum Stored {
    New,
    Already,
}

fn append_one(
    transaction: &Transaction<'_>,
    member: &Member,
    keys: &LedgerKeys,
    answer: &AnsweredReport,
) -> Result<Stored, ReceiptsError> {
    let (report, receipt) = (answer.report.value(), answer.receipt.value());
    let sequence = receipt.sequence;
    if receipt.device != member.membership.head.key || !keys.contains(receipt.ledger) {
        return Err(ReceiptsError::Foreign);
    }
    receipt
        .answers(report)
        .map_err(|source| ReceiptsError::NotAnswering { sequence, source })?;
    let chain = begun(transaction, member, receipt.chain)?;
    let (answered, head) = rows::answered(transaction, member, receipt.chain, keys)?;
    if sequence > answered.start && sequence <= answered.sequence {
        return already(transaction, &chain, answer);
    }
    head.follow(receipt).map_err(ReceiptsError::NotNext)?;
    if is_ended(transaction, &chain)? {
        return Err(ReceiptsError::Ended);
    }
    let claimed_total = answered
        .claimed
        .checked_add(report.amount)
        .ok_or_else(|| Bug::new("a sum beyond the limit"))?;
    let number =
        i64::try_from(sequence).map_err(|_| Bug::new("a sequence number beyond the limit"))?;
    transaction
        .prepare_cached("INSERT INTO receipts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute((
            chain.number,
            number,
            rows::stored(&answer.receipt),
            receipt.reasons.bits(),
            report.amount.get_signed(),
            claimed_total.get_signed(),
            receipt.amount.get_signed(),
            receipt.awarded_total.get_signed(),
        ))?;
    Ok(Stored::New)
}

/// A receipt for a place that has one: either the stored one or a second, different one.
fn already(
    transaction: &Transaction<'_>,
    chain: &ChainRow,
    answer: &AnsweredReport,
) -> Result<Stored, ReceiptsError> {
    let sequence = answer.receipt.value().sequence;
    let number = i64::try_from(sequence).ok();
    let sql = format!(
        "SELECT {} FROM receipts WHERE chain = ?1 AND sequence = ?2",
        rows::RECEIPT
    );
    let kept = transaction
        .prepare_cached(&sql)?
        .query_row((chain.number, number), rows::receipt)
        .optional()?
        .ok_or(ReceiptsFault::Value("a receipt"))?;
    // The body is the receipt: a second valid signature over it adds nothing.
    if rows::receipt_row(kept)?.signed.body() == answer.receipt.signed().body() {
        Ok(Stored::Already)
    } else {
        Err(ReceiptsError::Second { sequence })
    }
}

/// The row of a chain, which is made if it does not exist yet.
fn begun(
    transaction: &Transaction<'_>,
    member: &Member,
    chain: ChainId,
) -> Result<ChainRow, ReceiptsError> {
    if let Some(row) = rows::chain(transaction, member, chain)? {
        return Ok(row);
    }
    let (start, awarded) = start_of(&member.membership, chain);
    let sequence = i64::try_from(start.sequence)
        .map_err(|_| Bug::new("a sequence number beyond the limit"))?;
    transaction.execute(
        "INSERT INTO chains VALUES \
         ((SELECT coalesce(max(number), 0) + 1 FROM chains), ?1, ?2, ?3, ?4)",
        (member.number, chain.0, sequence, awarded.get_signed()),
    )?;
    Ok(ChainRow {
        number: transaction.last_insert_rowid(),
        start,
        awarded,
    })
}

fn is_ended(connection: &Connection, chain: &ChainRow) -> Result<bool, ReceiptsError> {
    let ended = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM ends WHERE chain = ?1)")?
        .query_row([chain.number], |row| row.get(0))?;
    Ok(ended)
}

fn waiting(member: &Member, head: &ChainHead, answered: &Answered) -> Waiting {
    let (start, _) = start_of(&member.membership, head.chain);
    let settled = start.totals.amount.saturating_add(answered.claimed);
    Waiting {
        reports: head.sequence.saturating_sub(answered.sequence),
        amount: Amount::new(head.totals.amount.since(settled)).unwrap_or_default(),
    }
}

fn some(
    connection: &Connection,
    member: &Member,
    chain: ChainId,
    after: u64,
    limit: u32,
) -> Result<Vec<Signed<Receipt>>, ReceiptsError> {
    let (Some(row), Ok(after)) = (
        rows::chain(connection, member, chain)?,
        i64::try_from(after),
    ) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT {} FROM receipts WHERE chain = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
        rows::RECEIPT
    );
    let mut select = connection.prepare_cached(&sql)?;
    let found = select.query_map((row.number, after, limit), rows::receipt)?;
    let mut receipts = Vec::new();
    for row in found {
        receipts.push(rows::receipt_row(row?)?.signed);
    }
    Ok(receipts)
}

fn sums(connection: &Connection, member: &Member) -> Result<Sums, ReceiptsError> {
    let keys = rows::keys(connection, member)?;
    let mut sums = Sums {
        before: member.membership.head.totals.amount,
        awarded_before: member.membership.awarded,
        ..Sums::default()
    };
    let chains = rows::chains(connection, member)?;
    let first = member.membership.head.chain;
    if !chains.iter().any(|(chain, _)| *chain == first) {
        sums.credited = member.membership.awarded;
    }
    for (chain, row) in chains {
        let (answered, _) = rows::answered(connection, member, chain, &keys)?;
        sums.answered = sums.answered.saturating_add(answered.claimed);
        sums.credited = sums.credited.saturating_add(answered.awarded_total);
        if let Some((sequence, claimed)) = end(connection, &row)? {
            let left = Amount::new(claimed.since(answered.claimed)).unwrap_or_default();
            sums.unanswered = sums.unanswered.saturating_add(left);
            let reports = sequence.saturating_sub(answered.sequence);
            sums.unanswered_reports = sums.unanswered_reports.saturating_add(reports);
        }
    }
    sums.lowered = lowered(connection, member)?;
    Ok(sums)
}

/// Where an ended chain stood, and what it claims.
fn end(connection: &Connection, chain: &ChainRow) -> Result<Option<(u64, Amount)>, ReceiptsError> {
    let row: Option<(i64, i64)> = connection
        .prepare_cached("SELECT sequence, claimed_total FROM ends WHERE chain = ?1")?
        .query_row([chain.number], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((sequence, claimed)) = row else {
        return Ok(None);
    };
    Ok(Some((rows::count(sequence)?, rows::amount(claimed)?)))
}

fn lowered(connection: &Connection, member: &Member) -> Result<Vec<LoweredSum>, ReceiptsError> {
    let mut select = connection.prepare_cached(
        "SELECT reasons, count(*), sum(claimed), sum(amount) FROM receipts \
         WHERE reasons <> 0 AND chain IN (SELECT number FROM chains WHERE membership = ?1) \
         GROUP BY reasons ORDER BY reasons",
    )?;
    let found = select.query_map([member.number], |row| {
        let numbers: [i64; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        Ok((row.get::<_, u16>(0)?, numbers))
    })?;
    let mut sums = Vec::new();
    for row in found {
        let (bits, [sessions, claimed, awarded]) = row?;
        sums.push(LoweredSum {
            reasons: Reasons::from_bits(bits).ok_or(ReceiptsFault::Value("a set of reasons"))?,
            sessions: rows::count(sessions)?,
            claimed: rows::amount(claimed)?,
            awarded: rows::amount(awarded)?,
        });
    }
    Ok(sums)
}
