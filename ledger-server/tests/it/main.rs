//! Tests of the ledger on real databases.

mod support;

mod exactly_once;
mod reports;
