//! Converts rows to values. A row with an impossible value is reported as damage.

use super::{
    content::{Contradiction, Member, Membership, start_of},
    error::{ReceiptsError, ReceiptsFault},
};
use meter_core::{
    AccountId, Amount, Answered, ByteCount, ChainHead, ChainId, ContradictionKind, DeviceKey,
    DurationMs, KeyChange, LedgerKey, LedgerKeys, LinkHash, Policy, Receipt, ReceiptHead,
    RunningTotals, SIGNATURE_BYTES, Signable, Signed, UnixMs, Verified,
};
use rusqlite::{Connection, OptionalExtension as _, Row};

/// A chain and where its receipts begin.
#[derive(Clone, Copy)]
pub(super) struct ChainRow {
    pub(super) number: i64,
    pub(super) start: ChainHead,
    pub(super) awarded: Amount,
}

/// A stored receipt with the sums beside it. Nothing is verified yet.
pub(super) struct ReceiptRow {
    pub(super) sequence: u64,
    pub(super) signed: Signed<Receipt>,
    pub(super) claimed: Amount,
    pub(super) claimed_total: Amount,
}

/// Takes body and signature of one kind apart.
fn signed<T: Signable>(bytes: &[u8]) -> Result<Signed<T>, ReceiptsFault> {
    let parts = bytes.split_last_chunk::<SIGNATURE_BYTES>();
    let (body, signature) = parts.ok_or(ReceiptsFault::Value("a signed body"))?;
    Ok(Signed::new(body.to_vec(), *signature))
}

/// The storage form: body, then signature.
pub(super) fn stored<T>(value: &Verified<T>) -> Vec<u8> {
    [value.signed().body(), value.signed().signature()].concat()
}

fn unit<T>(
    number: i64,
    of: impl FnOnce(u64) -> Option<T>,
    what: &'static str,
) -> Result<T, ReceiptsFault> {
    let number = u64::try_from(number).ok();
    number.and_then(of).ok_or(ReceiptsFault::Value(what))
}

pub(super) fn amount(number: i64) -> Result<Amount, ReceiptsFault> {
    unit(number, Amount::new, "an amount")
}

pub(super) fn count(number: i64) -> Result<u64, ReceiptsFault> {
    unit(number, Some, "a number")
}

pub(super) fn small(number: i64) -> Result<u32, ReceiptsFault> {
    u32::try_from(number).map_err(|_| ReceiptsFault::Value("a number"))
}

/// The number of the membership in force.
pub(super) fn current(connection: &Connection) -> Result<Option<i64>, ReceiptsError> {
    let number = connection
        .prepare_cached(
            "SELECT membership FROM stays WHERE number = (SELECT max(number) FROM stays) \
             AND number NOT IN (SELECT stay FROM departures)",
        )?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(number)
}

pub(super) fn current_member(connection: &Connection) -> Result<Option<Member>, ReceiptsError> {
    let number = current(connection)?;
    number.map(|number| member(connection, number)).transpose()
}

