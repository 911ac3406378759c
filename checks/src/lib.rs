//! A stage on which the whole product plays: the real program, extension, browser and Tor.
//!
//! Used by the checks in `tests/` and by `./build.sh demo`. It knows the product from the outside
//! only: its commands, its files and what its popup shows.

pub mod circuits;
pub mod defaults;
pub mod host;
pub mod ours;
pub mod peers;
pub mod popup;
pub mod processes;
pub mod reports;
pub mod stage;
