//! Puts a copy in the place of the database, so that a crash leaves either the one or the other.

use crate::{
    folder::Folder,
    guard::{self, GuardError, Record},
    key_file,
    ledger::{newest_key, rotate},
    opening::{self, OpenError},
    rotation::{RotationError, kept},
    store::{BackupError, Place, Store, copy_file},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Restored {
    /// Reports in it.
    pub reports: u64,
    /// Where the database before is kept.
    pub old: Option<PathBuf>,
    /// Whether it is, or may be, older than what this ledger has signed.
    pub is_older: bool,
    /// Whether the receipt key is in the folder.
    pub has_key: bool,
}

/// Why nothing is restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The copy.
    #[error(transparent)]
    Copy(#[from] BackupError),
    /// The rollback guard.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A receipt key.
    #[error(transparent)]
    Key(#[from] RotationError),
    /// A file cannot be moved.
    #[error("cannot move {path}: {source}", path = .path.display())]
    Move {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// Restores `copy` to `database`. The lock of the folder must be held.
///
/// # Errors
/// When the copy is not sound or a file cannot be written; then the database is as it was.
pub fn restore(folder: &Folder, database: &Path, copy: &Path) -> Result<Restored, RestoreError> {
    crate::store::check_copy(copy)?;
    let mut fresh = database.as_os_str().to_owned();
    fresh.push(".restored");
    let fresh = PathBuf::from(fresh);
    // Of an attempt that was interrupted.
    remove(&fresh)?;
    let copied = copy_file(copy, &fresh)?;
    let old = set_aside(database)?;
    fs::rename(&fresh, database).map_err(|source| moving(&fresh, source))?;
    let store = Store::open(&Place::File(database.to_owned())).map_err(OpenError::Store)?;
    let has_key = rejoin_key(folder, &store)?;
    let is_older = note(folder, &store, database)?;
    Ok(Restored {
        reports: copied.reports,
        old,
        is_older,
        has_key,
    })
}

/// Keeps the database beside its place. Its log goes with it: another database must never meet it.
fn set_aside(database: &Path) -> Result<Option<PathBuf>, RestoreError> {
    if fs::symlink_metadata(database).is_err() {
        return Ok(None);
    }
    // Merges the log into the file, if that is possible at all.
    drop(Store::open(&Place::File(database.to_owned())));
    let named = |suffix: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let is_free = |number: &u32| fs::symlink_metadata(named(&format!(".before-{number}"))).is_err();
    let number = (1_u32..).find(is_free).unwrap_or(u32::MAX);
    let old = named(&format!(".before-{number}"));
    for log in ["-wal", "-shm"] {
        let (from, to) = (named(log), named(&format!(".before-{number}{log}")));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(moving(&from, error));
            }
            _ => {}
        }
    }
    // A second name; the first one is then replaced in one step.
    fs::hard_link(database, &old).map_err(|source| moving(database, source))?;
    Ok(Some(old))
}

/// A copy from before the last change of the key is signed by the key before. If both keys are
/// here, the old one names the new one once more, so that receipts of both are known.
fn rejoin_key(folder: &Folder, store: &Store) -> Result<bool, RestoreError> {
    let key = key_file::existing(&folder.key()).map_err(RotationError::Key)?;
    let Some(key) = key else {
        return Ok(false);
    };
    let newest = newest_key(store).map_err(OpenError::Store)?;
    if let Some(newest) = newest
        && newest.key != key.key()
    {
        let before = key_file::existing(&kept(folder, newest.number));
        if let Some(before) = before.map_err(RotationError::Key)?
            && before.key() == newest.key
        {
            rotate(store, &before, &key).map_err(RotationError::Rotate)?;
        }
    }
    Ok(true)
}

/// Makes the next start read-only if the copy is older than what was signed. Without a guard nobody
/// can tell, so it counts as older.
fn note(folder: &Folder, store: &Store, database: &Path) -> Result<bool, RestoreError> {
    let place = Place::File(database.to_owned());
    let record = guard::read(&folder.guard())?;
    if let Some(record) = &record {
        return Ok(opening::doubt(store, &place, Some(record))
            .map_err(OpenError::Store)?
            .is_some());
    }
    let is_used = opening::doubt(store, &place, None).map_err(OpenError::Store)?;
    if is_used.is_some() {
        let record = Record {
            restored: true,
            ..Record::new().map_err(OpenError::Random)?
        };
        guard::write(&folder.guard(), &record)?;
    }
    Ok(is_used.is_some())
}

fn remove(path: &Path) -> Result<(), RestoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(moving(path, error)),
        _ => Ok(()),
    }
}

fn moving(path: &Path, source: io::Error) -> RestoreError {
    RestoreError::Move {
        path: path.to_owned(),
        source,
    }
}
