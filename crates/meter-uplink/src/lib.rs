#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod backoff;
mod config;
mod dial;
mod error;
mod file;
mod local_end;
mod server;
mod uplink;

pub use config::Credentials;
pub use error::{FileFault, UplinkError};
pub use server::{BadServer, Server, UrlPart};
pub use uplink::{Keeper, Trouble, Uplink};

// Shadowsocks writes passwords and addresses by this facade. Nobody listens to it in the product;
// this makes sure that there is nothing to listen to.
const _: () = assert!(matches!(log::STATIC_MAX_LEVEL, log::LevelFilter::Off));
