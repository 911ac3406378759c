//! Starts the whole product: the real program, extension, browser and Tor.
//!
//! The checks in `tests/` and `./build.sh demo` use it. It knows the product from outside only: its
//! commands, its files and what its popup shows.

mod asked;
pub mod axe;
pub mod between;
pub mod circuits;
pub mod credit;
pub mod defaults;
pub mod earner;
pub mod enrol;
pub mod face;
pub mod first_daemon;
pub mod fixture;
pub mod host;
pub mod hostile;
pub mod ledger;
pub mod ours;
pub mod peers;
pub mod popup;
pub mod pretended;
pub mod processes;
pub mod real_settings;
pub mod reports;
pub mod shown;
pub mod signed;
pub mod stage;
