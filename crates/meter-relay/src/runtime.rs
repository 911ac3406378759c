//! The tokio runtime that a relay runs on.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Tasks that run before the runtime asks the system for new events. With tokio's own 61, a burst
/// passes through relay, Tor and browser as one group in which each waits for the others. 24 allows
/// 3 % more set-ups per second on two processors, with no more processor time for each (`./build.sh
/// bench --only setups`, side by side). 8 is no better than 61.
const TURNS_BETWEEN_LOOKS: u32 = 24;

/// Makes a runtime with a single thread, the one that blocks on it. Setting up connections costs
/// less on one thread than on several.
///
/// # Errors
/// When the system cannot open a file descriptor for events.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .event_interval(TURNS_BETWEEN_LOOKS)
        .enable_all()
        .build()
}
