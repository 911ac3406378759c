//! Enrolment with a ledger: what a client asks the daemon, and what the daemon tells about it.
//!
//! Nothing here is believed because the daemon or the ledger says it: amounts are for display, and
//! a receipt counts when it was verified.

mod words;

pub use words::{chain_end_sentence, difference, reason_sentence};

use crate::{HexBytes, Problem, U64Text, WireAnswer, ledger::WireSigned};
use serde::{Deserialize, Serialize};

/// Where this device stands with its ledger. Amounts are nanocredits.
///
/// `balance` of the status = the part of `before`, `answered` and `waiting` that belongs to the
/// chain in use. `answered` = `credited` + what was lowered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerStatus {
    /// Where the ledger is, as it was given.
    #[serde(deserialize_with = "crate::plain::line")]
    pub address: String,
    /// The account.
    pub account: HexBytes<16>,
    /// Claimed before this enrolment. What an earlier enrolment credited is not counted again.
    pub before: U64Text,
    /// Claimed by the reports that have a receipt.
    pub answered: U64Text,
    /// Awarded by the receipts.
    pub credited: U64Text,
    /// Claimed by the reports that wait for a receipt.
    pub waiting: U64Text,
    /// Number of these reports.
    pub waiting_reports: U64Text,
    /// Claimed by reports of ended chains that got no receipt and will get none.
    #[serde(default)]
    pub unanswered: U64Text,
    /// What was credited with less than claimed, by reasons.
    pub lowered: Vec<Lowered>,
    /// The number that the badge shows.
    #[serde(default)]
    pub badge: BadgeNumber,
    /// Why the chain before the one in use ended, by its name in the file of receipts. Absent if
    /// none has ended.
    #[serde(
        default,
        deserialize_with = "crate::plain::some_line",
        skip_serializing_if = "Option::is_none"
    )]
    pub chain_end: Option<String>,
    /// What is being done about what waits.
    pub sending: Sending,
}

/// The number that badge and `status` show first: the setting `ledger.badge`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BadgeNumber {
    /// What the signed reports claim.
    #[default]
    Claimed,
    /// What the ledger's receipts award.
    Credited,
}

impl BadgeNumber {
    /// Its name in settings and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Credited => "credited",
        }
    }
}

/// Sessions that were credited with less than they claimed, for the same reasons.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lowered {
    /// The reasons by their names in `docs/spec/receipt.md`. [`reason_sentence`] has their
    /// sentences.
    #[serde(deserialize_with = "crate::plain::lines")]
    pub reasons: Vec<String>,
    /// Number of sessions.
    pub sessions: U64Text,
    /// What they claimed and were not awarded, in nanocredits.
    pub amount: U64Text,
}

/// What is being done about the reports that wait. [`Sending::sentence`] says it in words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sending {
    /// Nothing waits.
    Idle,
    /// Reports wait for their time. The time is random, so that it does not follow what a person
    /// does.
    Waiting {
        /// Seconds until then, rounded up.
        in_s: u32,
        /// Why the last try had no success. Absent if it had, and from an older daemon.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
    },
    /// Reports are on their way.
    Sending,
    /// Tor cannot be used, so nothing is sent.
    NoTor,
    /// Nothing was answered for ten minutes or longer. It is still being tried.
    Trouble {
        /// Seconds since the reports began to wait or the last answer came, in steps of ten.
        since_s: u32,
        /// The reason of the last failure.
        problem: Problem,
    },
    /// Nothing is sent any more until a person has done something about the problem.
    Stopped(Problem),
}

/// Names a ledger.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerLook {
    /// An onion address or a loopback address, with a port or without.
    pub address: String,
}

/// Enrols this device with a ledger.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEnrol {
    /// The address, as in the offer.
    pub address: String,
    /// The key that the person was shown. If the ledger has another one, nothing is enrolled.
    pub key: HexBytes<32>,
    /// An invitation or recovery code, where one is needed: twelve words or 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Names a device of the account.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerRemove {
    /// Its key.
    pub device: HexBytes<32>,
}

/// Most receipts in one page. Such a page stays below [`crate::FRAME_OUT_MAX`].
pub const RECEIPTS_PAGE_MAX: u16 = 250;

