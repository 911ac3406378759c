#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod activity;
mod address;
mod ask;
mod body;
mod connection;
mod daemon;
mod events;
mod expected;
mod guard;
mod limits;
mod login;
mod metrics;
mod monitoring;
mod page;
mod refusal;
mod routes;
mod server;
mod sessions;
mod state;
mod token;
mod tor;

pub use address::{DEFAULT_PORT, listen, origin};
pub use daemon::{Answered, Asking, Daemon};
pub use expected::{EXPECTED_MS, OPEN_PAGE};
pub use limits::Limits;
pub use page::{PAGE, Page, PageFile};
pub use routes::{DESCRIPTION, OPEN, routes};
pub use server::Face;
pub use token::{LINK_MS, Token, TokenError};