/// A membership that exists.
pub(super) fn member(connection: &Connection, number: i64) -> Result<Member, ReceiptsError> {
    let read = |row: &Row<'_>| {
        let numbers: [i64; 6] = [
            row.get("sequence")?,
            row.get("duration_ms")?,
            row.get("bytes_up")?,
            row.get("bytes_down")?,
            row.get("amount")?,
            row.get("awarded")?,
        ];
        let key = DeviceKey(row.get("device_key")?);
        let membership = Membership {
            ledger: LedgerKey(row.get("ledger_key")?),
            address: row.get("address")?,
            account: AccountId(row.get("account")?),
            name: row.get("device_name")?,
            enrolled_at: UnixMs::ZERO,
            head: ChainHead {
                link: LinkHash(row.get("link")?),
                ..ChainHead::genesis(ChainId(row.get("chain")?), key)
            },
            awarded: Amount::ZERO,
        };
        let times: (i64, Option<i64>) = (row.get("joined_at_ms")?, row.get("left_at_ms")?);
        Ok((membership, numbers, times))
    };
    let (mut membership, numbers, (joined, left)) = connection
        .prepare_cached(
            "SELECT m.*, s.address, s.device_name, s.joined_at_ms, d.left_at_ms \
             FROM memberships m \
             JOIN stays s ON s.number = \
             (SELECT max(number) FROM stays WHERE membership = m.number) \
             LEFT JOIN departures d ON d.stay = s.number WHERE m.number = ?1",
        )?
        .query_row([number], read)
        .optional()?
        .ok_or(ReceiptsFault::Value("a membership"))?;
    let [sequence, duration, up, down, claimed, awarded] = numbers;
    membership.head.sequence = count(sequence)?;
    membership.head.totals = RunningTotals {
        duration: unit(duration, DurationMs::new, "a duration")?,
        bytes_up: unit(up, ByteCount::new, "a count of bytes")?,
        bytes_down: unit(down, ByteCount::new, "a count of bytes")?,
        amount: amount(claimed)?,
    };
    membership.awarded = amount(awarded)?;
    membership.enrolled_at = unit(joined, UnixMs::new, "a time")?;
    let left_at = left.map(|left| unit(left, UnixMs::new, "a time"));
    Ok(Member {
        number: small(number)?,
        membership,
        left_at: left_at.transpose()?,
    })
}

/// The ledger's keys: the pinned one, and those that it signed over to.
pub(super) fn keys(connection: &Connection, member: &Member) -> Result<LedgerKeys, ReceiptsError> {
    let mut keys = LedgerKeys::new(member.membership.ledger);
    let mut select = connection
        .prepare_cached("SELECT signed FROM key_changes WHERE membership = ?1 ORDER BY number")?;
    let rows = select.query_map([member.number], |row| row.get::<_, Vec<u8>>(0))?;
    for row in rows {
        let change: Signed<KeyChange> = signed(&row?)?;
        keys.add(change).map_err(ReceiptsFault::Key)?;
    }
    Ok(keys)
}

