//! The tests of the ledger on PostgreSQL: those of `tests/it`, and what only PostgreSQL can do.

#[path = "../it/clocked.rs"]
mod clocked;
#[path = "../it/forge.rs"]
mod forge;
mod home;
#[path = "../it/load.rs"]
mod load;
#[path = "../it/program.rs"]
#[expect(dead_code, reason = "it has what the tests on SQLite need, too")]
mod program;
#[path = "../it/rng.rs"]
mod rng;
#[path = "../it/support.rs"]
mod support;

#[path = "../it/deletions.rs"]
mod deletions;
#[path = "../it/exactly_once.rs"]
mod exactly_once;
#[path = "../it/model.rs"]
mod model;
#[path = "../it/panics.rs"]
mod panics;
#[path = "../it/reports.rs"]
mod reports;
#[path = "../it/rows_accounts.rs"]
mod rows_accounts;
#[path = "../it/rows_bytes.rs"]
mod rows_bytes;
#[path = "../it/rows_chain.rs"]
mod rows_chain;
#[path = "../it/rows_clock.rs"]
mod rows_clock;
#[path = "../it/rows_hostile.rs"]
mod rows_hostile;
#[path = "../it/standing.rs"]
mod standing;

mod clock;
mod commit_answers;
mod contention;
mod copies;
mod failover;
mod growth;
mod instances;
mod kills;
mod operator;
mod refusals;
mod transactions;
