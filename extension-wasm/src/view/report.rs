//! The last reports, with the addends of each amount.

use super::numbers::{bytes_short, duration, exact, iso_utc};
use crate::update::Book;
use meter_core::{
    ByteCount, DurationMs, SessionReport, Tariff, Verified, credits_exact, credits_short,
};
use serde::Serialize;

/// One report. A report that did not verify has no row.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReportRow {
    /// Identifies the report by its content, in hexadecimal.
    pub id: String,
    /// Its place in the chain.
    pub sequence: String,
    /// `+4.575`.
    pub amount: String,
    /// To the last nanocredit.
    pub exact: String,
    /// `45 s · 150 kB`.
    pub summary: String,
    /// `2027-01-15T08:00:45Z`; the popup shows it in the person's own format.
    pub ended_at: String,
    /// `45 s × 0.1 + 0.15 MB × 0.5`.
    pub addends: String,
    /// `= 4.5 + 0.075`.
    pub sums: String,
    /// `1.2 kB up · 148 kB down`.
    pub directions: String,
}

/// The last `most` reports, newest first.
pub(super) fn rows(book: &Book, most: usize) -> Vec<ReportRow> {
    book.recent().iter().rev().take(most).map(row).collect()
}

/// One report in words. It is verified, by its type.
#[must_use]
pub fn row(report: &Verified<SessionReport>) -> ReportRow {
    let report = report.value();
    let (ms, bytes) = (report.duration.get(), report.bytes().get());
    let (addends, sums) = explanation(report).unwrap_or_default();
    ReportRow {
        id: hex::encode(report.id().0),
        sequence: report.sequence.to_string(),
        amount: format!("+{}", credits_short(report.amount)),
        exact: format!("{} credits", credits_exact(report.amount)),
        summary: format!("{} · {}", duration(ms), bytes_short(bytes)),
        ended_at: iso_utc(report.ended_at.get()),
        addends,
        sums,
        directions: format!(
            "{} up · {} down",
            bytes_short(report.bytes_up.get()),
            bytes_short(report.bytes_down.get())
        ),
    }
}

/// Both addends, computed with the report's tariff. The sum is the report's own amount.
fn explanation(report: &SessionReport) -> Option<(String, String)> {
    let tariff = Tariff::by_id(report.tariff)?;
    let award = tariff.award(report.duration, report.bytes()).ok()?;
    let unit = |ms, bytes| tariff.award(DurationMs::from_u32(ms), ByteCount::from_u32(bytes));
    let per_second = unit(1_000, 0).ok()?.total;
    let per_megabyte = unit(0, 1_000_000).ok()?.total;
    let addends = format!(
        "{} s × {} + {} MB × {}",
        exact(report.duration.get(), 1_000),
        credits_exact(per_second),
        exact(report.bytes().get(), 1_000_000),
        credits_exact(per_megabyte),
    );
    let sums = format!(
        "= {} + {} = {} credits",
        credits_exact(award.time),
        credits_exact(award.bytes),
        credits_exact(report.amount)
    );
    Some((addends, sums))
}
