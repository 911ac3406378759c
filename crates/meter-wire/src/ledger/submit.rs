//! Reports on their way to a ledger, and what the ledger says to each.

use crate::{HexBytes, ledger::WireSigned};
use meter_core::{SESSION_REPORT_BODY_BYTES, SIGNATURE_BYTES};
use serde::{Deserialize, Serialize};

/// One report, and the receipt for it if the device holds one. With the receipt a ledger that was
/// restored from an older copy can store the award again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    /// The 200 bytes of the report's body.
    pub body: HexBytes<SESSION_REPORT_BODY_BYTES>,
    /// The device's signature.
    pub signature: HexBytes<SIGNATURE_BYTES>,
    /// The receipt that the device holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<WireSigned<200>>,
}

/// Up to [`BATCH_MAX`](crate::ledger::BATCH_MAX) reports, in the order of their chains.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The reports.
    pub reports: Vec<Submitted>,
}

/// The body of `POST /api/sessions/submit` as JSON.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Submit {
    /// Several, answered with [`Answers`].
    Batch(Batch),
    /// One alone, answered with an [`Answer`].
    One(Box<Submitted>),
}

/// What happened to one report.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was credited now.
    Accepted,
    /// It was credited before; the receipt is the same as then, byte for byte.
    Replay,
    /// It does not follow its chain as the ledger knows it; `head` says where that stands.
    Conflict,
    /// Its bytes break a rule; `code` says which. It can never be accepted.
    Refused,
    /// It was not looked at, and nothing was stored. Send it again later.
    Busy,
    /// The ledger does not know its device, or the device was removed.
    UnknownDevice,
    /// An outcome of a newer ledger.
    #[serde(other)]
    Unknown,
}

/// What the ledger says to one report.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Answer {
    /// What happened.
    pub outcome: Outcome,
    /// With `accepted` and `replay`: the ledger's receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<WireSigned<200>>,
    /// With `conflict`: where the chain stands, signed by the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<WireSigned<152>>,
    /// With `refused`: the broken rule, in the words of `docs/spec/session-report.md`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What the ledger says to the reports of a batch, in their order.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Answers {
    /// One for each report.
    pub outcomes: Vec<Answer>,
}
