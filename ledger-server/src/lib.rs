#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod apply;
pub mod audit;
pub mod books;
pub mod challenge;
pub mod committer;
pub mod copy;
pub mod guard;
pub mod http;
pub mod key_file;
pub mod ledger;
pub mod pages;
pub mod shelf;
pub mod store;
