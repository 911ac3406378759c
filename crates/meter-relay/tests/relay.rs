//! The relay over real sockets, between ill-behaved clients and an ill-behaved Tor.
//!
//! Counters are compared with what the peers themselves read, after the relay has stopped and so
//! said its last word, unless a test is about the middle of a transfer.

// `cfg(test)` always holds here; it tells the lints that helpers may unwrap as tests may.
#[cfg(test)]
mod support {
    pub(crate) mod client;
    pub(crate) mod fake_tor;
    pub(crate) mod pattern;
    pub(crate) mod rig;
}

#[cfg(test)]
mod cases {
    mod answers;
    mod bulk;
    mod departures;
    mod exchanges;
    mod handshakes;
    mod isolations;
    mod lifetimes;
    mod loads;
    mod optimism;
    mod payloads;
    mod pressure;
    mod strangers;
    mod targets;
    mod unix_upstream;
}
