//! The sessions as CSV (RFC 4180), safe to open in a spreadsheet.

use super::{
    amount::Credits,
    day::Moment,
    sessions::{Claim, Session},
};
use meter_core::{Reason, credits_exact};

/// The media type of the file.
pub const CSV_TYPE: &str = "text/csv; charset=utf-8; header=present";

const FIRST: &str = "received (UTC)";
const CREDITED: &str = "credited (credits)";
const COLUMNS: [&str; 13] = [
    FIRST,
    "device",
    "chain",
    "sequence",
    "duration (ms)",
    "up (bytes)",
    "down (bytes)",
    "claimed (credits)",
    "awarded duration (ms)",
    "awarded bytes",
    CREDITED,
    "reasons",
    "policy",
];

/// One cell: always quoted. A cell that a spreadsheet would take for a formula begins with an
/// apostrophe, which makes it a text.
#[must_use]
pub fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn line(cells: &[String]) -> String {
    let quoted: Vec<_> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", quoted.join(","))
}

/// The line with the names of the columns.
#[must_use]
pub fn csv_head() -> String {
    line(&COLUMNS.map(str::to_owned))
}

/// The line of one session. What the ledger no longer knows is an empty cell.
#[must_use]
pub fn csv_line(session: &Session) -> String {
    line(&cells(session))
}

/// The last line: the sum of what was credited.
#[must_use]
pub fn csv_sum(sum: Credits) -> String {
    let cells = COLUMNS.map(|column| match column {
        FIRST => "sum".to_owned(),
        CREDITED => sum.exact(),
        _ => String::new(),
    });
    line(&cells)
}

fn cells(session: &Session) -> Vec<String> {
    let claimed = |text: fn(&Claim) -> String| session.claim.as_ref().map_or(String::new(), text);
    let reasons: Vec<_> = session.reasons.iter().map(Reason::name).collect();
    vec![
        Moment(session.received).iso(),
        session.device.clone(),
        hex::encode(session.chain.0),
        session.sequence.to_string(),
        claimed(|claim| claim.duration.get().to_string()),
        claimed(|claim| claim.up.get().to_string()),
        claimed(|claim| claim.down.get().to_string()),
        claimed(|claim| credits_exact(claim.amount)),
        session.awarded_duration.get().to_string(),
        session.awarded_bytes.get().to_string(),
        credits_exact(session.credited),
        reasons.join(" "),
        session.policy.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W-07.
    #[test]
    fn no_cell_is_a_formula() {
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            let text = format!("{start}cmd()");
            assert_eq!(cell(&text), format!("\"'{text}\""));
        }
        assert_eq!(cell("say \"hi\", =1"), "\"say \"\"hi\"\", =1\"");
        assert_eq!(cell("one\r\ntwo"), "\"one\r\ntwo\"");
        assert_eq!(cell(""), "\"\"");
    }
}
