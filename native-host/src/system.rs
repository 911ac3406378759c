//! What differs between operating systems, each part with a small interface.

pub(crate) mod clock;
pub(crate) mod core_dumps;
pub(crate) mod files;
pub(crate) mod limits;
#[cfg(feature = "serve")]
pub(crate) mod listener;
pub(crate) mod local_socket;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod mounts;
pub(crate) mod network;
pub(crate) mod open_folder;
pub(crate) mod os;
pub(crate) mod process;
pub(crate) mod streams;
pub(crate) mod terminal;
pub(crate) mod ticks;
pub(crate) mod user;
