//! How far a ledger has answered a chain of reports, and what can go wrong between both.

use crate::{Amount, LinkHash, Receipt, SessionReport, Verified, named};

/// A report and the receipt that answers it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnsweredReport {
    /// The report.
    pub report: Verified<SessionReport>,
    /// Its receipt.
    pub receipt: Verified<Receipt>,
}

/// How far one chain is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answered {
    /// The place before the first answered report: that of the enrolment, or 0.
    pub start: u64,
    /// Number of the last report that has a receipt; `start` while none has.
    pub sequence: u64,
    /// Link hash of that report.
    pub link: LinkHash,
    /// What the answered reports claim.
    pub claimed: Amount,
    /// What the ledger has awarded for this chain.
    pub awarded_total: Amount,
}

named! {
    /// Why a chain takes no more reports.
    ChainEnd {
        /// The ledger has frozen it: the key signed two reports for one place.
        Frozen => "frozen",
        /// The ledger has more reports of this chain than the book.
        Ahead => "ahead",
        /// The ledger has another report than the book at a place.
        Split => "split",
        /// The ledger does not know the chain any more, although it was enrolled with it.
        Forgotten => "forgotten",
        /// A person began a new chain.
        Chosen => "chosen",
    }
}

named! {
    /// How something that a ledger signed contradicts its signatures or what is stored here.
    ContradictionKind {
        /// What no known key of the ledger has signed. That proves nothing, so nothing is kept
        /// under this name any more: files of earlier versions have it.
        Signature => "signature",
        /// A receipt for another report than the one that was sent.
        OtherReport => "other_report",
        /// A receipt that awards more than claimed, or less without a reason, or signed bytes that
        /// break a rule of their format.
        Rule => "rule",
        /// A receipt that does not follow from the one before it.
        Order => "order",
        /// A second, different receipt for one report.
        Second => "second",
        /// A signed total that is not the sum of the receipts.
        Total => "total",
        /// A change of key that one of the ledger's keys signed, and that does not follow from the
        /// pinned key: a second one, for example.
        Key => "key",
    }
}
