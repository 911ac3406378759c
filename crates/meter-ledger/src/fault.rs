//! Why a disk does not take what the book needs, in the system's own words.
//!
//! SQLite has one code for many reasons, so in doubt the system is asked: the book is opened for
//! writing, and a small file is written beside it and removed again.

use crate::{BookError, beside::beside};
use rusqlite::ErrorCode;
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::Path,
};

/// What is wrong with the disk, by what a person can do about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DiskFault {
    /// No room is left, or none that this user may have.
    Full,
    /// The disk is mounted read-only.
    ReadOnly,
    /// This user may not write there, or not read.
    Denied,
    /// The folder is gone.
    Missing,
    /// It fails, or nobody knows better.
    Failing,
}

/// As much as SQLite needs at once for a log and its index.
const PROBE_BYTES: usize = 64 * 1024;

impl BookError {
    /// Whether [`Self::disk_fault`] has to write to the disk to find out: not for every second.
    #[must_use]
    pub fn asks_the_disk(&self) -> bool {
        matches!(self, Self::Disk(error) if !is_full(error))
    }

    /// What is wrong with the disk that holds the book at `path`; `None` when it is not the disk.
    #[must_use]
    pub fn disk_fault(&self, path: &Path) -> Option<DiskFault> {
        match self {
            Self::Disk(error) if is_full(error) => Some(DiskFault::Full),
            Self::Disk(_) => Some(why_not_written(path).map_or(DiskFault::Failing, |e| of(&e))),
            Self::Open { source, .. } | Self::LogUnread { source, .. } => Some(of(source)),
            _ => None,
        }
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Why nothing can be written to the book at `path` or beside it; `None` when it can.
pub(crate) fn why_not_written(path: &Path) -> Option<io::Error> {
    let probe = beside(path, ".probe");
    let try_it = || {
        match OpenOptions::new().append(true).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&probe)?;
        file.write_all(&[0; PROBE_BYTES])?;
        file.sync_all()
    };
    let tried = try_it();
    let removed = match fs::remove_file(&probe) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    };
    tried.and(removed).err()
}

fn of(error: &io::Error) -> DiskFault {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            DiskFault::Full
        }
        ErrorKind::ReadOnlyFilesystem => DiskFault::ReadOnly,
        ErrorKind::PermissionDenied => DiskFault::Denied,
        ErrorKind::NotFound | ErrorKind::NotADirectory => DiskFault::Missing,
        _ => DiskFault::Failing,
    }
}
