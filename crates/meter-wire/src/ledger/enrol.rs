//! A device becomes part of an account.

use crate::{HexBytes, ledger::WireSigned};
use serde::{Deserialize, Serialize};

/// The body of `POST /api/devices/enrol`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// The statement that the device signs, with a challenge of the ledger in it.
    pub enrolment: WireSigned<224>,
    /// The invitation or recovery code whose hash the statement holds: twelve words, or 32
    /// hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The answer to it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Enrolled {
    /// The account.
    pub account: HexBytes<16>,
    /// The name of the device: random words that the ledger chose.
    pub name: String,
    /// Twelve words that let a new device into the account when all of its devices are lost. They
    /// are told once: when the account is opened, and when a recovery code was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<String>,
    /// The policy in force, signed.
    pub policy: WireSigned<128>,
}
