//! The ledger server: takes signed session reports, verifies them, awards each once, and answers
//! with signed receipts.
#![forbid(unsafe_code)]

pub mod apply;
pub mod books;
pub mod committer;
pub mod key_file;
pub mod ledger;
pub mod shelf;
pub mod store;
