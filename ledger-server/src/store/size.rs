//! How much room a database takes, and how much is left.

use super::{Postgres, Sqlite, Store, StoreError};
use std::{fs, io, path::Path};

impl Store {
    /// The size of the database in bytes, with what is not yet merged into it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn size(&self) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(sqlite) => files(sqlite),
            Self::Postgres(postgres) => Postgres::size(postgres),
            Self::Held(store, _) | Self::Clocked(store, _) => store.size(),
        }
    }
}

/// The file, and the log beside it.
fn files(sqlite: &Sqlite) -> Result<u64, StoreError> {
    let unavailable = |error: io::Error| StoreError::Unavailable(error.to_string());
    let file = fs::metadata(sqlite.path()).map_err(unavailable)?;
    let mut log = sqlite.path().as_os_str().to_owned();
    log.push("-wal");
    // SQLite removes the log when the last connection is closed.
    let log = fs::metadata(log).map_or(0, |log| log.len());
    Ok(file.len().saturating_add(log))
}

/// The bytes that this user can still write where `path` is.
///
/// # Errors
/// When there is nothing at `path`.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let about = rustix::fs::statvfs(path)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}
