//! Files beside a book: their names, and what else may lie in their place.
//!
//! SQLite opens them by itself and looks at none of them first: it waits for ever for the other end
//! of a pipe, and it removes a pipe or a link when it closes the book.

use crate::BookError;
use std::{
    fs::{self, FileType},
    path::{Path, PathBuf},
};

/// The endings of the files that SQLite keeps beside a book, each with the remedy for something
/// else in its place.
const OF_SQLITE: [(&str, &str); 3] = [
    (
        "-wal",
        "it is the place of the log with the book's last entries: put the log back if you have it, \
         otherwise move this away",
    ),
    ("-shm", MOVE_AWAY),
    ("-journal", MOVE_AWAY),
];

/// The remedy for what the book does not need.
pub(crate) const MOVE_AWAY: &str = "move it away; the book needs nothing of it";

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Checks that SQLite will find only files beside the book at `path`, or nothing.
///
/// # Errors
/// [`BookError::NotAFileBeside`] for the first that is something else. A link is something else,
/// too: SQLite does not open it.
pub(crate) fn check_files(path: &Path) -> Result<(), BookError> {
    // If the book is a link, SQLite keeps these files beside the file that the link leads to.
    let book = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    for (suffix, remedy) in OF_SQLITE {
        let path = beside(&book, suffix);
        if let Some(what) = other_than_a_file(&path) {
            return Err(BookError::NotAFileBeside { path, what, remedy });
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