/// The stored policies, in ascending order; each verified.
pub(super) fn policies(
    connection: &Connection,
    member: &Member,
    keys: &LedgerKeys,
) -> Result<Vec<Verified<Policy>>, ReceiptsError> {
    let mut select = connection.prepare_cached(
        "SELECT number, signed FROM policies WHERE membership = ?1 ORDER BY number",
    )?;
    let rows = select.query_map([member.number], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    let mut policies = Vec::new();
    for row in rows {
        let (number, bytes) = row?;
        let number = small(number)?;
        let policy = keys
            .verify(signed::<Policy>(&bytes)?)
            .map_err(|error| ReceiptsFault::Policy { number, error })?;
        policies.push(policy);
    }
    Ok(policies)
}

/// A chain of this membership; `None` while nothing of it is stored.
pub(super) fn chain(
    connection: &Connection,
    member: &Member,
    chain: ChainId,
) -> Result<Option<ChainRow>, ReceiptsError> {
    let row = connection
        .prepare_cached(
            "SELECT number, start, awarded FROM chains WHERE membership = ?1 AND chain = ?2",
        )?
        .query_row((member.number, chain.0), |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
        .optional()?;
    let Some((number, begin, given)) = row else {
        return Ok(None);
    };
    let (start, awarded) = start_of(&member.membership, chain);
    if (count(begin)?, amount(given)?) != (start.sequence, awarded) {
        return Err(ReceiptsFault::Value("the start of a chain").into());
    }
    Ok(Some(ChainRow {
        number,
        start,
        awarded,
    }))
}

/// All chains of a membership, in the order in which they began.
pub(super) fn chains(
    connection: &Connection,
    member: &Member,
) -> Result<Vec<(ChainId, ChainRow)>, ReceiptsError> {
    let mut select = connection
        .prepare_cached("SELECT chain FROM chains WHERE membership = ?1 ORDER BY number")?;
    let names = select.query_map([member.number], |row| row.get(0).map(ChainId))?;
    let names: Vec<ChainId> = names.collect::<Result<_, _>>()?;
    let mut chains = Vec::new();
    for name in names {
        let row = chain(connection, member, name)?;
        chains.push((name, row.ok_or(ReceiptsFault::Value("a chain"))?));
    }
    Ok(chains)
}

/// Columns of a receipt, as [`receipt`] reads them.
pub(super) const RECEIPT: &str = "sequence, signed, claimed, claimed_total";

pub(super) fn receipt(row: &Row<'_>) -> rusqlite::Result<(i64, Vec<u8>, i64, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

pub(super) fn receipt_row(
    (sequence, bytes, claimed, claimed_total): (i64, Vec<u8>, i64, i64),
) -> Result<ReceiptRow, ReceiptsFault> {
    Ok(ReceiptRow {
        sequence: count(sequence)?,
        signed: signed(&bytes)?,
        claimed: amount(claimed)?,
        claimed_total: amount(claimed_total)?,
    })
}

/// The last stored receipt of a chain.
pub(super) fn last(
    connection: &Connection,
    chain: &ChainRow,
) -> Result<Option<ReceiptRow>, ReceiptsError> {
    let sql =
        format!("SELECT {RECEIPT} FROM receipts WHERE chain = ?1 ORDER BY sequence DESC LIMIT 1");
    let row = connection
        .prepare_cached(&sql)?
        .query_row([chain.number], receipt)
        .optional()?;
    Ok(row.map(receipt_row).transpose()?)
}

/// Verifies a stored receipt, and that it is stored under its own number.
pub(super) fn verify(
    row: &ReceiptRow,
    keys: &LedgerKeys,
) -> Result<Verified<Receipt>, ReceiptsFault> {
    let sequence = row.sequence;
    let receipt = keys
        .verify(row.signed.clone())
        .map_err(|error| ReceiptsFault::Receipt { sequence, error })?;
    if receipt.value().sequence != sequence {
        return Err(ReceiptsFault::Value("the number of a receipt"));
    }
    Ok(receipt)
}

/// How far a chain is answered, and the head of its receipts. The last receipt is verified.
pub(super) fn answered(
    connection: &Connection,
    member: &Member,
    name: ChainId,
    keys: &LedgerKeys,
) -> Result<(Answered, ReceiptHead), ReceiptsError> {
    let (start, awarded) = start_of(&member.membership, name);
    let none = Answered {
        start: start.sequence,
        sequence: start.sequence,
        link: start.link,
        claimed: Amount::ZERO,
        awarded_total: awarded,
    };
    let begin = ReceiptHead::start(&start, awarded);
    let Some(row) = chain(connection, member, name)? else {
        return Ok((none, begin));
    };
    let Some(kept) = last(connection, &row)? else {
        return Ok((none, begin));
    };
    let receipt = verify(&kept, keys)?;
    let value = receipt.value();
    let answered = Answered {
        sequence: value.sequence,
        link: value.link,
        claimed: kept.claimed_total,
        awarded_total: value.awarded_total,
        ..none
    };
    Ok((answered, ReceiptHead::of(value)))
}

/// The contradictions of every membership, in the order in which they were noticed.
pub(super) fn contradictions(connection: &Connection) -> Result<Vec<Contradiction>, ReceiptsError> {
    let mut select = connection.prepare_cached(
        "SELECT number, membership, kind, evidence, noticed_at_ms FROM contradictions \
         ORDER BY number",
    )?;
    let rows = select.query_map([], |row| {
        let numbers: [i64; 3] = [row.get(0)?, row.get(1)?, row.get(4)?];
        Ok((numbers, row.get::<_, String>(2)?, row.get(3)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let ([number, member, at], kind, evidence) = row?;
        let kind = ContradictionKind::by_name(&kind);
        found.push(Contradiction {
            number: small(number)?,
            member: small(member)?,
            kind: kind.ok_or(ReceiptsFault::Value("the kind of a contradiction"))?,
            evidence,
            noticed_at: unit(at, UnixMs::new, "a time")?,
        });
    }
    Ok(found)
}
