//! Sessions as files that other programs read.

use super::History;
use crate::view::iso_utc;
use meter_core::{SessionReport, Verified, credits_exact};
use meter_wire::{REPORTS_FORMAT, ReportsFile, WireReport, write_json};
use std::fmt::Write as _;

const COLUMNS: &str = "number,report,started_utc,ended_utc,duration_ms,bytes_up,bytes_down,credits,\
                       tariff,resumed";

/// The listed sessions as CSV (RFC 4180), the oldest first. No value of ours needs quotes.
#[must_use]
pub fn to_csv(history: &History) -> String {
    let mut text = format!("{COLUMNS}\r\n");
    for report in history.left() {
        line(&mut text, report);
    }
    text
}

fn line(text: &mut String, report: &Verified<SessionReport>) {
    let report = report.value();
    writeln!(
        text,
        "{},{},{},{},{},{},{},{},{},{}\r",
        report.sequence,
        hex::encode(report.id().0),
        iso_utc(report.started_at.get()),
        iso_utc(report.ended_at.get()),
        report.duration.get(),
        report.bytes_up.get(),
        report.bytes_down.get(),
        credits_exact(report.amount),
        report.tariff.0,
        report.resumed,
    )
    .expect("a string takes everything");
}

/// All sessions with their signatures, in the form that `onionmeter verify` reads.
#[must_use]
pub fn to_json(history: &History) -> String {
    let reports = history.reports.iter();
    let wire = |report: &Verified<SessionReport>| WireReport::try_from(report.signed()).ok();
    let file = ReportsFile {
        state: None,
        format: REPORTS_FORMAT.to_owned(),
        key: history.key(),
        chain: history.chain(),
        reports: reports.filter_map(wire).collect(),
    };
    write_json(&file)
}
