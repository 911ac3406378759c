//! Reasons why the book refuses, and whose fault each is.

use meter_core::{BodyError, ChainError, VerifyError};
use std::{io, panic::Location, path::PathBuf};

/// The reason why the book could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The file cannot be opened or created: the folder is missing, permissions are missing, or the
    /// disk is full.
    #[error("cannot open the book {}", path.display())]
    Open {
        /// The book's file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is not a book. It was not changed.
    #[error("{} is not an Onionmeter book", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file is empty: the program that wrote it last was interrupted. It was not changed.
    #[error("{} is empty; it holds no report", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A folder, pipe, socket or device, or a link to one or to nothing, is in the place of the
    /// book. It was not opened.
    #[error("{} is {what}; move it away and put the book itself there", path.display())]
    NotAFile {
        /// The place of the book.
        path: PathBuf,
        /// The kind of the thing, in words.
        what: &'static str,
    },
    /// The same in the place of a file that SQLite keeps beside the book, or of a draft of the
    /// book. It was not opened, and nor was the book.
    #[error("{} is {what}; {remedy}", path.display())]
    NotAFileBeside {
        /// The place.
        path: PathBuf,
        /// The kind of the thing, in words.
        what: &'static str,
        /// What mends it.
        remedy: &'static str,
    },
    /// A later version of Onionmeter wrote the file. It was not changed.
    #[error("the book {} has format {found}; this version knows format {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// The content of the file contradicts itself: it was edited, or the disk lost data.
    #[error("the book is damaged")]
    Damaged(#[from] BookFault),
    /// The disk is full, read-only or failing. The book contains nothing of the call; after an
    /// error of `post`, [`Book::head`](crate::Book::head) returns the state of the book.
    #[error("the disk did not take or give what the book needs")]
    Disk(#[source] rusqlite::Error),
    /// The book's log has entries that the book lacks, and it cannot be read: its own folder cannot
    /// be written, and no copy could be made.
    #[error(
        "{} holds the last entries of the book and can be read only in a folder that can be \
         written; copy both files to one",
        log.display()
    )]
    LogUnread {
        /// The log's file.
        log: PathBuf,
        /// The reason why there is no copy.
        source: io::Error,
    },
    /// Another process holds the book for longer than the book waits.
    #[error("another program is using the book")]
    Busy,
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
    /// SQLite cannot read the file. The text names only pages, tables and indexes.
    #[error("SQLite finds the file malformed: {0}")]
    File(String),
    /// The write-ahead log exists and the book does not. The log may contain reports.
    #[error("the book is gone, but its log {} is still there", .0.display())]
    LogWithoutBook(PathBuf),
    /// A table, an index or a trigger is missing, changed or not ours.
    #[error("the schema differs from that of this format at {name}")]
    Schema {
        /// Name of the object.
        name: String,
    },
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

/// A bug of ours, with the place in the code that noticed it. Never an error of the disk or the
/// user.
#[derive(Debug, thiserror::Error)]
#[error("bug in the book, noticed at {at}: {what}")]
pub struct Bug {
    what: &'static str,
    at: &'static Location<'static>,
    source: Option<rusqlite::Error>,
}

impl Bug {
    #[track_caller]
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            at: Location::caller(),
            source: None,
        }
    }
}

impl From<rusqlite::Error> for BookError {
    #[track_caller]
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let damaged = |error: &rusqlite::Error| Self::Damaged(BookFault::File(error.to_string()));
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed) => {
                Self::Busy
            }
            Some(
                Code::DiskFull
                | Code::SystemIoFailure
                | Code::ReadOnly
                | Code::PermissionDenied
                | Code::CannotOpen,
            ) => Self::Disk(error),
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => damaged(&error),
            None if is_odd_value(&error) => damaged(&error),
            _ => Self::Bug(Bug {
                what: "SQLite refused a statement",
                at: Location::caller(),
                source: Some(error),
            }),
        }
    }
}

/// Whether a column held a value that the rules of its table forbid. Our own code cannot write one.
const fn is_odd_value(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    matches!(
        error,
        E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::Utf8Error(..)
    )
}
