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
pub use server::{OptionName, Server, ServerFault, UrlPart};
pub use uplink::{Keeper, Trouble, Uplink};

// Shadowsocks writes passwords and addresses to the `log` facade. The product has no logger for it;
// this makes sure that there is no output at all.
const _: () = assert!(matches!(log::STATIC_MAX_LEVEL, log::LevelFilter::Off));
