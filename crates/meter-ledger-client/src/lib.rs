#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod client;
mod code;
mod error;
mod http;
mod link;
mod signed;

pub use client::LedgerClient;
pub use code::code_bytes;
pub use error::ClientError;
pub use http::{Answered, Asked, BODY_BYTES_MAX, Http, ON_LOOPBACK_MAX, OVER_TOR_MAX};
pub use link::{Dial, HEAD_BYTES_MAX};
pub use signed::SignRequests;
