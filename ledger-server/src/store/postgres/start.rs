//! Whether a PostgreSQL is good enough to keep a ledger, and its tables.

use super::{
    connection::{Connection, NoAnswer},
    failure,
    transaction::Transaction,
    url::PostgresUrl,
};
use crate::store::{Db as _, Row, StoreError, StoreFault, clock, schema, statements};

/// Most that the clocks of PostgreSQL and of this computer may differ.
const CLOCK_DIFFERENCE_MAX_MS: u64 = 60_000;
/// Several instances may be started on an empty database at once; each may lose once.
const TRIES: u32 = 3;

/// Settings without which an answered commit can be lost.
const DURABILITY: &str = "SELECT CAST(name AS TEXT), reset_val FROM pg_settings \
    WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name";
const READ_ONLY: &str = "SELECT CAST(pg_is_in_recovery() AS TEXT), \
    current_setting('default_transaction_read_only')";
/// Standbys that follow, and which of them a commit waits for.
const STANDBYS: &str = "SELECT COUNT(*), current_setting('synchronous_standby_names') \
    FROM pg_stat_replication GROUP BY 2";
/// Our first table, and all tables and views beside it.
const TABLES: &str = "SELECT COUNT(*) FILTER (WHERE relname = 'ledger'), COUNT(*) FROM pg_class \
    JOIN pg_namespace ON pg_namespace.oid = relnamespace \
    WHERE nspname = current_schema() AND relkind IN ('r', 'p', 'v', 'm', 'f')";

/// Refuses a PostgreSQL that can lose what it has answered, that takes no writes, or whose clock is
/// wrong.
pub(super) fn check(connection: &mut Connection, url: &PostgresUrl) -> Result<(), StoreError> {
    for mut row in rows(connection, DURABILITY)? {
        let (name, value) = (row.text()?, row.text()?);
        if value == "off" {
            return Err(StoreFault::Durability { name }.into());
        }
    }
    for mut row in rows(connection, READ_ONLY)? {
        if row.text()? == "true" || row.text()? == "on" {
            let place = url.to_string();
            return Err(StoreFault::ReadOnly { place }.into());
        }
    }
    check_clock(connection)?;
    for mut row in rows(connection, STANDBYS)? {
        let (standbys, awaited) = (row.int()?, row.text()?);
        if standbys > 0 && awaited.is_empty() {
            tracing::warn!(
                standbys,
                "PostgreSQL does not wait for its standbys: a failover can lose receipts that have \
                 left; set synchronous_standby_names in postgresql.conf"
            );
        }
    }
    Ok(())
}

fn rows(connection: &mut Connection, sql: &'static str) -> Result<Vec<Row>, StoreError> {
    let found = connection.rows_all(sql, &[&[]])?;
    Ok(found.into_iter().flatten().collect())
}

fn check_clock(connection: &mut Connection) -> Result<(), StoreError> {
    let theirs = Transaction::new(connection).now()?.get();
    let apart = theirs.abs_diff(clock::now()?.get());
    if apart > CLOCK_DIFFERENCE_MAX_MS {
        let seconds = apart / 1000;
        return Err(StoreFault::Clock { seconds }.into());
    }
    Ok(())
}

/// Makes the tables in an empty database, once, however many instances try it at the same time: all
/// tables are made in one transaction, and PostgreSQL lets one of them make the first table.
pub(super) fn make_tables(
    connection: &mut Connection,
    url: &PostgresUrl,
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        for mut row in rows(connection, TABLES)? {
            let (ours, all) = (row.int()?, row.int()?);
            if ours > 0 {
                return check_tables(connection);
            }
            if all > 0 {
                return Err(StoreFault::OtherTables {
                    place: url.to_string(),
                    user: url.user().to_owned(),
                }
                .into());
            }
        }
        match make_all(connection) {
            Ok(()) => {}
            Err(NoAnswer::Refused(error)) if failure::is_made_meanwhile(&error) => {
                connection.script("ROLLBACK")?;
            }
            Err(NoAnswer::Refused(error)) if failure::is_not_allowed(&error) => {
                return Err(StoreFault::MayNotMakeTables {
                    place: url.to_string(),
                    user: url.user().to_owned(),
                    database: url.database().to_owned(),
                }
                .into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    check_tables(connection)
}

fn make_all(connection: &Connection) -> Result<(), NoAnswer> {
    let (tables, version) = (schema::for_postgres(), schema::SCHEMA_VERSION);
    connection.script(&format!(
        "BEGIN; {tables} INSERT INTO ledger (id, version, made_ms) SELECT 1, {version}, \
         CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT); COMMIT"
    ))
}

fn check_tables(connection: &mut Connection) -> Result<(), StoreError> {
    if schema::version(&mut Transaction::new(connection))? == 1 {
        connection.script(schema::TO_2_IN_POSTGRES)?;
    }
    schema::check(&mut Transaction::new(connection))?;
    // A statement with a mistake fails here, not in the first hour of use.
    connection.prepare_all(statements::ALL)
}
