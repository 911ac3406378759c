//! The dashboard over real sockets, with a real ledger behind it.

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "../http/client.rs"]
mod client;
mod files;
mod forms;
mod numbers;
mod operator;
mod place;
mod read_only;
mod sign_in;
mod under_audit;
