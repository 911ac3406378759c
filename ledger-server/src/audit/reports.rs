//! One row of reports by itself: its signatures, and whether its columns say what its receipt says.
//! This is where the time goes, so it runs on every processor.

use super::papers::{Papers, verified, verified_with};
use crate::store::{Row, StoreError};
use meter_core::{CheckedKey, DeviceKey, Receipt, SessionReport, Signable as _, Verified};
use std::{num::NonZeroUsize, thread};

/// A row of `reports`.
pub(super) struct ReportRow {
    pub(super) chain_no: i64,
    pub(super) seq: i64,
    pub(super) account: Vec<u8>,
    pub(super) columns: Columns,
    pub(super) signed: Option<Vec<u8>>,
    pub(super) receipt: Vec<u8>,
}

/// What a row repeats of its receipt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Columns {
    pub(super) at: i64,
    pub(super) award_ms: i64,
    pub(super) award_bytes: i64,
    pub(super) award: i64,
    reasons: i64,
    policy: i64,
    pub(super) link: Vec<u8>,
}

/// What a row proves: its receipt, and its report unless it was forgotten.
pub(super) struct Proven {
    pub(super) receipt: Receipt,
    pub(super) report: Option<Verified<SessionReport>>,
}

impl ReportRow {
    pub(super) fn read(mut row: Row) -> Result<Self, StoreError> {
        let (chain_no, seq) = (row.int()?, row.int()?);
        let account = row.bytes()?;
        let columns = Columns {
            at: row.int()?,
            award_ms: row.int()?,
            award_bytes: row.int()?,
            award: row.int()?,
            reasons: row.int()?,
            policy: row.int()?,
            link: row.bytes()?,
        };
        Ok(Self {
            chain_no,
            seq,
            account,
            columns,
            signed: row.bytes_or_null()?,
            receipt: row.bytes()?,
        })
    }

    /// Checks everything that needs no other row than the chain's.
    fn prove(
        &self,
        papers: &Papers,
        device: Option<&CheckedKey<DeviceKey>>,
    ) -> Result<Proven, String> {
        let body = self.receipt.get(..200).unwrap_or_default();
        let claimed = Receipt::from_body(body).map_err(|error| format!("receipt: {error}"))?;
        let key = papers.keys.get(&claimed.ledger);
        let key = key.ok_or("receipt: it names a key that is not this ledger's")?;
        let receipt = verified_with::<Receipt>(&self.receipt, key);
        let receipt = *receipt
            .map_err(|error| format!("receipt: {error}"))?
            .value();
        check_columns(&self.columns, &receipt)?;
        let policy = papers.policies.get(&receipt.policy.0);
        let policy = policy.ok_or("receipt: there is no policy with its number")?;
        if policy.tariff != receipt.tariff {
            return Err("receipt: its tariff is not that of its policy".to_owned());
        }
        if device.is_some_and(|device| device.key() != receipt.device) {
            return Err("receipt: it is for another device".to_owned());
        }
        let report = self.signed.as_deref().map(|signed| {
            let report = match device {
                Some(device) => verified_with::<SessionReport>(signed, device),
                None => verified(signed, receipt.device),
            };
            report.map_err(|error| format!("report: {error}"))
        });
        let report = report.transpose()?;
        if let Some(report) = &report {
            let answers = receipt.answers(report.value());
            answers.map_err(|error| format!("the receipt does not answer the report: {error}"))?;
        }
        Ok(Proven { receipt, report })
    }
}

fn check_columns(row: &Columns, receipt: &Receipt) -> Result<(), String> {
    let pairs = [
        ("ledger_ms", row.at, receipt.at.get_signed()),
        (
            "award_ms",
            row.award_ms,
            receipt.awarded_duration.get_signed(),
        ),
        (
            "award_bytes",
            row.award_bytes,
            receipt.awarded_bytes.get_signed(),
        ),
        ("award", row.award, receipt.amount.get_signed()),
        ("reasons", row.reasons, receipt.reasons.bits().into()),
        ("policy", row.policy, receipt.policy.0.into()),
    ];
    let differing = pairs.iter().find(|(_, row, receipt)| row != receipt);
    if let Some((column, ..)) = differing {
        return Err(format!("{column} is not what the receipt says"));
    }
    match row.link == receipt.link.0 {
        true => Ok(()),
        false => Err("report_link is not what the receipt says".to_owned()),
    }
}

/// The key that signs a row's chain.
pub(super) type KeyOf<'a> = dyn Fn(&ReportRow) -> Option<&'a CheckedKey<DeviceKey>> + Sync + 'a;

/// Proves rows on every processor, and does something else in this thread until then.
pub(super) fn prove_while<T>(
    papers: &Papers,
    rows: &[ReportRow],
    key: &KeyOf<'_>,
    other: impl FnOnce() -> T,
) -> (Vec<Result<Proven, String>>, T) {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = rows.len().div_ceil(threads).max(1);
    let prove = |rows: &[ReportRow]| -> Vec<_> {
        let each = rows.iter().map(|row| row.prove(papers, key(row)));
        each.collect()
    };
    let prove = &prove;
    thread::scope(|scope| {
        let running: Vec<_> = rows
            .chunks(share)
            .map(|rows| (rows, scope.spawn(move || prove(rows))))
            .collect();
        let other = other();
        let proven = running.into_iter().flat_map(|(rows, thread)| {
            let panicked = || rows.iter().map(|_| Err("it cannot be checked".to_owned()));
            thread.join().unwrap_or_else(|_| panicked().collect())
        });
        (proven.collect(), other)
    })
}
