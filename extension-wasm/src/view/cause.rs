//! What the host says about a problem beyond its sentence.

use super::tor::PHASES;
use crate::text::{Text, Value, key};
use meter_core::ContradictionKind;
use meter_wire::{ErrorCode, Problem};

/// The exact cause: in words of ours if the host names one that this version knows, and else in its
/// own.
pub(super) fn exactly(problem: &Problem) -> Option<Text> {
    let cause = problem.cause.as_deref();
    let ours = cause.and_then(|cause| of_cause(problem.code, cause));
    ours.or_else(|| problem.detail.clone().map(Text::quoted))
}

fn of_cause(code: ErrorCode, cause: &str) -> Option<Text> {
    let (family, is_known) = match code {
        ErrorCode::LedgerContradicts => {
            ("contradiction", ContradictionKind::by_name(cause).is_some())
        }
        ErrorCode::TorStalled => ("phase", PHASES.contains(&cause)),
        ErrorCode::UnsupportedProtocol => ("older", OLDER.contains(&cause)),
        ErrorCode::TorClockWrong => return clock(cause),
        ErrorCode::LedgerRefused => return report(cause),
        ErrorCode::BridgeProgramMissing => {
            let needed = key("bridges_need").with("program", Value::plain(cause));
            return Some(needed);
        }
        _ => return None,
    };
    is_known.then(|| Text::of_family(family, &cause))
}

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
