//! Signed sessions and their sum.

use super::PlainNumber;
use crate::{HexBytes, U64Text, WireReport, ledger::WireSigned};
use serde::{Deserialize, Serialize};

/// `?after=N&limit=N`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionsQuery {
    /// Only sessions with a number above this one; not parsed yet.
    pub after: Option<String>,
    /// Most sessions; not parsed yet.
    pub limit: Option<String>,
}

/// `GET /api/tor/monitoring/sessions`: signed sessions in ascending order.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sessions {
    /// The sessions of this page.
    pub sessions: Vec<SignedSession>,
    /// All signed sessions, in this page or not.
    pub total: PlainNumber,
    /// The same as text.
    pub total_text: U64Text,
}

/// One signed session: its inputs, the formula and the amount, and the signed report itself.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedSession {
    /// Identifies the report by its content.
    pub id: HexBytes<16>,
    /// Its place in the chain, from 1.
    pub sequence: PlainNumber,
    /// The same as text.
    pub sequence_text: U64Text,
    /// First byte, in milliseconds since 1970.
    pub started_at: PlainNumber,
    /// Close, in milliseconds since 1970.
    pub ended_at: PlainNumber,
    /// Time that earns, in milliseconds.
    pub duration_ms: PlainNumber,
    /// The same as text.
    pub duration_ms_text: U64Text,
    /// Bytes from Tor to programs.
    pub bytes_in: PlainNumber,
    /// The same as text.
    pub bytes_in_text: U64Text,
    /// Bytes from programs to Tor.
    pub bytes_out: PlainNumber,
    /// The same as text.
    pub bytes_out_text: U64Text,
    /// How the amount follows: `45 s × 0.1 + 0.15 MB × 0.5 = 4.5 + 0.075`.
    pub formula: String,
    /// The amount in credits, exactly: `4.575`.
    pub credits: String,
    /// The same in nanocredits.
    pub nanocredits: U64Text,
    /// What was signed, and the signature.
    pub report: WireReport,
}

/// `GET /api/sessions/balance/{id}`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    /// The chain.
    pub id: HexBytes<16>,
    /// What its signed reports claim, in credits, exactly.
    pub claimed: String,
    /// The same in nanocredits.
    pub claimed_nanocredits: U64Text,
    /// How many reports that are.
    pub reports: PlainNumber,
    /// The same as text.
    pub reports_text: U64Text,
    /// What the ledger says, over all chains; `None` while this device is not enrolled.
    pub ledger: Option<LedgerBalance>,
}

/// The three numbers of a device that is enrolled with a ledger. They are never added into one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerBalance {
    /// What the signed reports of all chains claim, in credits, exactly.
    pub claimed: String,
    /// The same in nanocredits.
    pub claimed_nanocredits: U64Text,
    /// What the ledger's receipts award.
    pub credited: String,
    /// The same in nanocredits.
    pub credited_nanocredits: U64Text,
    /// What the reports claim that have no receipt yet.
    pub waiting: String,
    /// The same in nanocredits.
    pub waiting_nanocredits: U64Text,
}

/// `GET /api/sessions/policy`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyOfLedger {
    /// Its number.
    pub number: u32,
    /// The most that an account earns in a day, whatever it claims: in credits, exactly.
    pub most_per_day: String,
    /// The same in nanocredits.
    pub most_per_day_nanocredits: U64Text,
    /// What an account earns in a day by doing nothing.
    pub idle_per_day: String,
    /// The same in nanocredits.
    pub idle_per_day_nanocredits: U64Text,
    /// What the ledger signed, and the signature.
    pub policy: WireSigned<128>,
}
