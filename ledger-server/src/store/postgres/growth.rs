//! Tells PostgreSQL how large its tables have become.
//!
//! A prepared statement keeps its plan until one of its tables is analysed. PostgreSQL does that by
//! itself, but only once in `autovacuum_naptime` (a minute). A plan that was made for empty tables
//! reads a whole index for each report until then.

use super::connection::Connection;
use crate::store::StoreError;

/// Tables that are more than twice as large as when they were analysed last, as far as this user
/// may analyse them. Small ones are left: any plan is good for a few pages.
const GROWN: &str = "SELECT quote_ident(relname) FROM pg_class \
    JOIN pg_namespace ON pg_namespace.oid = relnamespace \
    WHERE nspname = current_schema() AND relkind = 'r' AND pg_has_role(relowner, 'USAGE') \
    AND pg_relation_size(pg_class.oid) / CAST(current_setting('block_size') AS BIGINT) \
        > 2 * relpages + 8";

/// Analyses the tables that have grown.
pub(super) fn analyse(connection: &mut Connection) -> Result<(), StoreError> {
    for mut row in connection.rows_all(GROWN, &[&[]])?.into_iter().flatten() {
        let table = row.text()?;
        // Who has the lock analyses or vacuums the table: another instance, or PostgreSQL itself.
        connection.script(&format!("ANALYZE (SKIP_LOCKED) {table}"))?;
        tracing::debug!(table, "a table that has grown was analysed");
    }
    Ok(())
}
