//! Files beside a file of SQLite: their names, and what else may lie in their place.
//!
//! SQLite opens them by itself and looks at none of them first: it waits for ever for the other end
//! of a pipe, and it removes a pipe or a link when it closes the file.

use crate::{FileError, FileKind};
use std::{
    fs::{self, FileType},
    path::{Path, PathBuf},
};

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Checks that SQLite will find only files beside the file at `path`, or nothing.
///
/// # Errors
/// [`FileError::NotAFileBeside`] for the first that is something else. A link is something else,
/// too: SQLite does not open it.
pub(crate) fn check_files(kind: FileKind, path: &Path) -> Result<(), FileError> {
    // If the file is a link, SQLite keeps these files beside the file that the link leads to.
    let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    for (suffix, remedy) in [
        ("-wal", kind.log_remedy()),
        ("-shm", kind.spare_remedy()),
        ("-journal", kind.spare_remedy()),
    ] {
        let path = beside(&file, suffix);
        if let Some(what) = other_than_a_file(&path) {
            return Err(FileError::NotAFileBeside { path, what, remedy });
        }
    }
    Ok(())
}

/// What is at the path itself, in words; `None` for a file, and if nothing is there.
pub(crate) fn other_than_a_file(path: &Path) -> Option<&'static str> {
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("a folder, not a file"),
        () if kind.is_symlink() && fs::metadata(path).is_err() => Some("a link that leads nowhere"),
        () if kind.is_symlink() => Some("a link, not a file"),
        () => Some(special(kind)),
    }
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    match () {
        () if kind.is_fifo() => "a pipe, not a file",
        () if kind.is_socket() => "a socket, not a file",
        () => "a device, not a file",
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "not a file"
}
