//! The receipt: a ledger's signed answer to one session report, 200 bytes.
//!
//! Layout, limits and test vectors: `docs/spec/receipt.md`.

mod answers;
mod body;
mod head;
mod reasons;

pub use answers::AnswerError;
pub use body::{RECEIPT_BODY_BYTES, ReceiptError};
pub use head::{ReceiptChainError, ReceiptHead};
pub use reasons::{Reason, Reasons};

use crate::{
    Amount, ByteCount, ChainId, DeviceKey, DurationMs, LedgerKey, LinkHash, PolicyNumber, TariffId,
    UnixMs,
};

/// The content of a receipt: what a ledger awarded for one session report, and why not all of it.
///
/// The fields are public because this type alone proves nothing. Only a
/// [`Verified`](crate::Verified) receipt may be relied on, and only for the report that it
/// [answers](Receipt::answers).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// Why less than the report claims was awarded; empty if all was.
    pub reasons: Reasons,
    /// The key that signs it.
    pub ledger: LedgerKey,
    /// The key that signed the report.
    pub device: DeviceKey,
    /// The report's chain.
    pub chain: ChainId,
    /// The report's place in its chain, from 1.
    pub sequence: u64,
    /// The link hash of the report: identifies its 200 bytes.
    pub link: LinkHash,
    /// The time of the ledger's clock at which it decided.
    pub at: UnixMs,
    /// How much of the report's duration earned credits.
    pub awarded_duration: DurationMs,
    /// How many of the report's bytes, both directions together, earned credits.
    pub awarded_bytes: ByteCount,
    /// What the tariff gives for the awarded duration and bytes.
    pub amount: Amount,
    /// Sum of the amounts of this chain's receipts, this one included.
    pub awarded_total: Amount,
    /// The policy that was applied.
    pub policy: PolicyNumber,
    /// The tariff that was applied; the report's.
    pub tariff: TariffId,
}
