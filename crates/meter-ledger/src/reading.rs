//! Opens a file only for reading, even if nothing can be written: on a read-only disk, in a copy
//! that belongs to another user, or on a full disk.
//!
//! To read a write-ahead log, SQLite needs an index beside it, which it must write.

use crate::{
    FileError, FileKind,
    beside::{beside, check_files},
    file::{self, cannot_open, check_header, check_marks_of, connect_plainly},
    file_error::At as _,
};
use rusqlite::{Connection, OpenFlags};
use std::{
    env, fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Opens the file at `path`. The folder, if any, holds a copy and must live as long as the
/// connection.
pub(crate) fn open(
    kind: FileKind,
    path: &Path,
) -> Result<(Connection, Option<TempDir>), FileError> {
    if !file::is_there(kind, path)? {
        return Err(cannot_open(kind, path, ErrorKind::NotFound.into()));
    }
    check_header(kind, path)?;
    check_files(kind, path)?;
    match in_place(kind, path) {
        Err(FileError::Disk { .. } | FileError::Open { .. }) => {}
        Ok(connection) => return Ok((connection, None)),
        Err(error) => return Err(error),
    }
    // If the file is a link, its log is where the link leads.
    let path = &fs::canonicalize(path).map_err(|error| cannot_open(kind, path, error))?;
    let log = beside(path, "-wal");
    match fs::metadata(&log) {
        Ok(found) if found.len() > 0 => from_copy(kind, path, &log),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot_open(kind, &log, error)),
        Ok(_) | Err(_) => Ok((without_log(kind, path)?, None)),
    }
}

/// Opens it as the daemon does. The daemon may continue to write.
fn in_place(kind: FileKind, path: &Path) -> Result<Connection, FileError> {
    let connection = connect_plainly(kind, path, file::flags())?;
    connection
        .pragma_update(None, "query_only", true)
        .at(kind)?;
    check_marks_of(kind, &connection, path)?;
    Ok(connection)
}

/// Opens the file alone. It holds everything, and no program can be writing to it
/// (<https://sqlite.org/uri.html>).
pub(crate) fn without_log(kind: FileKind, path: &Path) -> Result<Connection, FileError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let uri = PathBuf::from(format!("file:{}?immutable=1", escaped(path)));
    let connection = connect_plainly(kind, &uri, flags).map_err(|error| with_path(path, error))?;
    check_marks_of(kind, &connection, path).map_err(|error| with_path(path, error))?;
    Ok(connection)
}

fn with_path(path: &Path, error: FileError) -> FileError {
    match error {
        FileError::Disk { kind, source } => cannot_open(kind, path, io::Error::other(source)),
        other => other,
    }
}

/// Writes every byte that has a special meaning in a URI in hexadecimal.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                text.push(char::from(*byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Reads copies of file and log in a folder of this user. The folder is removed when the file is
/// closed.
fn from_copy(
    kind: FileKind,
    path: &Path,
    log: &Path,
) -> Result<(Connection, Option<TempDir>), FileError> {
    let folder = copied(path, log).map_err(|source| FileError::LogUnread {
        kind,
        log: log.to_owned(),
        source,
    })?;
    let connection = in_place(kind, &folder.path().join(COPY))?;
    Ok((connection, Some(folder)))
}

fn copied(path: &Path, log: &Path) -> io::Result<TempDir> {
    let mut outcome = Err(ErrorKind::NotFound.into());
    // If the disk is full, only a folder in memory may have room.
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let places = [Some(env::temp_dir()), runtime, Some("/dev/shm".into())];
    for place in places.into_iter().flatten() {
        outcome = copy_to(&place, path, log);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn copy_to(place: &Path, path: &Path, log: &Path) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("onionmeter")
        .tempdir_in(place)?;
    let copy = folder.path().join(COPY);
    for (from, to) in [(path, copy.clone()), (log, beside(&copy, "-wal"))] {
        // Not `fs::copy`: it also copies the mode, so the copy of a read-only file would be
        // read-only.
        let mut target = fs::File::create_new(to)?;
        io::copy(&mut fs::File::open(from)?, &mut target)?;
    }
    Ok(folder)
}

const COPY: &str = "copy.sqlite3";
