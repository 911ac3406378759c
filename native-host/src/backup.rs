//! Backups: everything of a home that cannot be made again, in one encrypted file
//! (`docs/spec/backup.md`).
//!
//! Only commands use this part. The daemon neither makes nor reads backups.

mod archive;
mod collecting;
mod draft;
mod manifest;
mod opening;
mod sealed;

pub(crate) use collecting::{check_there, collect};
pub(crate) use manifest::Manifest;
pub(crate) use opening::open;
pub(crate) use sealed::{AGE, ARMOR};

use crate::{counted::counted, key::KeyError, last_signed::RecordError};
use meter_ledger::{BookError, ReceiptsError};
use sealed::SealedError;
use std::{io, path::PathBuf};

/// The reason why no backup is made, or none is put back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    /// There is no book.
    #[error("{path} has no reports yet: the first start makes key and book", path = .0.display())]
    Nothing(PathBuf),
    /// Reports were signed, and their book is not there.
    #[error("{path} is missing, and it held {held}; put it back before you make a backup, or see \
        what `onionmeter doctor` says",
        path = .path.display(), held = counted(*.reports, "report"))]
    Lost {
        /// The book.
        path: PathBuf,
        /// How many reports were signed.
        reports: u64,
    },
    /// Another backup is being made.
    #[error("another `onionmeter backup` is at work in {path}; try again when it has \
        ended", path = .0.display())]
    Busy(PathBuf),
    /// A file that belongs into it cannot be read.
    #[error("{path} cannot be read, so no backup was made; repair it or move it away: {source}",
        path = .path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key is not the one of the book.
    #[error("{0}")]
    OtherKey(String),
    /// A book cannot be used.
    #[error("{path}: {source}; `onionmeter doctor` says what to do", path = .path.display())]
    Book {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BookError,
    },
    /// The file of receipts cannot be used.
    #[error("{path}: {source}; `onionmeter doctor` says what to do", path = .path.display())]
    Receipts {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReceiptsError,
    },
    /// The record of the last signed report cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be encrypted or decrypted.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// It has another content.
    #[error(
        "it is no backup of Onionmeter: {0}; name a file of `onionmeter backup`; nothing was \
        changed"
    )]
    Other(String),
    /// A later format.
    #[error("it was made by a newer Onionmeter ({0}); update this one; nothing was changed")]
    Newer(String),
}

impl BackupError {
    /// Whether the reason is a limit of the system, and not the file.
    pub(crate) const fn is_limit(&self) -> bool {
        matches!(self, Self::Sealed(SealedError::Memory(_)))
    }

    /// A function that names the file of an error.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// The same for a book.
    fn of_book(path: impl Into<PathBuf>) -> impl FnOnce(BookError) -> Self {
        let path = path.into();
        move |source| Self::Book { path, source }
    }

    /// The same for a file of receipts.
    fn of_receipts(path: impl Into<PathBuf>) -> impl FnOnce(ReceiptsError) -> Self {
        let path = path.into();
        move |source| Self::Receipts { path, source }
    }
}
