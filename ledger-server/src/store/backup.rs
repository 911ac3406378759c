//! Copies of an SQLite database as files, made while it is in use.

use super::{
    Sqlite, Store, StoreError, StoreFault,
    schema::SCHEMA_VERSION,
    sqlite::{APPLICATION_ID, cannot_open, connect},
};
use rusqlite::{Connection, OpenFlags, backup::Backup};
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long to wait for a writer that is just beginning, before another try.
const PAUSE: Duration = Duration::from_millis(20);

/// What a copy holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Copied {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Reports in it.
    pub reports: u64,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is something already.
    #[error("{} is there already, and was left as it is: name a file that is not", .0.display())]
    Exists(PathBuf),
    /// The copy cannot be written.
    #[error("cannot write {path}: {why}", path = .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The copy is not sound.
    #[error(
        "{path} is not sound ({why}): use another copy, or look at this one with: sqlite3 {path} \
         'PRAGMA integrity_check'",
        path = .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
    /// It is not a file.
    #[error(
        "this ledger keeps its data in PostgreSQL: make a copy with pg_dump or pg_basebackup \
         (docs/operating.md, \"Backups\")"
    )]
    NoFile,
}

/// Copies the database to `to`, which must not be there, while it is in use.
///
/// # Errors
/// When it cannot be written, or is not sound afterwards; then there is no file at `to`.
pub fn backup(store: &Store, to: &Path) -> Result<Copied, BackupError> {
    let Some(sqlite) = sqlite_of(store) else {
        return Err(BackupError::NoFile);
    };
    copy_file(sqlite.path(), to)
}

fn sqlite_of(store: &Store) -> Option<&Sqlite> {
    match store {
        Store::Sqlite(sqlite) => Some(sqlite),
        Store::Postgres(_) => None,
        Store::Held(store, _) | Store::Clocked(store, _) => sqlite_of(store),
    }
}

/// Copies the database in the file `from` to `to`, which must not be there.
///
/// # Errors
/// The errors of [`backup`].
pub fn copy_file(from: &Path, to: &Path) -> Result<Copied, BackupError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let mut draft = to.as_os_str().to_owned();
    draft.push(format!(".new-{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let copied = write_draft(from, &draft).and_then(|()| check_copy(&draft));
    let placed = copied.and_then(|copied| place(&draft, to).map(|()| copied));
    // Linked to its place, or not wanted.
    let removed = fs::remove_file(&draft);
    match (placed, removed) {
        (Ok(_), Err(error)) => Err(writing(&draft, &error.into())),
        (placed, _) => placed,
    }
}

fn write_draft(from: &Path, draft: &Path) -> Result<(), BackupError> {
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(draft, flags, Mode::RUSR | Mode::WUSR);
    drop(file.map_err(|error| writing(draft, &WriteError::System(error)))?);
    let source = connect(from, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| connect(from, OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    let mut target = connect(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut copy = || -> rusqlite::Result<()> {
        // In one step: no writer changes the database between two steps, so none starts it anew.
        Backup::new(&source, &mut target)?.run_to_completion(i32::MAX, PAUSE, None)?;
        // One file, without a log beside it.
        target.pragma_update(None, "journal_mode", "DELETE")
    };
    copy().map_err(|error| writing(draft, &WriteError::Sqlite(error)))?;
    drop(target);
    let synced = File::open(draft).and_then(|file| file.sync_all());
    synced.map_err(|error| writing(draft, &error.into()))
}

/// Gives the finished file its name, and never takes that of another.
fn place(draft: &Path, to: &Path) -> Result<(), BackupError> {
    match fs::hard_link(draft, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Exists(to.to_owned()));
        }
        linked => linked.map_err(|error| writing(to, &error.into()))?,
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or_else(|| Path::new(".")));
    let synced = folder.and_then(|folder| folder.sync_all());
    synced.map_err(|error| writing(to, &error.into()))
}

/// Checks that a file is a sound database of a ledger, without changing it.
///
/// # Errors
/// When it is something else or is damaged.
pub fn check_copy(path: &Path) -> Result<Copied, BackupError> {
    let opened = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let number = |sql: &str| opened.query_row(sql, [], |row| row.get::<_, i64>(0));
    let id = number("PRAGMA application_id").map_err(|error| cannot_open(path, &error))?;
    if id != i64::from(APPLICATION_ID) {
        return Err(StoreError::from(StoreFault::NotOurs(path.to_owned())).into());
    }
    let damaged = |why: String| BackupError::Damaged {
        path: path.to_owned(),
        why,
    };
    let result = integrity(&opened).map_err(|error| damaged(error.to_string()))?;
    if result != "ok" {
        return Err(damaged(result));
    }
    let version =
        number("SELECT version FROM ledger").map_err(|error| damaged(error.to_string()))?;
    if version > SCHEMA_VERSION {
        let (found, known) = (version, SCHEMA_VERSION);
        return Err(StoreError::from(StoreFault::Newer { found, known }).into());
    }
    let reports = number("SELECT COUNT(*) FROM reports");
    let reports = reports.map_err(|error| damaged(error.to_string()))?;
    let about = fs::metadata(path).map_err(|error| damaged(error.to_string()))?;
    Ok(Copied {
        bytes: about.len(),
        reports: u64::try_from(reports).unwrap_or(0),
    })
}

fn integrity(opened: &Connection) -> rusqlite::Result<String> {
    opened.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
}

/// Why a file cannot be written.
enum WriteError {
    System(Errno),
    Sqlite(rusqlite::Error),
    Io(io::Error),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn writing(path: &Path, failure: &WriteError) -> BackupError {
    let why = match failure {
        WriteError::System(error) => io::Error::from(*error).to_string(),
        WriteError::Sqlite(error) => error.to_string(),
        WriteError::Io(error) => error.to_string(),
    };
    BackupError::Write {
        path: path.to_owned(),
        why,
    }
}
