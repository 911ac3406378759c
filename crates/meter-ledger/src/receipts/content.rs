//! What the file of receipts holds, as values.

use meter_core::{
    AccountId, Amount, ChainHead, ChainId, ContradictionKind, LedgerKey, Reasons, UnixMs,
};

/// An account of one ledger, and the place of this device's chain from which on it is credited.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Membership {
    /// The ledger's key at enrolment.
    pub ledger: LedgerKey,
    /// Where the ledger is, as it was given; 1 to 255 bytes.
    pub address: String,
    /// The account.
    pub account: AccountId,
    /// The name that the ledger gave to the device; at most 255 bytes.
    pub name: String,
    /// When the device was enrolled, by this computer's clock. For display only.
    pub enrolled_at: UnixMs,
    /// Where the device's chain stood, with its key. The ledger answers what follows.
    pub head: ChainHead,
    /// What the ledger had awarded for this chain up to there; 0 at the first enrolment.
    pub awarded: Amount,
}

/// A membership as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Its number in the file, from 1.
    pub number: u32,
    /// The account and the place of enrolment. Address, name and time are those of the last time
    /// that the device was enrolled there.
    pub membership: Membership,
    /// When the device left it; `None` while it is in force.
    pub left_at: Option<UnixMs>,
}

/// The result of adding receipts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Added {
    /// Receipts that were added.
    pub new: u64,
    /// Receipts that were stored already.
    pub already: u64,
}

/// Receipts that award less than claimed for the same reasons.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LoweredSum {
    /// The reasons.
    pub reasons: Reasons,
    /// Number of receipts.
    pub sessions: u64,
    /// What their reports claim.
    pub claimed: Amount,
    /// What they award.
    pub awarded: Amount,
}

/// Sums over all receipts of the membership in force.
///
/// `answered` + `awarded_before` = `credited` + all that was lowered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sums {
    /// What the chain claimed before the enrolment.
    pub before: Amount,
    /// What the answered reports claim.
    pub answered: Amount,
    /// What the ledger has awarded.
    pub credited: Amount,
    /// The part of `credited` that was awarded before the first receipt that is stored here.
    pub awarded_before: Amount,
    /// What ended chains claim without an answer.
    pub unanswered: Amount,
    /// Number of those reports.
    pub unanswered_reports: u64,
    /// What was lowered, by the set of reasons, in ascending order of its bits.
    pub lowered: Vec<LoweredSum>,
}

/// What waits for an answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Waiting {
    /// Number of reports.
    pub reports: u64,
    /// What they claim.
    pub amount: Amount,
}

/// Evidence that a ledger contradicts itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contradiction {
    /// Its number in the file, 1 to 100.
    pub number: u32,
    /// The membership that it belongs to.
    pub member: u32,
    /// In which way.
    pub kind: ContradictionKind,
    /// The bytes as the ledger sent them.
    pub evidence: Vec<u8>,
    /// When it was noticed, by this computer's clock.
    pub noticed_at: UnixMs,
}

/// The chain to which a place belongs is the one of the enrolment, or a later one that begins at 0.
pub(super) fn start_of(membership: &Membership, chain: ChainId) -> (ChainHead, Amount) {
    if membership.head.chain == chain {
        (membership.head, membership.awarded)
    } else {
        let head = ChainHead::genesis(chain, membership.head.key);
        (head, Amount::ZERO)
    }
}
