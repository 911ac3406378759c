#![doc = include_str!("../README.md")]

mod accounting;
mod api;
mod backup;
pub mod bridge;
pub mod cli;
pub mod config;
mod counted;
pub mod daemon;
mod engine;
mod export;

#[cfg(feature = "serve")]
mod face;
mod files;
pub mod home;
mod identity;
pub mod ids;
pub mod ipc;
mod key;
mod last_signed;
pub mod launch;
mod ledger_link;
mod lock;
mod log;
mod pending;
mod port;
mod problems;
mod program;
pub mod registration;
mod restored;
mod settings;
mod shell_word;
pub mod start;
mod system;
mod tor_supervisor;
mod versions;

/// Ignores a result; the call states the reason.
fn ignore_because<T, E>(_reason: &'static str, result: Result<T, E>) {
    drop(result);
}

/// Exit code for a wrong command line or configuration (sysexits `EX_USAGE`).
pub const EXIT_USAGE: u8 = 64;
/// Exit code when the daemon cannot run or does not answer, for example because another program has
/// its lock.
pub const EXIT_NO_DAEMON: u8 = 7;
/// Exit code for invalid input (sysexits `EX_DATAERR`).
pub const EXIT_DATA: u8 = 65;
/// Exit code when Tor, the daemon or the ledger is not available (sysexits `EX_UNAVAILABLE`).
pub const EXIT_UNAVAILABLE: u8 = 69;
/// Exit code when the home or its files cannot be written (sysexits `EX_CANTCREAT`).
pub const EXIT_CANNOT_WRITE: u8 = 73;
/// Exit code for a bug of ours (sysexits `EX_SOFTWARE`).
pub const EXIT_BUG: u8 = 70;
