//! Sorts the errors of PostgreSQL by who can do something about them.

use super::url::PostgresUrl;
use crate::store::{StoreError, StoreFault};
use std::{error::Error as _, io};
use tokio_postgres::{
    Error,
    error::{DbError, SqlState},
};

/// An error of a statement. The text names no value of a row.
pub(super) fn failure(error: &Error) -> StoreError {
    let Some(refusal) = error.as_db_error() else {
        let source = error.source();
        let is_io = source.is_some_and(|source| source.is::<io::Error>());
        return if error.is_closed() || is_io {
            StoreError::Unavailable("the connection to PostgreSQL has ended".to_owned())
        } else {
            StoreError::Statement(error.to_string())
        };
    };
    let text = words(refusal);
    match refusal.code().code() {
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => StoreError::Lost,
        // lock_not_available, query_canceled by a time limit, read_only_sql_transaction after a
        // failover
        "55P03" | "57014" | "25006" => StoreError::Unavailable(text),
        code => match code.get(..2) {
            // Connections, resources, shutdown, the system below.
            Some("08" | "53" | "57" | "58") => StoreError::Unavailable(text),
            // data_corrupted, index_corrupted
            Some("XX") => StoreError::Damaged(text),
            _ => StoreError::Statement(text),
        },
    }
}

/// Message and code. The detail is left out: it holds the values of the row.
fn words(refusal: &DbError) -> String {
    format!("{} (SQLSTATE {})", refusal.message(), refusal.code().code())
}

/// Why no connection was made.
pub(super) fn no_connection(error: &Error, url: &PostgresUrl) -> StoreFault {
    let place = url.to_string();
    let Some(refusal) = error.as_db_error() else {
        let why = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        return StoreFault::NoServer { place, why };
    };
    let code = refusal.code();
    if *code == SqlState::INVALID_PASSWORD {
        let user = url.user().to_owned();
        return StoreFault::Password { place, user };
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        let database = url.database().to_owned();
        let user = url.user().to_owned();
        return StoreFault::NoDatabase {
            place,
            database,
            user,
        };
    }
    StoreFault::NoServer {
        place,
        why: words(refusal),
    }
}

/// Whether another instance was quicker to make the same table.
pub(super) fn is_made_meanwhile(error: &Error) -> bool {
    let codes = [SqlState::DUPLICATE_TABLE, SqlState::UNIQUE_VIOLATION];
    error.code().is_some_and(|code| codes.contains(code))
}

/// Whether the user may not make tables.
pub(super) fn is_not_allowed(error: &Error) -> bool {
    error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
}
