//! The relay over real sockets, between ill-behaved clients and an ill-behaved Tor.
//!
//! Counters are compared with what the peers themselves read, after the relay has stopped and so
//! said its last word, unless a test is about the middle of a transfer.

// `cfg(test)` always holds here; it tells the lints that helpers may unwrap as tests may.
#[cfg(test)]
mod support {
    pub(crate) mod client;
    pub(crate) mod fake_tor;
    #[cfg(target_os = "linux")]
    pub(crate) mod kernel;
    pub(crate) mod pattern;
    pub(crate) mod rig;
    #[cfg(target_os = "linux")]
    pub(crate) mod wire;
}

#[cfg(test)]
mod cases {
    mod answers;
    mod bulk;
    mod departures;
    mod exchanges;
    mod handshakes;
    mod isolations;
    #[cfg(target_os = "linux")]
    mod kernel_counts;
    mod lifetimes;
    mod loads;
    mod payloads;
    mod pressure;
    mod strangers;
    mod targets;
    mod unix_upstream;
}
