#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod apply;
pub mod audit;
pub mod books;
pub mod challenge;
pub mod cli;
pub mod committer;
pub mod config;
pub mod copy;
pub mod dashboard;
pub mod folder;
pub mod guard;
pub mod http;
pub mod key_file;
pub mod ledger;
pub mod log;
mod number;
pub mod opening;
pub mod pages;
mod read_back;
pub mod restore;
pub mod rotation;
mod sealing;
pub mod serve;
pub mod shelf;
pub mod store;
