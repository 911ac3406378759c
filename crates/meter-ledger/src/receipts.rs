//! The file of receipts: what ledgers have answered to the reports of this device.

mod answers;
mod audit;
mod content;
mod enrolling;
mod error;
mod evidence;
mod rows;

pub use audit::ReceiptsAudit;
pub use content::{Added, Contradiction, LoweredSum, Member, Membership, Sums, Waiting};
pub use error::{ReceiptsError, ReceiptsFault};

use crate::{FileError, FileKind, Place, opened::Opened};
use std::{fmt, path::Path};

/// The receipts of this device's reports, its enrolments, and the keys and policies of its ledgers.
///
/// Every call is one transaction, and durable when it returns `Ok`. Calls block like those of
/// [`Book`](crate::Book), and only one process at a time may write. The file is made at the first
/// enrolment; a device that is never enrolled has none.
pub struct Receipts {
    opened: Opened,
}

impl Receipts {
    /// Opens the file at `path`, or makes an empty one that only its owner can read. The folder
    /// must exist. Checks the schema, the keys and the last receipt of each chain, but not every
    /// receipt: see [`Self::audit`].
    ///
    /// # Errors
    /// When the file cannot be opened, holds something else, has a later format (in both cases it
    /// is not changed), or is damaged.
    pub fn create(path: &Path) -> Result<Self, ReceiptsError> {
        Self::to_write(Opened::open(FileKind::Receipts, path)?)
    }

    /// Like [`Self::create`], but makes no file: `None` if it does not exist.
    ///
    /// # Errors
    /// The errors of [`Self::create`].
    pub fn open(path: &Path) -> Result<Option<Self>, ReceiptsError> {
        let opened = Opened::open_existing(FileKind::Receipts, path)?;
        opened.map(Self::to_write).transpose()
    }

    /// Opens the file at `path` for reading, also in a folder or on a disk that cannot be written.
    ///
    /// # Errors
    /// The errors of [`Self::create`], and [`FileError::LogUnread`] when the log cannot be read in
    /// its place and no other folder has room for a copy.
    pub fn open_to_read(path: &Path) -> Result<Self, ReceiptsError> {
        Self::checked(Opened::open_to_read(FileKind::Receipts, path)?)
    }

    fn to_write(opened: Opened) -> Result<Self, ReceiptsError> {
        let receipts = Self::checked(opened)?;
        receipts.opened.wait_briefly()?;
        Ok(receipts)
    }

    fn checked(opened: Opened) -> Result<Self, ReceiptsError> {
        // Read one state: a receipt that another process adds between two of these queries would
        // look like damage.
        let moment = opened.read()?;
        if let Some(member) = rows::current_member(&moment)? {
            let keys = rows::keys(&moment, &member)?;
            rows::policies(&moment, &member, &keys)?;
            for (chain, _) in rows::chains(&moment, &member)? {
                rows::answered(&moment, &member, chain, &keys)?;
            }
        }
        moment.finish()?;
        Ok(Self { opened })
    }

    /// Whether the open file is still the one at its path.
    #[must_use]
    pub fn place(&self) -> Place {
        self.opened.place()
    }

    /// Closes the file: what its log holds moves into it, and the log is removed.
    ///
    /// # Errors
    /// When SQLite cannot close it. The log then stays and is read at the next opening; nothing is
    /// lost.
    pub fn close(self) -> Result<(), ReceiptsError> {
        Ok(self.opened.close()?)
    }

    /// Writes a copy of one state to a new file at `path`, which then has everything and no log.
    /// Its path must be UTF-8. Another process may write meanwhile.
    ///
    /// # Errors
    /// When the file exists or cannot be written, the disk fails, or the original is busy or
    /// damaged.
    pub fn copy_to(&self, path: &Path) -> Result<(), ReceiptsError> {
        Ok(self.opened.copy_to(path)?)
    }

    /// If SQLite refuses our statement, that is our bug only if the tables are unchanged.
    fn explained(&self, error: ReceiptsError) -> ReceiptsError {
        match error {
            ReceiptsError::Bug(bug) => match self.opened.changed_schema() {
                Some(fault) => FileError::Damaged(fault).into(),
                None => bug.into(),
            },
            other => other,
        }
    }
}

impl fmt::Debug for Receipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
