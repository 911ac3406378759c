//! Tests the relay over real sockets, between clients and a Tor that break the rules.
//!
//! Counters are compared with what the peers read, after the relay has stopped and the totals are
//! final, unless a test is about the middle of a transfer.

// Not used here: `cargo bolero` builds every test of this crate and needs its engine in each of
// them.
use bolero as _;

// `cfg(test)` is always true here. It tells the lints that helpers may use `unwrap`, as tests may.
#[cfg(test)]
mod support {
    pub(crate) mod client;
    pub(crate) mod fake_tor;
    pub(crate) mod files;
    #[cfg(target_os = "linux")]
    pub(crate) mod kernel;
    pub(crate) mod pattern;
    pub(crate) mod rig;
    #[cfg(target_os = "linux")]
    pub(crate) mod stage;
    #[cfg(target_os = "linux")]
    pub(crate) mod wire;
}

#[cfg(test)]
mod cases {
    mod answers;
    mod bulk;
    #[cfg(target_os = "linux")]
    mod crowd;
    mod departures;
    mod exchanges;
    mod floods;
    #[cfg(target_os = "linux")]
    mod half_closes;
    mod handshakes;
    mod isolations;
    #[cfg(target_os = "linux")]
    mod kernel_counts;
    mod lifetimes;
    mod loads;
    mod optimism;
    mod panics;
    mod payloads;
    mod pressure;
    #[cfg(target_os = "linux")]
    mod replaced;
    #[cfg(target_os = "linux")]
    mod resets;
    mod strangers;
    mod targets;
    #[cfg(target_os = "linux")]
    mod torn;
    mod unix_upstream;
    mod witnesses;
}
