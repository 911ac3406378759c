//! The files of the receipt key when another key takes over.
//!
//! A crash at any moment leaves either the old key in force, or enough to finish: the new key lies
//! in `receipt-key.next` before the database names it, and moves to `receipt-key` after that.

use crate::{
    folder::Folder,
    key_file::{self, KeyError},
    ledger::{LedgerKeyEntry, RotateError, newest_key, rotate},
    store::{Store, StoreError},
};
use meter_core::LedgerSigner;
use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database does not take the new key.
    #[error(transparent)]
    Rotate(#[from] RotateError),
    /// The database has a key, and the file is gone.
    #[error(
        "{} is not there, and the database signs its receipts with it: put it back from where you \
         keep it. No other key can take its place",
        .0.display()
    )]
    Missing(PathBuf),
    /// A file cannot be moved.
    #[error("cannot move {from} to {to}: {source}", from = .from.display(), to = .to.display())]
    Move {
        /// From here.
        from: PathBuf,
        /// To there.
        to: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// A key that took over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rotated {
    /// Its number.
    pub number: u32,
    /// Where the old key is kept.
    pub old: PathBuf,
}

/// The key that signs now. Makes one for a database that has none, and finishes a change that was
/// interrupted.
///
/// # Errors
/// When the key that the database names is not there.
pub fn signer(folder: &Folder, store: &Store) -> Result<LedgerSigner, RotationError> {
    let Some(newest) = newest_key(store)? else {
        return Ok(key_file::open(&folder.key())?);
    };
    finish(folder, &newest)?;
    let signer = key_file::existing(&folder.key())?;
    signer.ok_or_else(|| RotationError::Missing(folder.key()))
}

/// Gives the signing of receipts to a new key. Nothing else may use the database meanwhile.
///
/// # Errors
/// When the database or a file cannot be written.
pub fn change_key(folder: &Folder, store: &Store) -> Result<Rotated, RotationError> {
    let old = signer(folder, store)?;
    let new = key_file::open(&next(folder))?;
    let number = rotate(store, &old, &new)?;
    let entry = LedgerKeyEntry {
        number,
        key: new.key(),
        change: None,
    };
    finish(folder, &entry)?;
    Ok(Rotated {
        number,
        old: kept(folder, number.saturating_sub(1)),
    })
}

/// Where the new key lies until the database names it.
fn next(folder: &Folder) -> PathBuf {
    folder.root().join("receipt-key.next")
}

/// Where the key with this number is kept after another one took over.
#[must_use]
pub fn kept(folder: &Folder, number: u32) -> PathBuf {
    folder.root().join(format!("receipt-key.{number}"))
}

/// Moves the files if the database names the key in `receipt-key.next`.
fn finish(folder: &Folder, newest: &LedgerKeyEntry) -> Result<(), RotationError> {
    let (key, next) = (folder.key(), next(folder));
    let waiting = key_file::existing(&next)?;
    if waiting.is_none_or(|waiting| waiting.key() != newest.key) {
        return Ok(());
    }
    let old = kept(folder, newest.number.saturating_sub(1));
    match fs::hard_link(&key, &old) {
        // Done before the interruption.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        linked => linked.map_err(|source| moving(&key, &old, source))?,
    }
    fs::rename(&next, &key).map_err(|source| moving(&next, &key, source))?;
    let synced = File::open(folder.root()).and_then(|folder| folder.sync_all());
    synced.map_err(|source| moving(&next, &key, source))
}

fn moving(from: &Path, to: &Path, source: io::Error) -> RotationError {
    RotationError::Move {
        from: from.to_owned(),
        to: to.to_owned(),
        source,
    }
}
