//! Why a file cannot be opened, read or written, whatever it holds; and bugs of ours.

use crate::FileKind;
use std::{io, panic::Location, path::PathBuf};

/// The reason why a file could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be opened or created: the folder is missing, permissions are missing, or the
    /// disk is full.
    #[error("cannot open the {kind} {}", path.display())]
    Open {
        /// What it should hold.
        kind: FileKind,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is of another program, or of another kind. It was not changed.
    #[error("{} is not an Onionmeter {kind}", path.display())]
    NotOurs {
        /// What it should hold.
        kind: FileKind,
        /// The file.
        path: PathBuf,
    },
    /// The file is empty: the program that wrote it last was interrupted. It was not changed.
    #[error("{} is empty; it holds no {}", path.display(), kind.entry())]
    Empty {
        /// What it should hold.
        kind: FileKind,
        /// The file.
        path: PathBuf,
    },
    /// A folder, pipe, socket or device, or a link to one or to nothing, is in the place of the
    /// file. It was not opened.
    #[error("{} is {what}; move it away and put the {kind} itself there", path.display())]
    NotAFile {
        /// What should be there.
        kind: FileKind,
        /// The place.
        path: PathBuf,
        /// The kind of the thing, in words.
        what: &'static str,
    },
    /// The same in the place of a file that SQLite keeps beside the file, or of a draft of the
    /// file. It was not opened, and nor was the file.
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
    #[error("the {kind} {} has format {found}; this version knows format {known}", path.display())]
    Newer {
        /// What it holds.
        kind: FileKind,
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// The file itself is damaged, whatever it holds.
    #[error("{0}")]
    Damaged(FileFault),
    /// The disk is full, read-only or failing. The file contains nothing of the call.
    #[error("the disk did not take or give what the {kind} needs")]
    Disk {
        /// What it holds.
        kind: FileKind,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The file's log has entries that the file lacks, and it cannot be read: its own folder cannot
    /// be written, and no copy could be made.
    #[error(
        "{} holds the last entries of the {kind} and can be read only in a folder that can be \
         written; copy both files to one",
        log.display()
    )]
    LogUnread {
        /// What it holds.
        kind: FileKind,
        /// The log's file.
        log: PathBuf,
        /// The reason why there is no copy.
        source: io::Error,
    },
    /// Another process holds the file for longer than this one waits.
    #[error("another program is using the {0}")]
    Busy(FileKind),
    /// A bug of ours.
    #[error(transparent)]
    Bug(Bug),
}

/// Damage of a file that is found without knowing what it holds.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FileFault {
    /// SQLite cannot read the file. The text names only pages, tables and indexes.
    #[error("SQLite finds the file malformed: {0}")]
    Malformed(String),
    /// The write-ahead log exists and the file does not. The log may contain entries.
    #[error("the {kind} is gone, but its log {} is still there", log.display())]
    LogWithoutFile {
        /// What is gone.
        kind: FileKind,
        /// The log.
        log: PathBuf,
    },
    /// A table, an index or a trigger is missing, changed or not ours.
    #[error("the schema differs from that of this format at {name}")]
    Schema {
        /// Name of the object.
        name: String,
    },
}

/// A bug of ours, with the place in the code that noticed it. Never an error of the disk or the
/// user.
#[derive(Debug, thiserror::Error)]
#[error("bug in the book or the receipts, noticed at {at}: {what}")]
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

impl FileError {
    /// What an error of SQLite says about a file of this kind.
    #[track_caller]
    pub(crate) fn of_sqlite(kind: FileKind, error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let damaged = |error: &rusqlite::Error| {
            let fault = FileFault::Malformed(error.to_string());
            Self::Damaged(fault)
        };
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed) => {
                Self::Busy(kind)
            }
            Some(
                Code::DiskFull
                | Code::SystemIoFailure
                | Code::ReadOnly
                | Code::PermissionDenied
                | Code::CannotOpen,
            ) => Self::Disk {
                kind,
                source: error,
            },
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

/// Names the kind of file that an error of SQLite is about.
pub(crate) trait At<T> {
    /// The same result, with an error that names the file.
    fn at(self, kind: FileKind) -> Result<T, FileError>;
}

impl<T> At<T> for rusqlite::Result<T> {
    #[track_caller]
    fn at(self, kind: FileKind) -> Result<T, FileError> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(FileError::of_sqlite(kind, error)),
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
