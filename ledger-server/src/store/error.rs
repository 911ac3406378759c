//! What can go wrong with a database.

use std::path::PathBuf;

/// Why a transaction did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It lost against another transaction. The same again may succeed.
    #[error("the database is busy with other transactions")]
    Lost,
    /// The database cannot be reached or cannot write: nothing can succeed until that is mended.
    #[error("the database does not take anything: {0}")]
    Unavailable(String),
    /// The database refused one statement. Others may succeed.
    #[error("the database refused a statement: {0}")]
    Statement(String),
    /// A stored value is not what this program writes.
    #[error("the database holds a value that this program did not write: {0}")]
    Damaged(String),
    /// The database must not be used.
    #[error(transparent)]
    Fault(#[from] StoreFault),
}

/// Why a database must not be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The file cannot be opened or made.
    #[error("cannot open the database {path}: {why}", path = .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The file is something else.
    #[error(
        "{} is not a database of this ledger; choose another folder or file for it, this one was \
         left as it is",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// A later version of this program has made the tables.
    #[error(
        "the database has tables of version {found}, and this program knows version {known}: \
         start the newer onionmeter-ledger that was used before"
    )]
    Newer {
        /// The version in the database.
        found: i64,
        /// The version that this program knows.
        known: i64,
    },
    /// Another process has the file.
    #[error("another process uses the database {}: {hint}", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
        /// Who, as far as known.
        hint: String,
    },
    /// SQLite is too old to be trusted.
    #[error("SQLite {0} can damage a database: build onionmeter-ledger anew")]
    SqliteVersion(i32),
}

impl StoreError {
    /// A column that is missing or has another type.
    pub(crate) fn column(number: usize) -> Self {
        Self::Damaged(format!("column {number} of a row"))
    }
}
