//! A file of SQLite. It is created as a whole or not at all, and recognised before SQLite opens it.

use crate::{
    FileError, FileFault, FileKind,
    beside::{beside, check_files, other_than_a_file},
    fault,
    file_error::{At as _, Bug},
    place::place_new,
    schema,
};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long to wait for another process, for example one that only reads. A command may open the
/// book twice, and has three seconds for its answer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// Older versions can corrupt a write-ahead log (<https://sqlite.org/wal.html#walresetbug>).
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// Bytes that an empty book with its log and the log's index stays below.
const NEW_BYTES: usize = 1 << 18;
/// After the log was merged into the file, the log is cut to this size.
const LOG_BYTES_KEPT: u32 = 1 << 20;

/// Opens the file at `path`, or makes an empty one if there is no file.
pub(crate) fn open(kind: FileKind, path: &Path) -> Result<Connection, FileError> {
    let opened = open_checked(kind, path, Missing::Made);
    let connection = opened.map_err(|error| explained(kind, path, error))?;
    connection.ok_or_else(|| cannot_open(kind, path, ErrorKind::NotFound.into()))
}

/// Opens the file at `path`; `None` if there is no file.
pub(crate) fn open_existing(kind: FileKind, path: &Path) -> Result<Option<Connection>, FileError> {
    let opened = open_checked(kind, path, Missing::Reported);
    opened.map_err(|error| explained(kind, path, error))
}

/// SQLite has one error for many reasons of a disk.
fn explained(kind: FileKind, path: &Path, error: FileError) -> FileError {
    match error {
        FileError::Disk { source, .. } => {
            let why = fault::why_not_written(path);
            cannot_open(kind, path, why.unwrap_or_else(|| io::Error::other(source)))
        }
        other => other,
    }
}

/// What happens where there is no file.
#[derive(Clone, Copy)]
enum Missing {
    Made,
    Reported,
}

fn open_checked(
    kind: FileKind,
    path: &Path,
    missing: Missing,
) -> Result<Option<Connection>, FileError> {
    let is_there = is_there(kind, path)?;
    check_files(kind, path)?;
    match (is_there, missing) {
        (true, _) => {}
        (false, Missing::Made) => create(kind, path)?,
        (false, Missing::Reported) => return no_log_alone(kind, path).map(|()| None),
    }
    check_header(kind, path)?;
    let connection = connect(kind, path)?;
    check_marks_of(kind, &connection, path)?;
    Ok(Some(connection))
}

/// Whether a file is at `path`. Anything else at the path is refused.
pub(crate) fn is_there(kind: FileKind, path: &Path) -> Result<bool, FileError> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() && file.len() == 0 => Err(FileError::Empty {
            kind,
            path: path.to_owned(),
        }),
        Ok(file) if file.is_file() => Ok(true),
        // A pipe would block for ever, and a folder has no header. Neither can be ours.
        Ok(_) => Err(not_a_file(kind, path)),
        // A link that leads nowhere or in a circle, unless the way to its end is barred.
        Err(error) if error.kind() != ErrorKind::PermissionDenied && path.is_symlink() => {
            Err(not_a_file(kind, path))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(cannot_open(kind, path, source)),
    }
}

/// Like [`check_header`], but asks SQLite: the log may hold a newer mark than the header.
pub(crate) fn check_marks_of(
    kind: FileKind,
    connection: &Connection,
    path: &Path,
) -> Result<(), FileError> {
    let mark = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    let (application_id, format) = (
        mark("application_id").at(kind)?,
        mark("user_version").at(kind)?,
    );
    check_marks(kind, path, application_id, format)
}

/// A log without its file may hold entries, and a new file would make it worthless.
fn no_log_alone(kind: FileKind, path: &Path) -> Result<(), FileError> {
    for suffix in ["-wal", "-journal"] {
        let log = beside(path, suffix);
        if log.try_exists().map_err(|e| cannot_open(kind, path, e))? {
            return Err(FileError::Damaged(FileFault::LogWithoutFile { kind, log }));
        }
    }
    Ok(())
}

/// Makes the file beside its path and then links it to the path, so that a crash leaves either
/// nothing or a complete file.
fn create(kind: FileKind, path: &Path) -> Result<(), FileError> {
    no_log_alone(kind, path)?;
    let draft = empty_draft(kind, path)?;
    fill(kind, &draft).at(kind)?;
    publish(&draft, path).map_err(|source| cannot_open(kind, path, source))
}

