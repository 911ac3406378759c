//! Where a chain of receipts stands, and what makes a receipt the next one.

use super::Receipt;
use crate::{Amount, ChainHead, ChainId, DeviceKey};

/// The last state of one chain's receipts. They begin at the place at which the device was
/// enrolled, not always at the first report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReceiptHead {
    /// The key that signs the chain's reports.
    pub device: DeviceKey,
    /// The chain.
    pub chain: ChainId,
    /// Number of the last answered report, or of the last one before the first receipt.
    pub sequence: u64,
    /// Sum of the amounts up to there.
    pub awarded_total: Amount,
}

/// Why a receipt is not the one after another in its chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReceiptChainError {
    /// The receipts belong to different chains or devices.
    #[error("the receipt belongs to another chain")]
    OtherChain,
    /// A receipt is missing between the two, or it is the same or an earlier one.
    #[error("the receipt has number {found}; number {expected} is next")]
    Sequence {
        /// The number that is next.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The chain's total is not the total before it and this amount: the ledger contradicts itself.
    #[error("the total of receipt {sequence} is not the total before it and its amount")]
    Totals {
        /// Its number.
        sequence: u64,
    },
}

impl ReceiptHead {
    /// After `receipt`.
    #[must_use]
    pub const fn of(receipt: &Receipt) -> Self {
        Self {
            device: receipt.device,
            chain: receipt.chain,
            sequence: receipt.sequence,
            awarded_total: receipt.awarded_total,
        }
    }

    /// Before the first receipt of a chain that a ledger follows from `head` on.
    #[must_use]
    pub const fn start(head: &ChainHead, awarded: Amount) -> Self {
        Self {
            device: head.key,
            chain: head.chain,
            sequence: head.sequence,
            awarded_total: awarded,
        }
    }

    /// Returns the head after `receipt`.
    ///
    /// # Errors
    /// When it belongs to another chain, is not the next one, or its total is not the sum.
    pub fn follow(&self, receipt: &Receipt) -> Result<Self, ReceiptChainError> {
        if (receipt.device, receipt.chain) != (self.device, self.chain) {
            return Err(ReceiptChainError::OtherChain);
        }
        let (expected, found) = (self.sequence.saturating_add(1), receipt.sequence);
        if found != expected {
            return Err(ReceiptChainError::Sequence { expected, found });
        }
        if self.awarded_total.checked_add(receipt.amount) != Some(receipt.awarded_total) {
            return Err(ReceiptChainError::Totals { sequence: found });
        }
        Ok(Self {
            sequence: found,
            awarded_total: receipt.awarded_total,
            ..*self
        })
    }
}
