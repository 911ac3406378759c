#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod circuits;
mod clock;
mod config;
mod connect;
mod copy;
mod dials;
mod isolation;
mod lines;
mod progress;
mod reply;
mod run;
mod secrets;
mod socks;
mod start;
mod storage;
mod way;

pub use run::{Ended, run};
pub use secrets::{Discreet, Secrets};

/// Name and version as a person reads them. All crates of Arti have the same version number.
pub const VERSION: &str = "Arti 0.47.0";

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_that_is_shown_is_the_one_that_is_built() {
        let lock = include_str!("../../../Cargo.lock");
        let number = super::VERSION.trim_start_matches("Arti ");
        let entry = format!("name = \"arti-client\"\nversion = \"{number}\"\n");
        assert!(lock.contains(&entry), "{entry}");
    }
}
