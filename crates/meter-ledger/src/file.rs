//! The book's file. It is created as a whole or not at all, and recognised before SQLite opens it.

use crate::{
    BookError, BookFault, Bug,
    beside::{MOVE_AWAY, beside, check_files, other_than_a_file},
    fault,
    place::place_new,
    schema::{self, APPLICATION_ID, FORMAT},
};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _},
    path::Path,
    time::Duration,
};

/// How long to wait for another process, for example one that only reads.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Older versions can corrupt a write-ahead log (<https://sqlite.org/wal.html#walresetbug>).
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// After the log was merged into the book, its file is cut to this size.
const LOG_BYTES_KEPT: u32 = 1 << 20;

/// Opens the book at `path`, or makes an empty one if there is no file.
pub(crate) fn open(path: &Path) -> Result<Connection, BookError> {
    open_checked(path).map_err(|error| match error {
        BookError::Disk(source) => {
            let why = fault::why_not_written(path);
            cannot_open(path, why.unwrap_or_else(|| io::Error::other(source)))
        }
        other => other,
    })
}

fn open_checked(path: &Path) -> Result<Connection, BookError> {
    let is_there = is_there(path)?;
    check_files(path)?;
    if !is_there {
        create(path)?;
    }
    check_header(path)?;
    let connection = connect(path)?;
    check_marks_of(&connection, path)?;
    Ok(connection)
}

/// Whether a file is at `path`. Anything else at the path is refused.
pub(crate) fn is_there(path: &Path) -> Result<bool, BookError> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() && file.len() == 0 => Err(BookError::Empty {
            path: path.to_owned(),
        }),
        Ok(file) if file.is_file() => Ok(true),
        // A pipe would block for ever, and a folder has no header. Neither can be a book.
        Ok(_) => Err(not_a_file(path)),
        // A link that leads nowhere.
        Err(error) if error.kind() == ErrorKind::NotFound && path.is_symlink() => {
            Err(not_a_file(path))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(cannot_open(path, source)),
    }
}

/// Like [`check_header`], but asks SQLite: the log may hold a newer mark than the header.
pub(crate) fn check_marks_of(connection: &Connection, path: &Path) -> Result<(), BookError> {
    let application_id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let format = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    check_marks(path, application_id, format)
}

/// Makes the book beside its path and then links it to the path, so that a crash leaves either
/// nothing or a complete book.
fn create(path: &Path) -> Result<(), BookError> {
    for suffix in ["-wal", "-journal"] {
        let log = beside(path, suffix);
        if log.try_exists().map_err(|e| cannot_open(path, e))? {
            return Err(BookFault::LogWithoutBook(log).into());
        }
    }
    let draft = beside(path, ".new");
    for left_over in [&draft, &beside(path, ".new-journal")] {
        match fs::remove_file(left_over) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(draft_stays(path, left_over, error)),
            Ok(()) => {}
        }
    }
    private_file(&draft).map_err(|source| cannot_open(path, source))?;
    let connection = Connection::open_with_flags(&draft, flags())?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    schema::create(&connection)?;
    connection.close().map_err(|(_, error)| error)?;
    publish(&draft, path).map_err(|source| cannot_open(path, source))
}

/// The reason why the rest of a draft cannot be removed.
fn draft_stays(path: &Path, left_over: &Path, error: io::Error) -> BookError {
    match other_than_a_file(left_over) {
        Some(what) => BookError::NotAFileBeside {
            path: left_over.to_owned(),
            what,
            remedy: MOVE_AWAY,
        },
        None => cannot_open(path, error),
    }
}

/// Whether a commit waits for the disk. Only then does it survive a power cut.
pub(crate) fn set_lasting(connection: &Connection, lasting: bool) -> rusqlite::Result<()> {
    let mode = if lasting { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", mode)
}

fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    place_new(draft, path)?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

fn private_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()
}

/// Reads the marks from the file's first 100 bytes (<https://sqlite.org/fileformat2.html>, section
/// 1.3), because SQLite may write to a file as soon as it opens it.
pub(crate) fn check_header(path: &Path) -> Result<(), BookError> {
    let mut header = [0; 100];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(not_ours(path)),
        Err(source) => return Err(cannot_open(path, source)),
    }
    let number_at = |at: usize| {
        let bytes = header.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(not_ours(path));
    }
    check_marks(path, number_at(68), number_at(60))
}

fn check_marks(path: &Path, application_id: u32, format: u32) -> Result<(), BookError> {
    if application_id != APPLICATION_ID || format == 0 {
        return Err(not_ours(path));
    }
    if format > FORMAT {
        return Err(BookError::Newer {
            path: path.to_owned(),
            found: format,
            known: FORMAT,
        });
    }
    Ok(())
}

pub(crate) fn connect_plainly(path: &Path, flags: OpenFlags) -> Result<Connection, BookError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(Bug::new("linked with an SQLite that can corrupt its log").into());
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, BookError> {
    let connection = connect_plainly(path, flags())?;
    if connection.is_readonly("main")? {
        let source =
            fault::why_not_written(path).unwrap_or_else(|| ErrorKind::PermissionDenied.into());
        return Err(cannot_open(path, source));
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(cannot_open(
            path,
            io::Error::other("no write-ahead log here"),
        ));
    }
    set_lasting(&connection, true)?;
    // These settings matter only on macOS, where a plain fsync does not reach the disk.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    let set_kept = |_: &rusqlite::Row<'_>| Ok(());
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, set_kept)?;
    Ok(connection)
}

/// Does not create the file: `create` does that. Not as a URI: a path may contain a `?`.
pub(crate) fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn not_a_file(path: &Path) -> BookError {
    BookError::NotAFile {
        path: path.to_owned(),
        what: other_than_a_file(path).unwrap_or("not a file"),
    }
}

pub(crate) fn not_ours(path: &Path) -> BookError {
    BookError::NotOurs {
        path: path.to_owned(),
    }
}

pub(crate) fn cannot_open(path: &Path, source: io::Error) -> BookError {
    BookError::Open {
        path: path.to_owned(),
        source,
    }
}
