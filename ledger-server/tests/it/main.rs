//! Tests of the ledger, on SQLite. `tests/postgres` runs the same ones on PostgreSQL.

mod home;
mod support;

mod exactly_once;
mod reports;
