//! Receipts in JSON, alone and with their reports.

use crate::{WireReport, ledger::WireSigned};
use serde::{Deserialize, Serialize};

/// A receipt in JSON: body and signature. It is a claim until it is verified.
pub type WireReceipt = WireSigned<200>;

/// A report and its receipt. Both are claims until they are verified.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WireAnswer {
    /// The report.
    pub report: WireReport,
    /// The receipt.
    pub receipt: WireReceipt,
}
