//! Tests of the ledger, on SQLite. `tests/postgres` runs the same ones on PostgreSQL.

mod clocked;
mod forge;
mod home;
mod load;
mod program;
mod rng;
mod support;

mod audits;
mod commands;
mod copies;
mod deletions;
mod exactly_once;
mod first_start;
mod full_disk;
mod healing;
mod kills;
mod merging;
mod model;
mod monitor;
mod panics;
mod price_of_a_lie;
mod private_files;
mod refusals;
mod reports;
mod rollbacks;
mod rotations;
mod rows_accounts;
mod rows_bytes;
mod rows_chain;
mod rows_clock;
mod rows_disk;
mod rows_hostile;
mod simulation;
mod standing;
mod trouble;
