//! The file of sessions as a person gets it.

use onionmeter_ledger::pages::{Credits, Session, csv_head, csv_line, csv_sum};

/// The whole file.
pub(crate) fn csv(sessions: &[Session], sum: i64) -> String {
    let lines: String = sessions.iter().map(csv_line).collect();
    format!("{}{lines}{}", csv_head(), csv_sum(Credits(sum)))
}
