//! Reasons why the book refuses, and whose fault each is.

use crate::{
    FileError, FileFault, FileKind,
    fault::{self, DiskFault},
    file_error::Bug,
};
use meter_core::{BodyError, ChainError, VerifyError};
use std::path::Path;

/// The reason why the book could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The file, or the disk that holds it. After an error of `post`,
    /// [`Book::head`](crate::Book::head) returns the state of the book. It is never
    /// [`FileError::Damaged`] or [`FileError::Bug`].
    #[error(transparent)]
    File(FileError),
    /// The content of the file contradicts itself: it was edited, or the disk lost data.
    #[error("the book is damaged")]
    Damaged(#[from] BookFault),
    /// The book, or the report, belongs to another chain or another key.
    #[error("the book holds another chain of reports")]
    OtherChain,
    /// The report is not exactly the next one of the chain.
    #[error("the report is not the next one of the book's chain")]
    NotNext(#[source] ChainError),
    /// The book holds another report with this number. The key signed two reports, so one of them,
    /// or this book, comes from a copy of an older state.
    #[error("the book already holds another report with number {sequence}")]
    Fork {
        /// The number that was used twice.
        sequence: u64,
    },
    /// A bug of ours.
    #[error(transparent)]
    Bug(#[from] Bug),
}

/// The first damage that was found in a book.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BookFault {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileFault),
    /// There are reports, but no chain for them.
    #[error("the book does not say which chain it holds")]
    NoChain,
    /// A report before the last one is missing.
    #[error("report {sequence} is missing")]
    Missing {
        /// Number of the report.
        sequence: u64,
    },
    /// A report does not verify.
    #[error("report {sequence} does not verify: {error}")]
    Report {
        /// Its number in the book.
        sequence: u64,
        /// The error of the verification.
        error: VerifyError<BodyError>,
    },
    /// A report does not follow from the one before it.
    #[error("the report kept at number {sequence} breaks the chain: {error}")]
    Chain {
        /// Its number in the book.
        sequence: u64,
        /// The rule of the chain that it breaks.
        error: ChainError,
    },
    /// The postings of a report differ from what its tariff gives.
    #[error("the postings of report {sequence} are not what its tariff gives")]
    Postings {
        /// The report's number.
        sequence: u64,
    },
    /// There are postings without a report, or too many for the reports.
    #[error("there are {found} postings; the reports account for {expected}")]
    PostingCount {
        /// Number of postings that the reports need.
        expected: u64,
        /// Number of postings in the book.
        found: u64,
    },
    /// The sum of the postings differs from the running total in the last report.
    #[error("the postings do not add up to {signed}, the running total of the last report")]
    Balance {
        /// Running total of the last report, in nanocredits.
        signed: u64,
    },
    /// The stored session in progress breaks a rule of its type.
    #[error("the session in progress is not one")]
    OpenSession,
}

impl BookError {
    /// Whether [`Self::disk_fault`] must write to the disk to find the reason, so it must not be
    /// called every second.
    #[must_use]
    pub fn asks_the_disk(&self) -> bool {
        matches!(self, Self::File(error) if fault::asks_the_disk(error))
    }

    /// The fault of the disk that holds the book at `path`; `None` if the disk is not the reason.
    #[must_use]
    pub fn disk_fault(&self, path: &Path) -> Option<DiskFault> {
        match self {
            Self::File(error) => fault::disk_fault(error, path),
            _ => None,
        }
    }
}

impl From<FileError> for BookError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Damaged(fault) => Self::Damaged(BookFault::File(fault)),
            FileError::Bug(bug) => Self::Bug(bug),
            other => Self::File(other),
        }
    }
}

impl From<rusqlite::Error> for BookError {
    #[track_caller]
    fn from(error: rusqlite::Error) -> Self {
        FileError::of_sqlite(FileKind::Book, error).into()
    }
}
