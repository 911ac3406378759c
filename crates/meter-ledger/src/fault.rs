//! Finds out why the disk does not accept a file's data, using the system's own errors.
//!
//! SQLite has one code for many reasons. If the reason is not clear, the file is opened for
//! writing, and a small file is written beside it and removed again.

use crate::{FileError, beside::beside};
use rusqlite::ErrorCode;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::Path,
};

/// The fault of a disk, by what a person can do about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DiskFault {
    /// The disk is full, or this user's quota is.
    Full,
    /// The disk is mounted read-only.
    ReadOnly,
    /// This user may not write to the disk, or not read it.
    Denied,
    /// The folder does not exist any more.
    Missing,
    /// The system lets this process open no more files. The disk is not the reason.
    TooManyFiles,
    /// The disk fails, or the reason is not known.
    Failing,
}

/// As many bytes as SQLite needs at once for a log and its index.
const PROBE_BYTES: usize = 64 * 1024;

/// Whether [`disk_fault`] must write to the disk to find the reason, so it must not be called every
/// second.
pub(crate) fn asks_the_disk(error: &FileError) -> bool {
    matches!(error, FileError::Disk { source, .. } if !is_full(source))
}

/// The fault of the disk that holds the file at `path`; `None` if the disk is not the reason.
pub(crate) fn disk_fault(error: &FileError, path: &Path) -> Option<DiskFault> {
    match error {
        FileError::Disk { source, .. } if is_full(source) => Some(DiskFault::Full),
        FileError::Disk { .. } => {
            Some(why_not_written(path).map_or(DiskFault::Failing, |error| of(&error)))
        }
        FileError::Open { source, .. } | FileError::LogUnread { source, .. } => Some(of(source)),
        _ => None,
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// The reason why nothing can be written to the file at `path` or beside it; `None` if writing
/// works.
pub(crate) fn why_not_written(path: &Path) -> Option<io::Error> {
    let probe = beside(path, ".probe");
    let try_it = || {
        match at_once(OpenOptions::new().append(true)).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // One that an ended process has left, or a pipe or link. A folder stays.
        drop(fs::remove_file(&probe));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&probe) {
            Ok(file) => {
                let filled = fill(file);
                let removed = fs::remove_file(&probe);
                filled.and(removed)
            }
            // The folder in its place says nothing about the disk: try it without a name.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let folder = path.parent().filter(|folder| *folder != Path::new(""));
                fill(tempfile::tempfile_in(
                    folder.unwrap_or_else(|| Path::new(".")),
                )?)
            }
            Err(error) => Err(error),
        }
    };
    let tried = try_it();
    drop(fs::remove_file(&probe));
    tried.err()
}

fn fill(mut file: File) -> io::Result<()> {
    file.write_all(&[0; PROBE_BYTES])?;
    file.sync_all()
}

#[cfg(unix)]
fn is_of_open_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

/// The seam for Windows, which has no such limit.
#[cfg(not(unix))]
fn is_of_open_files(_: &io::Error) -> bool {
    false
}

/// A pipe in place of the file must not be waited for.
fn at_once(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    options
}

fn of(error: &io::Error) -> DiskFault {
    if is_of_open_files(error) {
        return DiskFault::TooManyFiles;
    }
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
