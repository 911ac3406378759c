//! The file as it is written and read. Nothing in it is believed before it was checked.

use super::error::ExportError;
use meter_core::{KEY_CHANGE_BODY_BYTES, POLICY_BODY_BYTES};
use meter_wire::{HexBytes, U64Text, WireReceipt, WireReport, ledger::WireSigned};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The format that this program writes and reads.
pub(super) const FORMAT: &str = "onionmeter-export/1";
/// All formats begin like this.
pub(crate) const FORMATS: &str = "onionmeter-export/";

/// The whole file. The order of the members is that of the specification, and of the hash.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportFile {
    pub(super) format: String,
    /// All chains, in the order in which they began. The last one is in use.
    pub(super) chains: Vec<Chain>,
    /// All memberships, in the order of the first enrolment.
    pub(super) ledgers: Vec<Ledger>,
    /// Of everything before it.
    pub(super) sha256: HexBytes<32>,
}

/// A chain from its first report on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chain {
    pub(super) chain: HexBytes<16>,
    /// The key that signs it.
    pub(super) key: HexBytes<32>,
    pub(super) reports: Vec<WireReport>,
}

/// One membership.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ledger {
    /// The key that was pinned.
    pub(super) key: HexBytes<32>,
    /// The key of the device.
    pub(super) device: HexBytes<32>,
    pub(super) in_force: bool,
    pub(super) start: Start,
    pub(super) changes: Vec<WireSigned<KEY_CHANGE_BODY_BYTES>>,
    pub(super) policies: Vec<WireSigned<POLICY_BODY_BYTES>>,
    pub(super) chains: Vec<Receipts>,
    pub(super) contradictions: Vec<Evidence>,
}

/// The place from which on the ledger credits.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    pub(super) chain: HexBytes<16>,
    pub(super) sequence: U64Text,
    /// What it had awarded for the chain up to there, in nanocredits.
    pub(super) awarded: U64Text,
}

/// The receipts of one chain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipts {
    pub(super) chain: HexBytes<16>,
    pub(super) receipts: Vec<WireReceipt>,
}

/// What the ledger signed or sent against its own word.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Evidence {
    pub(super) kind: String,
    /// In hexadecimal, as it was received.
    pub(super) bytes: String,
}

impl ExportFile {
    /// A file with its hash.
    pub(super) fn new(chains: Vec<Chain>, ledgers: Vec<Ledger>) -> Self {
        let mut file = Self {
            format: FORMAT.to_owned(),
            chains,
            ledgers,
            sha256: HexBytes([0; 32]),
        };
        file.sha256 = file.hash();
        file
    }

    /// The hash of all members but the last, as JSON without white space.
    pub(super) fn hash(&self) -> HexBytes<32> {
        let mut text = serde_json::to_string(self).expect("members are texts");
        let last = format!(r#","sha256":"{}"}}"#, hex::encode(self.sha256.0));
        let length = text.len().saturating_sub(last.len());
        text.truncate(length);
        text.push('}');
        HexBytes(Sha256::digest(text.as_bytes()).into())
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("members are texts") + "\n"
    }
}

/// Reads a file. Members that are not known, missing or there twice are errors.
///
/// # Errors
/// The place `file`, and why.
pub(crate) fn parse(text: &[u8]) -> Result<ExportFile, ExportError> {
    #[derive(Deserialize)]
    struct OfFormat {
        format: String,
    }
    let bad = |why: String| ExportError::new("file", why);
    let not_read = |error: serde_json::Error| {
        // Its words quote the file, which may be long.
        let (line, column) = (error.line(), error.column());
        bad(format!(
            "line {line}, column {column} is not of the format {FORMAT}"
        ))
    };
    let OfFormat { format } = serde_json::from_slice(text).map_err(not_read)?;
    if format != FORMAT {
        let why = format!("the format {format:?} is not known here; a newer Onionmeter made it");
        return Err(bad(why));
    }
    serde_json::from_slice(text).map_err(not_read)
}
