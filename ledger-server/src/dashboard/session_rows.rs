//! From stored sessions to the values that a page shows, and the cursor between two pages.

use crate::{
    ledger::{self, Cursor, DeviceEntry, LedgerKeyEntry},
    pages::{Claim, Session},
    shelf,
};
use meter_core::{Receipt, SessionReport, Signable, UnixMs, Verified};

/// What a session says. `None` when the stored bytes do not verify: then the database is damaged,
/// and no page shows it.
pub(super) fn shown(
    session: &ledger::Session,
    devices: &[DeviceEntry],
    keys: &[LedgerKeyEntry],
) -> Option<Session> {
    let receipt = keys
        .iter()
        .rev()
        .find_map(|entry| verified::<Receipt>(&session.receipt, entry.key))?;
    let receipt = receipt.value();
    let claim = match &session.report {
        None => None,
        Some(report) => {
            let report = verified::<SessionReport>(report, session.device)?;
            let report = report.value();
            Some(Claim {
                duration: report.duration,
                up: report.bytes_up,
                down: report.bytes_down,
                amount: report.amount,
            })
        }
    };
    let device = devices.iter().find(|device| device.key == session.device);
    Some(Session {
        received: session.at,
        device: device.map_or_else(String::new, |device| device.name.clone()),
        chain: session.chain,
        sequence: session.sequence,
        claim,
        awarded_duration: receipt.awarded_duration,
        awarded_bytes: receipt.awarded_bytes,
        credited: receipt.amount,
        reasons: receipt.reasons,
        tariff: receipt.tariff,
        policy: receipt.policy.0,
    })
}

fn verified<T: Signable>(bytes: &[u8], key: T::Key) -> Option<Verified<T>> {
    shelf::split::<T>(bytes)?.verify(key).ok()
}

/// A place in the list, as an address carries it: `time-chain-sequence`.
pub(super) fn written(cursor: &Cursor) -> String {
    format!("{}-{}-{}", cursor.at.get(), cursor.chain, cursor.sequence)
}

/// Reads what [`written`] wrote, and nothing else.
pub(super) fn read(text: &str) -> Option<Cursor> {
    let mut numbers = text.split('-');
    let mut number = || numbers.next()?.parse::<u64>().ok();
    let (at, chain, sequence) = (number()?, number()?, number()?);
    let cursor = Cursor {
        at: UnixMs::new(at)?,
        chain: i64::try_from(chain).ok()?,
        sequence,
    };
    (written(&cursor) == text).then_some(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_has_one_spelling() {
        let text = "1795899825000-7-41";
        assert_eq!(read(text).as_ref().map(written).as_deref(), Some(text));
        for wrong in [
            "",
            "1-2",
            "1-2-3-4",
            "01-2-3",
            "+1-2-3",
            "1--2-3",
            "1-2-x",
            "9223372036854775808-1-1",
            "1-9223372036854775808-1",
            "1-1-18446744073709551616",
        ] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
