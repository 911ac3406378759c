//! Closes a book, and looks at a file that took its place while it was open.
//!
//! SQLite knows a log only by its path. While a book is open, the log at its path belongs to it,
//! also after another file took the place of the book: to open that file there would be to read the
//! log of one book into the other.

use super::{Book, reading};
use crate::{
    BookError, Place,
    beside::beside,
    file::{self, cannot_open, check_header},
};
use std::{fs, io::ErrorKind, mem, path::Path};

impl Book {
    /// Closes the book: what its log holds moves into the file, and the log is removed.
    ///
    /// # Errors
    /// When SQLite cannot close it. The log then stays and is read at the next opening; nothing is
    /// lost.
    pub fn close(self) -> Result<(), BookError> {
        if self.place() == Place::Replaced && self.is_log_of_another()? {
            // Closing would remove the other book's log, and this book needs nothing more.
            mem::forget(self.connection);
            return Ok(());
        }
        let closed = self.connection.close();
        closed.map_err(|(_, error)| error.into())
    }

    /// Moves what the log holds into the file. Returns whether a log at the path still holds
    /// something: it came with the file that took the place of this book.
    fn is_log_of_another(&self) -> Result<bool, BookError> {
        let merge = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.connection.query_row(merge, [], |_| Ok(()))?;
        let log = beside(&self.path, "-wal");
        Ok(fs::metadata(log).is_ok_and(|log| log.len() > 0))
    }

    /// Opens the file at `path` for reading, without a log that is beside it: that of a file that
    /// is or was open there.
    ///
    /// # Errors
    /// The errors of [`Self::open_to_read`].
    pub fn open_alone(path: &Path) -> Result<Self, BookError> {
        if !file::is_there(path)? {
            return Err(cannot_open(path, ErrorKind::NotFound.into()));
        }
        check_header(path)?;
        Self::checked(reading::without_log(path)?, path, None)
    }
}
