//! The tests of the ledger on PostgreSQL: those of `tests/it`, and what only PostgreSQL can do.

mod home;
#[path = "../it/support.rs"]
mod support;

#[path = "../it/exactly_once.rs"]
mod exactly_once;
#[path = "../it/reports.rs"]
mod reports;

mod clock;
mod commit_answers;
mod contention;
mod copies;
mod failover;
mod instances;
mod kills;
mod operator;
mod refusals;
mod transactions;
