//! The first file in a backup: what it is and what is in it.

use super::archive::Entry;
use meter_wire::{HexBytes, U64Text};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Its name in the archive.
pub(super) const MANIFEST: &str = "backup.json";
/// The signing key's seed.
pub(super) const KEY: &str = "key/device.key";
/// The numbers of the last signed reports.
pub(super) const LAST_SIGNED: &str = "key/last-signed";
/// The book.
pub(super) const BOOK: &str = "book.sqlite3";
/// The receipts.
pub(super) const RECEIPTS: &str = "receipts.sqlite3";
/// Books of ended chains begin like this, and go on with a number.
pub(super) const OLD_BOOK: &str = "book.old-";

/// The format that this program writes.
pub(super) const FORMAT: &str = "onionmeter-backup/1";
/// All formats begin like this.
pub(super) const FORMATS: &str = "onionmeter-backup/";

/// What a backup is and holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Manifest {
    pub(super) format: String,
    /// When it was made, in milliseconds since 1970, by the clock of that computer.
    pub(crate) made_at_ms: U64Text,
    /// The version of the program.
    pub(crate) program: String,
    /// The public key of the device.
    pub(crate) key: HexBytes<32>,
    /// The chain in use.
    pub(crate) chain: HexBytes<16>,
    /// Number of its reports.
    pub(crate) reports: U64Text,
    /// The other files, in their order.
    pub(super) files: Vec<FileRow>,
}

impl Manifest {
    /// Whether receipts of a ledger are in it, and with them the account there.
    pub(crate) fn has_receipts(&self) -> bool {
        self.files.iter().any(|row| row.name == RECEIPTS)
    }
}

/// One file of the archive.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct FileRow {
    name: String,
    bytes: U64Text,
    sha256: HexBytes<32>,
}

/// Only the format, which is read first: a later format may have other members.
#[derive(Deserialize)]
pub(super) struct OfFormat {
    pub(super) format: String,
}

/// The rows of these files.
pub(super) fn rows(entries: &[Entry]) -> Vec<FileRow> {
    let row = |entry: &Entry| FileRow {
        name: entry.name.clone(),
        bytes: U64Text(u64::try_from(entry.content.len()).unwrap_or(u64::MAX)),
        sha256: HexBytes(Sha256::digest(&entry.content[..]).into()),
    };
    entries.iter().map(row).collect()
}

/// Whether a backup may hold a file of this name. Nothing else is ever written into a home.
pub(super) fn is_known(name: &str) -> bool {
    let is_old = || {
        let rest = name.strip_prefix(OLD_BOOK)?;
        let number = rest.strip_suffix(".sqlite3");
        let number = number.or_else(|| rest.strip_suffix(".sqlite3-wal"))?;
        (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
    };
    [KEY, LAST_SIGNED, BOOK, RECEIPTS].contains(&name) || is_old().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_outside_of_the_known_ones_is_taken() {
        for name in [KEY, LAST_SIGNED, BOOK, RECEIPTS, "book.old-12.sqlite3"] {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "",
            "../key/device.key",
            "/etc/passwd",
            "config.toml",
            "book.old-.sqlite3",
            "book.old-1/../../x.sqlite3",
            "bin/onionmeter",
        ] {
            assert!(!is_known(name), "{name}");
        }
    }
}
