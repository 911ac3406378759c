//! An open file: its connection, whether it is still at its path, and how it is closed.
//!
//! SQLite knows a log only by its path. While a file is open, the log at its path belongs to it,
//! also after another file took its place: to open that file there would be to read the log of one
//! file into the other.

use crate::{
    FileError, FileFault, FileKind, Place,
    beside::beside,
    file::{self, cannot_open, check_header},
    file_error::At as _,
    place, reading, schema,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};
use std::{
    fs,
    io::ErrorKind,
    mem,
    path::{Path, PathBuf},
    time::Duration,
};

/// A file whose schema was checked.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    kind: FileKind,
    path: PathBuf,
    /// Identity of the file when it was opened.
    file: Option<place::FileId>,
    /// Folder of the copy that is read when the file cannot be read in its own folder. Removed on
    /// drop.
    _copy: Option<tempfile::TempDir>,
}

/// How long a write waits for another program that holds the file. Short, because the owner of the
/// file has other work and tries again.
const WRITE_PATIENCE: Duration = Duration::from_millis(250);

impl Opened {
    /// Opens the file at `path`, or makes an empty one.
    pub(crate) fn open(kind: FileKind, path: &Path) -> Result<Self, FileError> {
        Self::checked(kind, file::open(kind, path)?, path, None)
    }

    /// Opens the file at `path`; `None` if it does not exist.
    pub(crate) fn open_existing(kind: FileKind, path: &Path) -> Result<Option<Self>, FileError> {
        let connection = file::open_existing(kind, path)?;
        let opened = connection.map(|found| Self::checked(kind, found, path, None));
        opened.transpose()
    }

    /// Opens the file at `path` for reading, also in a folder or on a disk that cannot be written.
    pub(crate) fn open_to_read(kind: FileKind, path: &Path) -> Result<Self, FileError> {
        let (connection, copy) = reading::open(kind, path)?;
        Self::checked(kind, connection, path, copy)
    }

    /// Opens the file at `path` for reading, without a log that is beside it: that of a file that
    /// is or was open there.
    pub(crate) fn open_alone(kind: FileKind, path: &Path) -> Result<Self, FileError> {
        if !file::is_there(kind, path)? {
            return Err(cannot_open(kind, path, ErrorKind::NotFound.into()));
        }
        check_header(kind, path)?;
        Self::checked(kind, reading::without_log(kind, path)?, path, None)
    }

    fn checked(
        kind: FileKind,
        connection: Connection,
        path: &Path,
        copy: Option<tempfile::TempDir>,
    ) -> Result<Self, FileError> {
        schema::check(kind, &connection)?;
        Ok(Self {
            connection,
            kind,
            path: path.to_owned(),
            file: place::file_id(path),
            _copy: copy,
        })
    }

    /// Sets the short wait of an owner that writes.
    pub(crate) fn wait_briefly(&self) -> Result<(), FileError> {
        self.connection.busy_timeout(WRITE_PATIENCE).at(self.kind)
    }

    /// Whether the open file is still the one at its path.
    pub(crate) fn place(&self) -> Place {
        place::compare(self.file, &self.path)
    }

    /// Takes the write lock at once, so that a write is based on what was read in the same
    /// transaction.
    pub(crate) fn write(&mut self) -> rusqlite::Result<Transaction<'_>> {
        let behavior = TransactionBehavior::Immediate;
        self.connection.transaction_with_behavior(behavior)
    }

    /// Keeps one state of the file for several reads.
    pub(crate) fn read(&self) -> rusqlite::Result<Transaction<'_>> {
        self.connection.unchecked_transaction()
    }

    /// The changed object, if the tables are not ours any more. Then a statement that SQLite
    /// refuses is not our bug.
    pub(crate) fn changed_schema(&self) -> Option<FileFault> {
        match schema::check(self.kind, &self.connection) {
            Err(FileError::Damaged(fault)) => Some(fault),
            Ok(()) | Err(_) => None,
        }
    }

    /// Writes one state of the file, its log included, to a new file that has no log.
    pub(crate) fn copy_to(&self, path: &Path) -> Result<(), FileError> {
        let cannot = |source| cannot_open(self.kind, path, source);
        // SQLite takes an empty file, and would make one that others can read.
        file::private_file(path).map_err(cannot)?;
        let name = path.to_str().ok_or(ErrorKind::InvalidInput);
        let name = name.map_err(|kind| cannot(kind.into()))?;
        // A connection that only reads may not do it; this writes to the new file alone.
        let query_only = |is_on| self.connection.pragma_update(None, "query_only", is_on);
        let before = self
            .connection
            .pragma_query_value(None, "query_only", |row| row.get(0));
        let before: bool = before.at(self.kind)?;
        query_only(false).at(self.kind)?;
        let copied = self.connection.execute("VACUUM INTO ?1", [name]);
        query_only(before).at(self.kind)?;
        copied.map(drop).at(self.kind)
    }

    /// Closes the file: what its log holds moves into it, and the log is removed.
    pub(crate) fn close(self) -> Result<(), FileError> {
        if self.place() == Place::Replaced && self.is_log_of_another()? {
            // Closing would remove the other file's log, and this file needs nothing more.
            mem::forget(self.connection);
            return Ok(());
        }
        self.connection
            .close()
            .map_err(|(_, error)| error)
            .at(self.kind)
    }

    /// Moves what the log holds into the file. Returns whether a log at the path still holds
    /// something: it came with the file that took the place of this one.
    fn is_log_of_another(&self) -> Result<bool, FileError> {
        let merge = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.connection
            .query_row(merge, [], |_| Ok(()))
            .at(self.kind)?;
        let log = beside(&self.path, "-wal");
        Ok(fs::metadata(log).is_ok_and(|log| log.len() > 0))
    }
}

/// SQLite's own checks: pages, indexes, CHECK and foreign key constraints.
pub(crate) fn check_whole(kind: FileKind, connection: &Connection) -> Result<(), FileError> {
    let malformed = |text| Err(FileError::Damaged(FileFault::Malformed(text)));
    let verdict: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .at(kind)?;
    if verdict != "ok" {
        return malformed(verdict);
    }
    let orphan: Option<String> = connection
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()
        .at(kind)?;
    match orphan {
        None => Ok(()),
        Some(table) => malformed(format!("a row of {table} has no parent")),
    }
}
