//! Where a ledger of this test program keeps its books: a database of a real PostgreSQL.

use meter_testkit::postgres::Postgres;
use onionmeter_ledger::store::Place;
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty database in the PostgreSQL that the tests share.
pub(crate) struct Home {
    pub(crate) server: &'static Postgres,
    pub(crate) database: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let server = Postgres::shared().expect("PostgreSQL");
        let database = new_database(server);
        Self { server, database }
    }

    pub(crate) fn place(&self) -> Place {
        place(&self.server.url(&self.database))
    }

    /// The errors with this SQLSTATE that PostgreSQL logged about its database.
    pub(crate) fn logged(&self, code: &str) -> Vec<String> {
        let beginning = format!("{code} {} ERROR:", self.database);
        let log = self.server.log();
        let lines = log.lines().filter(|line| line.starts_with(&beginning));
        lines.map(str::to_owned).collect()
    }

    /// Runs statements in its database.
    pub(crate) fn sql(&self, statements: &str) -> String {
        self.server.sql(&self.database, statements).expect("rows")
    }
}

pub(crate) fn place(url: &str) -> Place {
    Place::Server(url.parse().expect("an address"))
}

/// An empty database with a name of its own.
pub(crate) fn new_database(server: &Postgres) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let name = format!("ledger{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server.create_database(&name).expect("a database");
    name
}

/// Puts another `clock_timestamp()` before PostgreSQL's own for the sessions of one database.
pub(crate) fn shift_clock(server: &Postgres, database: &str, by: &str) {
    let statements = format!(
        "CREATE SCHEMA IF NOT EXISTS shifted;
         CREATE OR REPLACE FUNCTION shifted.clock_timestamp() RETURNS timestamptz VOLATILE
             LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() {by} $$;
         ALTER DATABASE {database} SET search_path = shifted, pg_catalog, public"
    );
    server.sql(database, &statements).expect("a shifted clock");
}
