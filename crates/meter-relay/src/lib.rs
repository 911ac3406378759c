#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod accept;
mod closing;
mod config;
mod connection;
mod counters;
mod credentials;
mod cut;
mod dial;
mod error;
#[cfg(test)]
mod fuzz;
mod handshake;
mod isolation;
mod listen;
mod payload;
mod relay;
mod runtime;
mod slot;
mod socket;
mod target;
mod witness;

pub use config::RelayConfig;
pub use counters::{CounterSnapshot, Counters, ReplyCounts};
pub use error::RelayError;
pub use isolation::{IdentitySecret, Isolation, Site, SiteCredentials};
pub use relay::{Connections, Relay};
pub use runtime::runtime;
pub use witness::Witnesses;
