//! The totals that leave the data plane: plain atomic numbers, read by whoever likes.
//!
//! They outlive a relay: hand the same counters to the next one and they go on. They know nothing
//! of single connections, and no lock is ever taken.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Running totals since the counters were made. None but `active` ever goes down.
#[derive(Debug, Default)]
pub struct Counters {
    bytes_up: AtomicU64,
    bytes_down: AtomicU64,
    connections: AtomicU64,
    active: AtomicU64,
    refused: AtomicU64,
    foreign: AtomicU64,
    literals: AtomicU64,
}

/// The counters at one moment.
///
/// While connections are open, two fields may be a few instructions apart. Once `active` is 0, all
/// that those connections moved is in the totals.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CounterSnapshot {
    /// Payload bytes that Tor's socket accepted from us.
    pub bytes_up: u64,
    /// Payload bytes that clients' sockets accepted from us.
    pub bytes_down: u64,
    /// Connections ever accepted, refused ones included.
    pub connections: u64,
    /// Connections open now.
    pub active: u64,
    /// Connections that the relay itself turned away: not SOCKS5, too slow, forbidden target.
    /// Tor being away and Tor's own refusals are not in here.
    pub refused: u64,
    /// Connections of other users of this machine, closed without a word (S-23). They are among
    /// `refused`.
    pub foreign: u64,
    /// Requests for a public address instead of a name, allowed all the same: a client that finds
    /// names out by itself may be asking outside of Tor (S-22).
    pub literals: u64,
}

impl Counters {
    /// Reads all totals; never waits.
    #[must_use]
    pub fn snapshot(&self) -> CounterSnapshot {
        // First, and paired with the release in `OpenConnection`: see the promise above.
        let active = self.active.load(Ordering::Acquire);
        CounterSnapshot {
            bytes_up: self.bytes_up.load(Ordering::Relaxed),
            bytes_down: self.bytes_down.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            active,
            refused: self.refused.load(Ordering::Relaxed),
            foreign: self.foreign.load(Ordering::Relaxed),
            literals: self.literals.load(Ordering::Relaxed),
        }
    }

    /// Counts one accepted connection, open until the returned value is dropped.
    pub(crate) fn open(self: &Arc<Self>) -> OpenConnection {
        self.active.fetch_add(1, Ordering::Relaxed);
        self.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }
}

/// One accepted connection, as the counters see it. The only writer of the totals.
pub(crate) struct OpenConnection(Arc<Counters>);

impl OpenConnection {
    /// Where payload towards Tor is counted.
    pub(crate) fn up(&self) -> Meter<'_> {
        Meter(&self.0.bytes_up)
    }

    /// Where payload towards the client is counted.
    pub(crate) fn down(&self) -> Meter<'_> {
        Meter(&self.0.bytes_down)
    }

    /// Counts this connection as turned away.
    pub(crate) fn refused(&self) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts this connection as another user's, and so as turned away.
    pub(crate) fn foreign(&self) {
        self.0.foreign.fetch_add(1, Ordering::Relaxed);
        self.refused();
    }

    /// Counts a request for a public address literal.
    pub(crate) fn literal(&self) {
        self.0.literals.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Release);
    }
}

/// One direction's total.
#[derive(Clone, Copy)]
pub(crate) struct Meter<'a>(&'a AtomicU64);

impl Meter<'_> {
    /// Adds what one write moved. Wraps after 18 exabytes.
    pub(crate) fn add(self, written: usize) {
        // usize is at most 64 bits wide on every system Rust supports.
        let written = u64::try_from(written).unwrap_or(u64::MAX);
        self.0.fetch_add(written, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_active_until_dropped_and_counted_for_ever() {
        let counters = Arc::new(Counters::default());
        let first = counters.open();
        let second = counters.open();
        second.refused();
        first.foreign();
        second.literal();
        first.up().add(3);
        first.down().add(5);
        second.down().add(7);
        drop(first);
        let expected = CounterSnapshot {
            bytes_up: 3,
            bytes_down: 12,
            connections: 2,
            active: 1,
            refused: 2,
            foreign: 1,
            literals: 1,
        };
        assert_eq!(counters.snapshot(), expected);
        drop(second);
        assert_eq!(
            counters.snapshot(),
            CounterSnapshot {
                active: 0,
                ..expected
            }
        );
    }
}
