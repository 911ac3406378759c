//! The tokio runtime that a relay runs on.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Connections that have a turn before the system is asked again who else is ready. With tokio's
/// own 61 a burst passes through relay, Tor and browser as one clump, of which each waits for the
/// others: 24 carries 3 % more set-ups a second through two processors, at no more processor time
/// for each (`./build.sh bench --only setups`, side by side); 8 is no better than 61.
const TURNS_BETWEEN_LOOKS: u32 = 24;

/// A runtime on the thread that blocks on it: connections are set up at less cost than by several.
///
/// # Errors
/// The system has no file to give for its events.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .event_interval(TURNS_BETWEEN_LOOKS)
        .enable_all()
        .build()
}
