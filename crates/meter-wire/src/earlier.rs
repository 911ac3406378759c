//! The earlier chains of this home: what a client needs to verify the sum over all chains.

use crate::{U64Text, WireAnswer, WireReport};
use serde::{Deserialize, Serialize};

/// Most chains in one page. Such a page stays below [`crate::FRAME_OUT_MAX`].
pub const EARLIER_PAGE_MAX: u16 = 200;

// Each chain has up to two reports and one receipt, each below 640 bytes.
const _: () = assert!(EARLIER_PAGE_MAX as usize * 3 * 640 < crate::FRAME_OUT_MAX);

/// What the earlier chains of this home claim: those whose books are kept beside the one in use.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct EarlierSum {
    /// Number of chains with at least one report.
    pub chains: u32,
    /// What they claim together, in nanocredits.
    pub amount: U64Text,
}

/// Selects earlier chains.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierQuery {
    /// How many of them to skip.
    pub after: u32,
    /// Most chains to return; not above [`EARLIER_PAGE_MAX`].
    pub limit: u16,
}

/// Some earlier chains, in the order of the time at which their last reports ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EarlierPage {
    /// The chains.
    pub chains: Vec<EarlierChain>,
    /// Number of all of them.
    pub total: u32,
}

/// One earlier chain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EarlierChain {
    /// Its last report, whose running total is what the chain claims.
    pub last: WireReport,
    /// How far the ledger in force has answered it. Absent where it has answered nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<WireAnswer>,
}
