//! Errors of SQLite as ours.

use crate::store::{StoreError, StoreFault};
use rusqlite::ErrorCode;
use std::path::Path;

pub(in crate::store) fn cannot_open(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        return StoreFault::NotOurs(path).into();
    }
    let why = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => StoreFault::Torn { path, why }.into(),
        _ => StoreFault::Open { path, why }.into(),
    }
}

/// Sorts an error of SQLite by who can do something about it.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn failure(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(
            // Another process had the file for all of `BUSY_TIMEOUT`.
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed,
        ) => StoreError::Unavailable(error.to_string()),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged(error.to_string())
        }
        _ => StoreError::Statement(error.to_string()),
    }
}