// Each comes with its report, and both take less than 640 bytes.
const _: () = assert!(RECEIPTS_PAGE_MAX as usize * 2 * 640 < crate::FRAME_OUT_MAX);

/// Selects receipts of the chain in use.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptsQuery {
    /// Only receipts of reports with a sequence number above this one.
    pub after: U64Text,
    /// Most receipts to return; not above [`RECEIPTS_PAGE_MAX`].
    pub limit: u16,
}

/// What a ledger says about itself, before anybody is enrolled.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerOffer {
    /// The address, in the one form that the daemon uses.
    #[serde(deserialize_with = "crate::plain::line")]
    pub address: String,
    /// The key as a line that a person can compare.
    #[serde(deserialize_with = "crate::plain::line")]
    pub vkey: String,
    /// The key.
    pub key: HexBytes<32>,
    /// What its policy comes down to. The daemon has verified it with this key.
    pub policy: LedgerPolicy,
}

/// What a policy comes down to. Amounts are nanocredits.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerPolicy {
    /// Its number.
    pub number: u32,
    /// The most that an account earns in a day, whatever it claims.
    pub most_per_day: U64Text,
    /// What an account earns in a day by doing nothing.
    pub idle_per_day: U64Text,
    /// `open`, or `invitation` where an account needs one.
    #[serde(deserialize_with = "crate::plain::line")]
    pub enrolment: String,
}

/// A device that is enrolled now.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerEnrolled {
    /// The account.
    pub account: HexBytes<16>,
    /// The name that the ledger gave to the device.
    #[serde(deserialize_with = "crate::plain::line")]
    pub name: String,
    /// Twelve words that let a new device into the account when this one is lost. The daemon keeps
    /// them nowhere.
    #[serde(
        default,
        deserialize_with = "crate::plain::some_line",
        skip_serializing_if = "Option::is_none"
    )]
    pub recovery_code: Option<String>,
}

/// A code that a person writes down or passes on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerSecret {
    /// Twelve words.
    #[serde(deserialize_with = "crate::plain::line")]
    pub code: String,
    /// The end of an invitation, by the ledger's clock in milliseconds of Unix time. A recovery
    /// code has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<U64Text>,
}

/// The devices of the account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerDevices {
    /// In the order in which they were enrolled.
    pub devices: Vec<LedgerDevice>,
}

/// One device of the account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerDevice {
    /// Its key.
    pub key: HexBytes<32>,
    /// Its name.
    #[serde(deserialize_with = "crate::plain::line")]
    pub name: String,
    /// When it was enrolled, by the ledger's clock in milliseconds of Unix time.
    pub enrolled_ms: U64Text,
    /// When it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_ms: Option<U64Text>,
    /// Whether it is the device that answers.
    pub here: bool,
}

/// A link that signs one browser in, once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerLogin {
    /// The link.
    #[serde(deserialize_with = "crate::plain::line")]
    pub link: String,
    /// Two words that the page of the link shows as well.
    #[serde(deserialize_with = "crate::plain::line")]
    pub words: String,
}

/// Which link signs a browser in, or that a browser opens it already.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerOpened {
    /// The link, if no browser took it. It must be opened by hand then.
    #[serde(
        default,
        deserialize_with = "crate::plain::some_line",
        skip_serializing_if = "Option::is_none"
    )]
    pub link: Option<String>,
    /// Two words that the page of the link shows as well.
    #[serde(deserialize_with = "crate::plain::line")]
    pub words: String,
}

/// Some receipts of the chain in use, in ascending order, and what verifies them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReceiptsPage {
    /// The account at the ledger.
    pub account: HexBytes<16>,
    /// The chain in use.
    pub chain: HexBytes<16>,
    /// The receipts, each with the report that it answers.
    pub receipts: Vec<WireAnswer>,
    /// The sequence number of the last report before the first receipt: the place of the enrolment.
    pub start: U64Text,
    /// The sequence number of the last report that has a receipt.
    pub last: U64Text,
    /// The ledger's key that was pinned at enrolment.
    pub key: HexBytes<32>,
    /// The changes of this key since, each signed by the key before it.
    pub changes: Vec<WireSigned<88>>,
}
