//! The ledger server.

fn main() {}
