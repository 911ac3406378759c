//! Reasons why the file of receipts refuses.

use crate::{
    FileError, FileFault, FileKind,
    fault::{self, DiskFault},
    file_error::Bug,
};
use meter_core::{
    AnswerError, KeyChainError, PolicyError, ReceiptChainError, ReceiptError, VerifyError,
};
use std::path::Path;

/// The reason why receipts could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptsError {
    /// The file, or the disk that holds it. It is never [`FileError::Damaged`] or
    /// [`FileError::Bug`].
    #[error(transparent)]
    File(FileError),
    /// The content of the file contradicts itself: it was edited, or the disk lost data.
    #[error("the file of receipts is damaged")]
    Damaged(#[from] ReceiptsFault),
    /// No enrolment is in force.
    #[error("this device is not enrolled with a ledger")]
    NotEnrolled,
    /// An enrolment is in force already.
    #[error("this device is enrolled with a ledger already; leave that one first")]
    Enrolled,
    /// What is to be stored was signed for another device, by another ledger, or by a key that is
    /// not known.
    #[error("this belongs to another device or another ledger")]
    Foreign,
    /// The chain has ended and takes no more receipts.
    #[error("the chain has ended and takes no more receipts")]
    Ended,
    /// The receipt does not answer its report.
    #[error("receipt {sequence} does not answer its report")]
    NotAnswering {
        /// Its number.
        sequence: u64,
        /// The broken rule.
        source: AnswerError,
    },
    /// The receipt is not exactly the next one of its chain.
    #[error("the receipt is not the next one of its chain")]
    NotNext(#[source] ReceiptChainError),
    /// Another receipt is stored for this place. The ledger has signed two answers to one report.
    #[error("another receipt is stored for report {sequence}")]
    Second {
        /// The report's number.
        sequence: u64,
    },
    /// The change of the ledger's key is not the next one.
    #[error("the change of the ledger's key is not the next one")]
    Key(#[from] KeyChainError),
    /// A bug of ours.
    #[error(transparent)]
    Bug(#[from] Bug),
}

/// The first damage that was found in a file of receipts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReceiptsFault {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileFault),
    /// A stored number or name breaks a rule of its type.
    #[error("{0} has a value that it cannot have")]
    Value(&'static str),
    /// A receipt does not verify.
    #[error("receipt {sequence} does not verify: {error}")]
    Receipt {
        /// Its number in its chain.
        sequence: u64,
        /// The error of the verification.
        error: VerifyError<ReceiptError>,
    },
    /// A receipt does not follow from the one before it.
    #[error("receipt {sequence} breaks its chain: {error}")]
    Chain {
        /// Its number in its chain.
        sequence: u64,
        /// The rule that it breaks.
        error: ReceiptChainError,
    },
    /// A receipt does not answer the report of its place in the book.
    #[error("receipt {sequence} does not answer the report in the book: {error}")]
    Answer {
        /// Its number in its chain.
        sequence: u64,
        /// The rule that it breaks.
        error: AnswerError,
    },
    /// The sums beside a receipt are not those of the receipts and reports.
    #[error("the sums beside receipt {sequence} are not those of the reports")]
    Sums {
        /// Its number in its chain.
        sequence: u64,
    },
    /// The place of enrolment is not that of the report in the book.
    #[error("the place of enrolment, report {sequence}, is not the one in the book")]
    Start {
        /// The report's number.
        sequence: u64,
    },
    /// A policy does not verify.
    #[error("policy {number} does not verify: {error}")]
    Policy {
        /// Its number.
        number: u32,
        /// The error of the verification.
        error: VerifyError<PolicyError>,
    },
    /// The changes of the ledger's key do not follow from the pinned key.
    #[error("the stored keys of the ledger do not follow from the pinned one: {0}")]
    Key(KeyChainError),
}

impl ReceiptsError {
    /// Whether [`Self::disk_fault`] must write to the disk to find the reason, so it must not be
    /// called every second.
    #[must_use]
    pub fn asks_the_disk(&self) -> bool {
        matches!(self, Self::File(error) if fault::asks_the_disk(error))
    }

    /// The fault of the disk that holds the file at `path`; `None` if the disk is not the reason.
    #[must_use]
    pub fn disk_fault(&self, path: &Path) -> Option<DiskFault> {
        match self {
            Self::File(error) => fault::disk_fault(error, path),
            _ => None,
        }
    }
}

impl From<FileError> for ReceiptsError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Damaged(fault) => Self::Damaged(ReceiptsFault::File(fault)),
            FileError::Bug(bug) => Self::Bug(bug),
            other => Self::File(other),
        }
    }
}

impl From<rusqlite::Error> for ReceiptsError {
    #[track_caller]
    fn from(error: rusqlite::Error) -> Self {
        FileError::of_sqlite(FileKind::Receipts, error).into()
    }
}