/// Checks that a new file can be made at `path`, where another may be now.
pub(crate) fn check_room(kind: FileKind, path: &Path) -> Result<(), FileError> {
    let draft = empty_draft(kind, path)?;
    let written =
        fs::write(&draft, vec![0; NEW_BYTES]).and_then(|()| File::open(&draft)?.sync_all());
    let removed = fs::remove_file(&draft);
    written
        .and(removed)
        .map_err(|source| cannot_open(kind, path, source))
}

/// Makes an empty file beside `path`, in the place of what an interrupted start left there.
fn empty_draft(kind: FileKind, path: &Path) -> Result<PathBuf, FileError> {
    let draft = beside(path, ".new");
    for left_over in [&draft, &beside(path, ".new-journal")] {
        match fs::remove_file(left_over) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(draft_stays(kind, path, left_over, error)),
            Ok(()) => {}
        }
    }
    private_file(&draft).map_err(|source| cannot_open(kind, path, source))?;
    Ok(draft)
}

fn fill(kind: FileKind, draft: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(draft, flags())?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    schema::create(kind, &connection)?;
    connection.close().map_err(|(_, error)| error)
}

/// The reason why the rest of a draft cannot be removed.
fn draft_stays(kind: FileKind, path: &Path, left_over: &Path, error: io::Error) -> FileError {
    match other_than_a_file(left_over) {
        Some(what) => FileError::NotAFileBeside {
            path: left_over.to_owned(),
            what,
            remedy: kind.spare_remedy(),
        },
        None => cannot_open(kind, path, error),
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

/// Makes an empty file that only its owner can read.
pub(crate) fn private_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()
}

/// Reads the marks from the file's first 100 bytes (<https://sqlite.org/fileformat2.html>, section
/// 1.3), because SQLite may write to a file as soon as it opens it.
pub(crate) fn check_header(kind: FileKind, path: &Path) -> Result<(), FileError> {
    let mut header = [0; 100];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(not_ours(kind, path)),
        Err(source) => return Err(cannot_open(kind, path, source)),
    }
    let number_at = |at: usize| {
        let bytes = header.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(not_ours(kind, path));
    }
    check_marks(kind, path, number_at(68), number_at(60))
}

fn check_marks(
    kind: FileKind,
    path: &Path,
    application_id: u32,
    format: u32,
) -> Result<(), FileError> {
    if application_id != kind.application_id() || format == 0 {
        return Err(not_ours(kind, path));
    }
    if format > kind.format() {
        return Err(FileError::Newer {
            kind,
            path: path.to_owned(),
            found: format,
            known: kind.format(),
        });
    }
    Ok(())
}

pub(crate) fn connect_plainly(
    kind: FileKind,
    path: &Path,
    flags: OpenFlags,
) -> Result<Connection, FileError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        let bug = Bug::new("linked with an SQLite that can corrupt its log");
        return Err(FileError::Bug(bug));
    }
    let connect = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(connection)
    };
    connect().at(kind)
}

fn connect(kind: FileKind, path: &Path) -> Result<Connection, FileError> {
    let connection = connect_plainly(kind, path, flags())?;
    if connection.is_readonly("main").at(kind)? {
        let source =
            fault::why_not_written(path).unwrap_or_else(|| ErrorKind::PermissionDenied.into());
        return Err(cannot_open(kind, path, source));
    }
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .at(kind)?;
    if mode != "wal" {
        let error = io::Error::other("no write-ahead log here");
        return Err(cannot_open(kind, path, error));
    }
    set_up(&connection).at(kind)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    set_lasting(connection, true)?;
    // These settings matter only on macOS, where a plain fsync does not reach the disk.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    let set_kept = |_: &rusqlite::Row<'_>| Ok(());
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, set_kept)
}

/// Does not create the file: `create` does that. Not as a URI: a path may contain a `?`.
pub(crate) fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn not_a_file(kind: FileKind, path: &Path) -> FileError {
    FileError::NotAFile {
        kind,
        path: path.to_owned(),
        what: other_than_a_file(path).unwrap_or("not a file"),
    }
}

pub(crate) fn not_ours(kind: FileKind, path: &Path) -> FileError {
    FileError::NotOurs {
        kind,
        path: path.to_owned(),
    }
}

pub(crate) fn cannot_open(kind: FileKind, path: &Path, source: io::Error) -> FileError {
    FileError::Open {
        kind,
        path: path.to_owned(),
        source,
    }
}
