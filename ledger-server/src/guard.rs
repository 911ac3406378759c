//! Notices that the database is older than what this ledger has signed.
//!
//! An operator who restores yesterday's copy has a database that does not know the receipts of
//! today. If the ledger went on as if nothing had happened, it would sign a second, different
//! receipt for a report that has one. So a file beside the database, which no backup of the
//! database contains, holds how many receipts each writing thread has stored, and the database
//! holds the same numbers, written with the receipts in one transaction. The file is written after
//! the commit. So it is never ahead of the database, unless the database was replaced by an older
//! one.

mod record;
mod text;

pub use record::{Instance, Mark, Record, WRITERS_MAX};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

/// The open file.
#[derive(Debug)]
pub struct Guard {
    file: File,
    instance: Instance,
    has_failed: AtomicBool,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// It cannot be read or written.
    #[error("cannot use the rollback guard {path}: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It holds something else.
    #[error(
        "{path} is not a rollback guard: put the right file there. If it is lost, remove this one; \
         the ledger then starts read-only until you accept its database",
        path = .0.display()
    )]
    NotAGuard(PathBuf),
}

/// Reads the file; `None` if it does not exist.
///
/// # Errors
/// When it cannot be read or holds something else.
pub fn read(path: &Path) -> Result<Option<Record>, GuardError> {
    let mut text = String::new();
    let mut file = match open_file(path, OFlags::RDONLY) {
        Err(Errno::NOENT) => return Ok(None),
        opened => File::from(opened.map_err(|errno| failed(path, errno.into()))?),
    };
    match file.read_to_string(&mut text) {
        Err(error) if error.kind() == ErrorKind::InvalidData => {}
        read => drop(read.map_err(|error| failed(path, error))?),
    }
    let record = text::parse(&text);
    record
        .map(Some)
        .ok_or_else(|| GuardError::NotAGuard(path.to_owned()))
}

/// Writes the file anew.
///
/// # Errors
/// When it cannot be written; then the old one is as it was.
pub fn write(path: &Path, record: &Record) -> Result<(), GuardError> {
    let io = |error| failed(path, error);
    let draft = path.with_extension("guard-new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let file = open_file(&draft, flags).map_err(|errno| io(errno.into()))?;
    let file = File::from(file);
    file.write_all_at(text::of(record).as_bytes(), 0)
        .map_err(io)?;
    file.sync_all().map_err(io)?;
    fs::rename(&draft, path).map_err(io)?;
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    let folder = File::open(folder).map_err(io)?;
    folder.sync_all().map_err(io)
}

impl Guard {
    /// Opens the file, which must be there, to follow what is signed from now on.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(path: &Path) -> Result<Self, GuardError> {
        let record = read(path)?.ok_or_else(|| failed(path, ErrorKind::NotFound.into()))?;
        let file = open_file(path, OFlags::WRONLY).map_err(|errno| failed(path, errno.into()))?;
        Ok(Self {
            file: file.into(),
            instance: record.instance,
            has_failed: AtomicBool::new(false),
        })
    }

    /// The data folder's name in the database.
    #[must_use]
    pub const fn instance(&self) -> Instance {
        self.instance
    }

    /// Writes down how far a writing thread has come, after its commit was read back.
    ///
    /// Not waited for the disk here: a guard that is behind notices less and never too much.
    pub fn note(&self, writer: usize, mark: Mark) {
        let Some((line, place)) = text::line(writer, mark) else {
            return;
        };
        let written = self.file.write_all_at(line.as_bytes(), place);
        if let Err(error) = written
            && !self.has_failed.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%error, "the rollback guard cannot be written");
        }
    }

    /// Waits until the disk has it.
    pub fn sync(&self) {
        if let Err(error) = self.file.sync_data()
            && !self.has_failed.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%error, "the rollback guard cannot be written");
        }
    }
}

fn open_file(path: &Path, flags: OFlags) -> Result<std::os::fd::OwnedFd, Errno> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)
}

fn failed(path: &Path, source: io::Error) -> GuardError {
    GuardError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_core::UnixMs;

    fn mark(receipts: u64, at: u32) -> Mark {
        Mark {
            receipts,
            at: UnixMs::from_u32(at),
        }
    }

    #[test]
    fn what_is_noted_is_read_again_and_nothing_else_changes() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("ledger.guard");
        assert_eq!(read(&path).expect("no file"), None);
        let record = Record::new().expect("random numbers");
        write(&path, &record).expect("written");
        let guard = Guard::open(&path).expect("there");
        guard.note(0, mark(1, 7));
        guard.note(31, mark(2, 9));
        guard.note(0, mark(u64::MAX, 8));
        guard.note(32, mark(5, 5));
        let mut expected = record;
        expected.marks[0] = mark(u64::MAX, 8);
        expected.marks[31] = mark(2, 9);
        let found = read(&path).expect("readable").expect("there");
        assert_eq!(found, expected);
        assert_eq!(found.last(), UnixMs::from_u32(9));
    }

    #[test]
    fn a_file_that_is_torn_or_something_else_is_no_guard() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("ledger.guard");
        write(&path, &Record::new().expect("random numbers")).expect("written");
        let good = fs::read(&path).expect("there");
        let half = good[..good.len() / 2].to_vec();
        let zeros = vec![0; good.len()];
        for bytes in [half, zeros, vec![0xff; 9], Vec::new()] {
            fs::write(&path, bytes).expect("ours");
            let error = read(&path).expect_err("refused");
            assert!(matches!(error, GuardError::NotAGuard(_)), "{error}");
        }
    }
}
