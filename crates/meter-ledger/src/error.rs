//! Why the book refuses, and on whose side the fault lies.

use meter_core::{BodyError, ChainError, VerifyError};
use std::{io, panic::Location, path::PathBuf};

/// Why the book could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The file cannot be opened or created: a missing folder, missing rights, a full disk.
    #[error("cannot open the book {}", path.display())]
    Open {
        /// The book's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is something else; it was not touched.
    #[error("{} is not an Onionmeter book", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file has no content: whoever wrote it last was cut off. It was not touched.
    #[error("{} is empty; it holds no report", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A later version of Onionmeter wrote the file; it was not touched.
    #[error("the book {} has format {found}; this version knows format {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The file's content contradicts itself: it was edited, or the disk lost something.
    #[error("the book is damaged")]
    Damaged(#[from] Damage),
    /// The disk is full, read-only or failing. Nothing of the call is in the book; after an error
    /// from a post, [`Book::head`](crate::Book::head) tells where the book stands.
    #[error("the disk did not take or give what the book needs")]
    Disk(#[source] rusqlite::Error),
    /// The book's log holds entries that the book lacks, and it can be read nowhere: not in its own
    /// folder, which cannot be written, and not in a copy.
    #[error(
        "{} holds the last entries of the book and can be read only in a folder that can be \
         written; copy both files to one",
        log.display()
    )]
    LogUnread {
        /// The log's file.
        log: PathBuf,
        /// Why there is no copy.
        source: io::Error,
    },
    /// Another process holds the book, longer than the book waits.
    #[error("another program is using the book")]
    Busy,
    /// The book holds, or the report belongs to, another chain or another key.
    #[error("the book holds another chain of reports")]
    OtherChain,
    /// The report is not exactly the next one of the chain.
    #[error("the report is not the next one of the book's chain")]
    NotNext(#[source] ChainError),
    /// The book holds another report with this number. The key signed two: one of them, or this
    /// book, is a copy of an older state.
    #[error("the book already holds another report with number {sequence}")]
    Fork {
        /// The number used twice.
        sequence: u64,
    },
    /// We broke our own rule.
    #[error(transparent)]
    Bug(#[from] Bug),
}

/// What is wrong with the content of a book; the first thing found.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Damage {
    /// SQLite cannot make sense of the file. The text names pages, tables and indexes only.
    #[error("SQLite finds the file malformed: {0}")]
    File(String),
    /// The write-ahead log is there and the book is not; the log may hold reports.
    #[error("the book is gone, but its log {} is still there", .0.display())]
    LogWithoutBook(PathBuf),
    /// A table, an index or a trigger is missing, changed or not ours.
    #[error("the schema differs from that of this format at {name}")]
    Schema {
        /// The object's name.
        name: String,
    },
    /// There are reports, but no chain that they could belong to.
    #[error("the book does not say which chain it holds")]
    NoChain,
    /// A report before the last one is missing.
    #[error("report {sequence} is missing")]
    Missing {
        /// Its number.
        sequence: u64,
    },
    /// A report does not verify.
    #[error("report {sequence} does not verify: {error}")]
    Report {
        /// The place it is kept at.
        sequence: u64,
        /// What is wrong with it.
        error: VerifyError<BodyError>,
    },
    /// A report does not follow from the one before it.
    #[error("the report kept at number {sequence} breaks the chain: {error}")]
    Chain {
        /// The place it is kept at.
        sequence: u64,
        /// What is wrong with it.
        error: ChainError,
    },
    /// The postings of a report are not those that its tariff gives.
    #[error("the postings of report {sequence} are not what its tariff gives")]
    Postings {
        /// The report's number.
        sequence: u64,
    },
    /// There are postings without a report, or more than belong to the reports.
    #[error("there are {found} postings; the reports account for {expected}")]
    PostingCount {
        /// How many the reports account for.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The sum of the postings is not the running total that the last report signs.
    #[error("the postings do not add up to {signed}, the running total of the last report")]
    Balance {
        /// Running total of the last report, in nanocredits.
        signed: u64,
    },
    /// The kept session in progress breaks a rule of its type.
    #[error("the session in progress is not one")]
    OpenSession,
}

/// A mistake of ours, with the place that noticed it. Never the disk's fault nor the user's.
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
        let damaged = |error: &rusqlite::Error| Self::Damaged(Damage::File(error.to_string()));
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

/// Whether a column held what its table's rules forbid: nothing that we write can do that.
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
