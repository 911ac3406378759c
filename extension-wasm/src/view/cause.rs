//! What the host says about a problem beyond its sentence.

use super::tor::PHASES;
use crate::text::{Text, Value, key};
use meter_core::ContradictionKind;
use meter_wire::{ErrorCode, Problem};

/// The exact cause: in words of ours if the host names one that this version knows, and else in its
/// own.
pub(super) fn exactly(problem: &Problem) -> Option<Text> {
    let cause = problem.cause.as_deref();
    let ours = cause.and_then(|cause| of_cause(problem, cause));
    ours.or_else(|| problem.detail.clone().map(Text::quoted))
}

fn of_cause(problem: &Problem, cause: &str) -> Option<Text> {
    let (family, is_known) = match problem.code {
        ErrorCode::LedgerContradicts => {
            ("contradiction", ContradictionKind::by_name(cause).is_some())
        }
        ErrorCode::TorStalled => ("phase", PHASES.contains(&cause)),
        ErrorCode::UnsupportedProtocol => ("older", OLDER.contains(&cause)),
        ErrorCode::TorClockWrong => return clock(cause),
        ErrorCode::LedgerRefused => return report(cause),
        ErrorCode::PortTaken => {
            return Some(key("port_of_another").with("port", Value::plain(cause)));
        }
        ErrorCode::BridgeProgramMissing => {
            let needed = key("bridges_need").with("program", Value::plain(cause));
            return Some(needed);
        }
        _ => return why(problem, cause),
    };
    is_known.then(|| Text::of_family(family, &cause))
}

/// What failed in the system or in Tor. What else the host says holds paths, and words of the
/// system or of Tor: it follows as it is.
fn why(problem: &Problem, cause: &str) -> Option<Text> {
    let text = WHY
        .contains(&cause)
        .then(|| Text::of_family("why", &cause))?;
    Some(match problem.detail.as_deref().map(particulars) {
        Some(words) if !words.is_empty() => key("why_in_words")
            .with("why", text)
            .with("words", Value::plain(words)),
        _ => text,
    })
}

/// Of what says the same in English only Tor's own words.
fn particulars(detail: &str) -> &str {
    match detail.split_once("Tor's last words: ") {
        Some((_, words)) => words,
        None if detail.contains('/') => detail,
        None => "",
    }
}

/// Every word with which the host says why.
const WHY: [&str; 18] = [
    "denied",
    "not_there",
    "disk_full",
    "disk_read_only",
    "file_too_large",
    "tor_not_built_in",
    "tor_program_unsafe",
    "tor_not_started",
    "tor_ended_at_start",
    "tor_ended",
    "tor_not_answering",
    "tor_option",
    "tor_folder_in_use",
    "tor_path_too_long",
    "tor_not_local",
    "tor_no_socks",
    "own_tor_needed",
    "one_way",
];

/// The sides of a connection.
const OLDER: [&str; 2] = ["program", "extension"];

/// By how many hours the clock is wrong; behind if negative.
fn clock(hours: &str) -> Option<Text> {
    let hours: i64 = hours.parse().ok()?;
    let side = match hours < 0 {
        true => key("clock_behind"),
        false => key("clock_ahead"),
    };
    let ms = hours.unsigned_abs().saturating_mul(3_600_000);
    Some(side.with("time", Value::duration(ms)))
}

/// A report's number, and the ledger's own word for what is wrong with it.
fn report(cause: &str) -> Option<Text> {
    let (number, code) = cause.split_once(' ')?;
    let number = Value::number(number.parse().ok()?);
    let text = key("report_refused").with("number", number);
    Some(text.with("code", Value::plain(code)))
}
