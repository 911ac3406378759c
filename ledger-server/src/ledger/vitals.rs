//! How the ledger itself is: what waits, what the last audit found, and room on the disk.

use super::{LastAudit, Ledger};
use crate::{committer::Wait, store::free_bytes};
use std::path::Path;

/// What can be said about a ledger without looking at an account.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Vitals {
    /// Whether it takes no reports.
    pub is_read_only: bool,
    /// The reports that wait for the database.
    pub wait: Wait,
    /// The last audit of this process.
    pub audit: Option<LastAudit>,
    /// The size of the database in bytes; `None` while it does not answer.
    pub store_bytes: Option<u64>,
    /// The bytes that are left for the ledger's user where the data folder is.
    pub free_bytes: Option<u64>,
}

impl Ledger {
    /// Looks at everything once. It blocks for as long as the database takes to answer.
    #[must_use]
    pub fn vitals(&self, folder: &Path) -> Vitals {
        Vitals {
            is_read_only: self.held().is_some(),
            wait: self.committer.wait(),
            audit: self.last_audit(),
            store_bytes: self.store.size().ok(),
            free_bytes: free_bytes(folder).ok(),
        }
    }
}
