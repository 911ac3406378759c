//! What an account has, and what its owner can do with it. Amounts are nanocredits.

use crate::{HexBytes, I64Text, U64Text, ledger::WireSigned};
use serde::{Deserialize, Serialize};

/// The answer of `GET /api/sessions/balance/{account}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Balance {
    /// The account.
    pub account: HexBytes<16>,
    /// What the account has: all awards, and the movements that the operator entered.
    pub credited: I64Text,
    /// The sum of the awards.
    pub awarded: U64Text,
    /// The awarded time.
    pub duration_ms: U64Text,
    /// The awarded bytes.
    pub bytes: U64Text,
}

/// One session that was reported and answered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SessionInfo {
    /// Its name here: the chain, a hyphen, the sequence number.
    pub id: String,
    /// The device that signed it.
    pub device: HexBytes<32>,
    /// Its chain.
    pub chain: HexBytes<16>,
    /// Its place in the chain.
    pub sequence: U64Text,
    /// When the ledger took it, by its own clock in milliseconds of Unix time.
    pub at_ms: U64Text,
    /// The awarded time.
    pub duration_ms: U64Text,
    /// The awarded bytes.
    pub bytes: U64Text,
    /// The award.
    pub amount: U64Text,
    /// Why it is less than claimed: `time-budget`, `byte-budget`, `before-enrolment` or
    /// `session-cap`.
    pub reasons: Vec<String>,
    /// The report, with what was claimed. It is missing once the ledger has pruned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<WireSigned<200>>,
    /// The ledger's receipt.
    pub receipt: WireSigned<200>,
}

/// The answer of `GET /api/sessions`, the newest session first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SessionsPage {
    /// The sessions.
    pub sessions: Vec<SessionInfo>,
    /// Goes into `before` for the next page. It is missing on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The query of `GET /api/sessions`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SessionsQuery {
    /// The account; without it, the account of who asks.
    pub account: Option<String>,
    /// `next` of the page before.
    pub before: Option<String>,
    /// Sessions in one page, 1 to 100. Without it, 50.
    pub limit: Option<u16>,
}

/// The answer of `GET /api/sessions/policy`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PolicyInfo {
    /// The policy in force, signed.
    pub policy: WireSigned<128>,
    /// Its number.
    pub number: u32,
    /// The most that an account earns in a day, whatever it claims.
    pub most_per_day: U64Text,
    /// What an account earns in a day by doing nothing.
    pub idle_per_day: U64Text,
}

/// The answer of `POST /api/login`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Login {
    /// Signs one browser in, once.
    pub link: String,
    /// Two words that the page of the link shows as well.
    pub words: String,
    /// The end of the link, by the ledger's clock in milliseconds of Unix time.
    pub expires_ms: U64Text,
}

/// The answer of `POST /api/devices/invite`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Invited {
    /// Twelve words that let one device into the account, once.
    pub code: String,
    /// The end of the invitation, by the ledger's clock in milliseconds of Unix time.
    pub expires_ms: U64Text,
}

/// The answer of `POST /api/account/recovery`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Recovery {
    /// The new recovery code, twelve words. The earlier code is void.
    pub recovery_code: String,
}

/// The answer of `POST /api/devices/{key}/remove`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Removed {
    /// The device that was removed.
    pub removed: HexBytes<32>,
}

/// The answer of `POST /api/account/delete`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Deleted {
    /// The account that was deleted.
    pub deleted: HexBytes<16>,
}

/// The answer of `GET /api/chains/{chain}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ChainAnswer {
    /// Where the chain stands, signed by the ledger.
    pub head: WireSigned<152>,
}

/// The answer of `GET /api/devices`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Devices {
    /// The devices of the account, in the order in which they came.
    pub devices: Vec<DeviceInfo>,
}

/// A device, in the answer of `GET /api/devices` and in the file of `GET /api/account/export`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DeviceInfo {
    /// Its key.
    pub key: HexBytes<32>,
    /// Its name.
    pub name: String,
    /// When it was enrolled.
    pub enrolled_ms: U64Text,
    /// When it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_ms: Option<U64Text>,
    /// When the ledger last took a report of it. It is missing if that never happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_report_ms: Option<U64Text>,
}

/// A chain, in the file of `GET /api/account/export`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ChainStands {
    /// The device that signs it.
    pub device: HexBytes<32>,
    /// Its id.
    pub chain: HexBytes<16>,
    /// Whether the device has signed two histories, so that the ledger takes no more of them.
    pub frozen: bool,
    /// The last report that the ledger has.
    pub sequence: U64Text,
    /// The sum of its awards.
    pub awarded: U64Text,
}
