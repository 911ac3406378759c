//! The last reports, with the addends of each amount.

use super::numbers::{exact, iso_utc};
use crate::text::{Text, Value, key};
use crate::update::VerifiedReports;
use meter_core::{ByteCount, Decimals, DurationMs, SessionReport, Tariff, Verified};
use serde::Serialize;

/// One report. A report that did not verify has no row.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReportRow {
    /// Identifies the report by its content, in hexadecimal.
    pub id: String,
    /// Its place in the chain.
    pub sequence: String,
    /// `+4.575`.
    pub amount: Text,
    /// To the last nanocredit.
    pub exact: Text,
    /// `45 s · 150 kB`.
    pub summary: Text,
    /// `2027-01-15T08:00:45Z`; the popup shows it in the person's own format.
    pub ended_at: String,
    /// `45 s × 0.1 + 0.15 MB × 0.5`.
    pub addends: Option<Text>,
    /// `= 4.5 + 0.075`.
    pub sums: Option<Text>,
    /// `1.2 kB up · 148 kB down`.
    pub directions: Text,
}

/// The last `most` reports, newest first.
pub(super) fn rows(reports: &VerifiedReports, most: usize) -> Vec<ReportRow> {
    reports.recent().iter().rev().take(most).map(row).collect()
}

/// One report in words. It is verified, by its type.
#[must_use]
pub fn row(report: &Verified<SessionReport>) -> ReportRow {
    let report = report.value();
    let (ms, bytes) = (report.duration.get(), report.bytes().get());
    let (addends, sums) = explanation(report).unzip();
    ReportRow {
        id: hex::encode(report.id().0),
        sequence: report.sequence.to_string(),
        amount: key("credits_plus").with(
            "credits",
            Value::credits_to(report.amount, Decimals::FEWEST),
        ),
        exact: Text::credits(report.amount),
        summary: key("report_summary")
            .with("time", Value::duration(ms))
            .with("bytes", Value::bytes(bytes)),
        ended_at: iso_utc(report.ended_at.get()),
        addends,
        sums,
        directions: key("report_directions")
            .with("up", Value::bytes(report.bytes_up.get()))
            .with("down", Value::bytes(report.bytes_down.get())),
    }
}

/// Both addends, computed with the report's tariff. The sum is the report's own amount.
fn explanation(report: &SessionReport) -> Option<(Text, Text)> {
    let tariff = Tariff::by_id(report.tariff)?;
    let award = tariff.award(report.duration, report.bytes()).ok()?;
    let unit = |ms, bytes| tariff.award(DurationMs::from_u32(ms), ByteCount::from_u32(bytes));
    let per_second = unit(1_000, 0).ok()?.total;
    let per_megabyte = unit(0, 1_000_000).ok()?.total;
    let seconds = exact(report.duration.get(), 1_000);
    let megabytes = exact(report.bytes().get(), 1_000_000);
    let addends = key("report_addends")
        .with("seconds", Value::Number(seconds))
        .with("per_second", Value::exact(per_second))
        .with("megabytes", Value::Number(megabytes))
        .with("per_megabyte", Value::exact(per_megabyte));
    let sums = key("report_sums")
        .with("time", Value::exact(award.time))
        .with("bytes", Value::exact(award.bytes))
        .with("total", Value::exact(report.amount));
    Some((addends, sums))
}
