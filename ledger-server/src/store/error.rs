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
    /// This ledger only reads, for this reason.
    #[error("the ledger is read-only: {0}")]
    Held(String),
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
    /// The file is damaged.
    #[error(
        "the database {path} is damaged ({why}); nothing in it was changed. Restore a copy with: \
         onionmeter-ledger restore FILE",
        path = .path.display()
    )]
    Torn {
        /// The file.
        path: PathBuf,
        /// What the database says.
        why: String,
    },
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
    /// The text is no address of a PostgreSQL database.
    #[error(
        "the address of the database is wrong: {0}; write it as \
         postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Url(String),
    /// There is no connection to PostgreSQL.
    #[error(
        "cannot connect to {place}: {why}; start PostgreSQL there, or correct the address with \
         --database"
    )]
    NoServer {
        /// The address without the password.
        place: String,
        /// The reason.
        why: String,
    },
    /// PostgreSQL refuses the password.
    #[error("{place} refuses the password of {user}: correct it in the address of --database")]
    Password {
        /// The address without the password.
        place: String,
        /// The user.
        user: String,
    },
    /// PostgreSQL has no such database.
    #[error("{place} is not there yet: make it with `createdb --owner={user} {database}`")]
    NoDatabase {
        /// The address without the password.
        place: String,
        /// The database.
        database: String,
        /// The user.
        user: String,
    },
    /// The user may not make tables there.
    #[error(
        "{user} may not make tables in {place}: make {user} its owner with `ALTER DATABASE \
         {database} OWNER TO {user}`"
    )]
    MayNotMakeTables {
        /// The address without the password.
        place: String,
        /// The database.
        database: String,
        /// The user.
        user: String,
    },
    /// The database belongs to something else.
    #[error(
        "{place} holds tables of something else, and they were left as they are: make an empty \
         database with `createdb --owner={user} NAME`"
    )]
    OtherTables {
        /// The address without the password.
        place: String,
        /// The user.
        user: String,
    },
    /// PostgreSQL can lose what it has answered.
    #[error(
        "PostgreSQL runs with {name} = off, so it can lose receipts that have left: set {name} = \
         on in postgresql.conf and restart it"
    )]
    Durability {
        /// The setting.
        name: String,
    },
    /// PostgreSQL takes no writes.
    #[error(
        "{place} only reads: it is a standby, or default_transaction_read_only is on there; name \
         the primary with --database, or promote this one"
    )]
    ReadOnly {
        /// The address without the password.
        place: String,
    },
    /// The clock of PostgreSQL, by which awards are counted, is wrong, or that of this computer.
    #[error(
        "the clocks of PostgreSQL and of this computer differ by {seconds} s: set both with NTP"
    )]
    Clock {
        /// How much they differ.
        seconds: u64,
    },
    /// SQLite is too old to be trusted.
    #[error("SQLite {0} can damage a database: build onionmeter-ledger anew")]
    SqliteVersion(i32),
}

impl StoreError {
    /// Whether nothing can succeed until the database is mended.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Held(_))
    }

    /// A column that is missing or has another type.
    pub(crate) fn column(number: usize) -> Self {
        Self::Damaged(format!("column {number} of a row"))
    }
}
