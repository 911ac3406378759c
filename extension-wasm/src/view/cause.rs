//! What the host says about a problem beyond its sentence.

use super::problem::said;
use crate::text::{Text, Value, key};
use meter_wire::{ErrorCode, Problem, Why};

/// The exact cause: in words of ours if the host names one that this version knows, and else in its
/// own.
pub(super) fn exactly(problem: &Problem) -> Option<Text> {
    // The button beside it counts these seconds down; a number that stands still contradicts it.
    if matches!(
        problem.code,
        ErrorCode::IdentityTooSoon | ErrorCode::CircuitTooSoon
    ) {
        return None;
    }
    let cause = problem.cause.as_deref();
    let ours = cause.and_then(|cause| of_cause(problem, cause));
    ours.or_else(|| problem.detail.clone().map(Text::quoted))
}

/// A problem's sentence, and the exact cause behind it.
pub(crate) fn said_exactly(problem: &Problem) -> Text {
    let sentence = said(problem);
    match exactly(problem) {
        Some(cause) => sentence.and(cause),
        None => sentence,
    }
}

fn of_cause(problem: &Problem, cause: &str) -> Option<Text> {
    let one_of = |family| Text::of_family(family, &cause).or(in_its_words(problem, cause));
    Some(match problem.code {
        ErrorCode::LedgerContradicts => one_of("contradiction"),
        ErrorCode::TorStalled => one_of("phase"),
        ErrorCode::UnsupportedProtocol => one_of("older"),
        ErrorCode::TorClockWrong => return clock(cause),
        ErrorCode::LedgerRefused => return report(cause),
        ErrorCode::PortTaken => key("port_of_another").with("port", Value::plain(cause)),
        ErrorCode::BridgeProgramMissing => key("bridges_need").with("program", Value::plain(cause)),
        ErrorCode::ShadowsocksRefused => {
            return why(problem, cause).or_else(|| server(problem, cause));
        }
        _ => return why(problem, cause),
    })
}

/// What the page shows if it has no message for the cause.
fn in_its_words<'a>(problem: &'a Problem, cause: &'a str) -> &'a str {
    problem.detail.as_deref().unwrap_or(cause)
}

/// What is wrong with a Shadowsocks server: a word, and the values that its message names.
fn server(problem: &Problem, cause: &str) -> Option<Text> {
    let mut parts = cause.split(' ');
    let text = Text::of_family("refused", &parts.next()?).or(in_its_words(problem, cause));
    let named = ["value", "other"].into_iter().zip(parts);
    Some(named.fold(text, |text, (name, part)| {
        text.with(name, Value::plain(part))
    }))
}

/// What failed in the system or in Tor. What else the host says holds paths, and words of the
/// system or of Tor: it follows as it is.
fn why(problem: &Problem, cause: &str) -> Option<Text> {
    let why = Why::by_name(cause)?;
    let text = Text::of_family("why", &why.name());
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
