//! What a ledger says about itself.

use crate::{HexBytes, U64Text, ledger::WireSigned};
use serde::{Deserialize, Serialize};

/// The answer of `GET /api/ledger`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerInfo {
    /// The key that signs receipts now.
    pub key: HexBytes<32>,
    /// Every key that has signed receipts, in ascending order.
    pub keys: Vec<KeyEntry>,
    /// The key as a line for a transparency log (C2SP signed-note).
    pub vkey: String,
    /// The policy in force, signed.
    pub policy: WireSigned<128>,
    /// The ledger's clock, in milliseconds of Unix time.
    pub time_ms: U64Text,
}

/// One of a ledger's keys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyEntry {
    /// Its number, from 1.
    pub number: u32,
    /// The public key.
    pub key: HexBytes<32>,
    /// The change to this key, signed by the key before. The first key has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<WireSigned<88>>,
}

/// The answer of `POST /api/challenge`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Challenge {
    /// Goes into what the device signs next. It can be used once.
    pub challenge: HexBytes<32>,
    /// The end of its life, by the ledger's clock in milliseconds of Unix time.
    pub expires_ms: U64Text,
}

/// The answer of `GET /healthz` while the store commits; otherwise the answer is a refusal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Healthy {
    /// Always `true`.
    pub healthy: bool,
}
