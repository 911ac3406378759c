//! Where a ledger of this test program keeps its books: a file of SQLite.

use onionmeter_ledger::store::Place;
use tempfile::TempDir;

/// A folder with one file.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    pub(crate) fn place(&self) -> Place {
        Place::File(self.0.path().join("ledger.sqlite3"))
    }
}
