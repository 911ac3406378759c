//! Converts rows to values and back. A row with an impossible value is reported as damage.

use crate::{BookError, BookFault, Bug, posting::Account};
use meter_core::{
    ByteCount, ChainHead, ChainId, DeviceKey, DurationMs, OpenSession, SESSION_REPORT_BODY_BYTES,
    SIGNATURE_BYTES, SessionReport, Signed, UnixMs, Verified,
};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, named_params};

/// The storage form of docs/spec/session-report.md: body, then signature.
pub(crate) const SIGNED_BYTES: usize = SESSION_REPORT_BODY_BYTES + SIGNATURE_BYTES;

/// A stored report that is not verified yet.
pub(crate) struct KeptReport {
    pub(crate) sequence: u64,
    pub(crate) signed: Signed<SessionReport>,
}

pub(crate) fn chain(connection: &Connection) -> Result<Option<(ChainId, DeviceKey)>, BookError> {
    let chain = connection
        .prepare_cached("SELECT chain_id, device_key FROM chain")?
        .query_row([], |row| Ok((ChainId(row.get(0)?), DeviceKey(row.get(1)?))))
        .optional()?;
    Ok(chain)
}

/// The head of the book's chain, from its last report alone; `None` if no chain was begun.
pub(crate) fn head(connection: &Connection) -> Result<Option<ChainHead>, BookError> {
    let last = connection
        .prepare_cached("SELECT sequence, signed FROM reports ORDER BY sequence DESC LIMIT 1")?
        .query_row([], report)
        .optional()?;
    match (chain(connection)?, last) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(BookFault::NoChain.into()),
        (Some((chain, key)), None) => Ok(Some(ChainHead::genesis(chain, key))),
        (Some((chain, key)), Some(kept)) => {
            let report = verify(kept, chain, key)?;
            let report = report.value();
            Ok(Some(ChainHead {
                chain,
                key,
                sequence: report.sequence,
                link: report.link(),
                totals: report.totals,
            }))
        }
    }
}

/// Verifies a stored report, and that it is stored under its own number.
pub(crate) fn verify(
    kept: KeptReport,
    chain: ChainId,
    key: DeviceKey,
) -> Result<Verified<SessionReport>, BookFault> {
    let sequence = kept.sequence;
    let report = kept
        .signed
        .verify(key)
        .map_err(|error| BookFault::Report { sequence, error })?;
    let error = if report.value().chain != chain {
        meter_core::ChainError::OtherChain
    } else if report.value().sequence != sequence {
        meter_core::ChainError::Sequence {
            expected: sequence,
            found: report.value().sequence,
        }
    } else {
        return Ok(report);
    };
    Err(BookFault::Chain { sequence, error })
}

/// Reads a row of `sequence, signed`.
pub(crate) fn report(row: &Row<'_>) -> rusqlite::Result<KeptReport> {
    let signed: [u8; SIGNED_BYTES] = row.get("signed")?;
    let (body, signature) = signed
        .split_last_chunk()
        .expect("body and signature add up to the length");
    Ok(KeptReport {
        sequence: row.get::<_, i64>("sequence")?.unsigned_abs(),
        signed: Signed::new(body.to_vec(), *signature),
    })
}

/// The storage form of a report.
pub(crate) fn stored(report: &Signed<SessionReport>) -> Result<[u8; SIGNED_BYTES], Bug> {
    [report.body(), report.signature()]
        .concat()
        .try_into()
        .map_err(|_| Bug::new("a verified report of another length"))
}

/// The sum of an account's postings; `None` if it exceeds 64 bits.
pub(crate) fn sum(connection: &Connection, account: Account) -> Result<Option<i64>, BookError> {
    let sum = connection
        .prepare_cached("SELECT coalesce(sum(amount), 0) FROM postings WHERE account = ?1")?
        .query_row([account.name()], |row| row.get(0));
    match sum {
        Ok(sum) => Ok(Some(sum)),
        // A plain SQLITE_ERROR while the statement runs means "integer overflow".
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn open_session(connection: &Connection) -> Result<Option<OpenSession>, BookError> {
    let row = connection
        .prepare_cached(
            "SELECT started_at_ms, seen_at_ms, duration_ms, bytes_up, bytes_down, resumed \
             FROM open_session",
        )?
        .query_row([], |row| {
            let numbers = [
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ];
            Ok((numbers, row.get(5)?))
        })
        .optional()?;
    let Some((numbers, resumed)) = row else {
        return Ok(None);
    };
    match open_session_of(numbers, resumed) {
        Some(open) => Ok(Some(open)),
        None => Err(BookFault::OpenSession.into()),
    }
}

fn open_session_of(numbers: [i64; 5], resumed: bool) -> Option<OpenSession> {
    let [started_at, seen_at, duration, up, down] = numbers.map(|n| u64::try_from(n).ok());
    let open = OpenSession {
        started_at: UnixMs::new(started_at?)?,
        seen_at: UnixMs::new(seen_at?)?,
        duration: DurationMs::new(duration?)?,
        bytes_up: ByteCount::new(up?)?,
        bytes_down: ByteCount::new(down?)?,
        resumed,
    };
    (open.seen_at >= open.started_at).then_some(open)
}

pub(crate) fn replace_open_session(
    connection: &Connection,
    open: &OpenSession,
) -> Result<(), BookError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO open_session VALUES \
             (1, :started_at, :seen_at, :duration, :bytes_up, :bytes_down, :resumed)",
        )?
        .execute(named_params! {
            ":started_at": open.started_at.get_signed(),
            ":seen_at": open.seen_at.get_signed(),
            ":duration": open.duration.get_signed(),
            ":bytes_up": open.bytes_up.get_signed(),
            ":bytes_down": open.bytes_down.get_signed(),
            ":resumed": open.resumed,
        })?;
    Ok(())
}

pub(crate) fn remove_open_session(connection: &Connection) -> Result<(), BookError> {
    connection
        .prepare_cached("DELETE FROM open_session")?
        .execute([])?;
    Ok(())
}
