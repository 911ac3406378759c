//! What one look at the server says.

use crate::ledger::Vitals;

/// One reading.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reading {
    /// Open connections.
    pub connections: usize,
    /// Reports that were taken within the last minute.
    pub taken_in_one_minute: u64,
    /// Reports that were taken within the last five minutes.
    pub taken_in_five_minutes: u64,
    /// What was refused since the start, the most frequent first.
    pub refused: Vec<Refused>,
    /// What the ledger says about itself; the default while it does not answer.
    pub ledger: Vitals,
}

/// How often something was refused for one reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// Whether it was a report; otherwise it was a request.
    pub is_report: bool,
    /// The reason as a code: of a report its outcome or the rule that it breaks, of a request a
    /// `LedgerCode`.
    pub reason: String,
    /// How often since the start.
    pub count: u64,
}
