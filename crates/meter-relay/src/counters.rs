//! The totals that the relay's data path publishes: atomic numbers that any thread may read.
//!
//! Counters live longer than a relay: the next relay can continue the same ones. They hold nothing
//! about single connections and need no lock.

use std::{
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// Running totals since the counters were made. Only `active` and `waiting` ever decrease.
#[derive(Debug, Default)]
pub struct Counters {
    bytes_up: AtomicU64,
    bytes_down: AtomicU64,
    connections: AtomicU64,
    active: AtomicU64,
    waiting: AtomicU64,
    reached: AtomicU64,
    broken: AtomicU64,
    refused: AtomicU64,
    foreign: AtomicU64,
    unidentified: AtomicU64,
    literals: AtomicU64,
    unreached: [AtomicU64; REPLY_SLOTS],
    /// Index of the reply that was counted last, plus one; 0 when none was counted.
    unreached_last: AtomicUsize,
}

/// The values of the counters at one moment.
///
/// While connections are open, two fields may differ by a few instructions. When `active` is 0, the
/// totals contain everything that those connections moved.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CounterSnapshot {
    /// Payload bytes that Tor's socket accepted from us.
    pub bytes_up: u64,
    /// Payload bytes that clients' sockets accepted from us.
    pub bytes_down: u64,
    /// All connections that were ever accepted, including those that were refused and those that
    /// the relay answered itself.
    pub connections: u64,
    /// Connections open now.
    pub active: u64,
    /// Connections that wait for Tor's answer.
    pub waiting: u64,
    /// Connections that Tor made.
    pub reached: u64,
    /// Connections that failed because what listens in Tor's place took none, broke off or did not
    /// answer as Tor does. The client got reply 01, which says nothing about the site.
    pub broken: u64,
    /// Connections that the relay itself refused: not SOCKS5, too slow, or a forbidden target. Does
    /// not count connections that failed because no Tor runs or because Tor refused.
    pub refused: u64,
    /// Connections of other users of this machine; they were closed without a reply (S-23). Also
    /// counted in `refused`.
    pub foreign: u64,
    /// Connections for which the system did not tell the owner. Also counted in `refused`, unless
    /// the configuration allows such connections.
    pub unidentified: u64,
    /// Requests for a public IP address instead of a name. They are allowed, but a client that
    /// resolves names itself may do so outside of Tor (S-22).
    pub literals: u64,
    /// Connections that failed, by the reply that the client got: Tor's refusals, no answer from
    /// Tor (06), and targets that this relay does not pass on (02, and 04 for names that cannot
    /// exist). Does not count connections that failed because no Tor runs.
    pub unreached: ReplyCounts,
}

/// How often each SOCKS reply except "succeeded" was given (RFC 1928 §6; Tor's socks-extensions for
/// F0 to F7). All other replies are counted together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReplyCounts {
    counts: [u64; REPLY_SLOTS],
    /// As `Counters::unreached_last`; 0 means none.
    last: usize,
}

impl ReplyCounts {
    /// All known replies with their counts, in ascending order. `None` stands for all other
    /// replies.
    pub fn iter(&self) -> impl Iterator<Item = (Option<u8>, u64)> {
        known_replies().map(Some).chain([None]).zip(self.counts)
    }

    /// The known reply that was counted last; `None` if the last reply was not a known one, or if
    /// none was counted.
    #[must_use]
    pub fn last(&self) -> Option<u8> {
        known_replies().nth(self.last.checked_sub(1)?)
    }
}

impl FromIterator<u8> for ReplyCounts {
    /// Counts the given replies.
    fn from_iter<T: IntoIterator<Item = u8>>(replies: T) -> Self {
        let mut counts = Self::default();
        for reply in replies {
            let slot = slot(reply);
            counts.counts[slot] += 1;
            counts.last = slot + 1;
        }
        counts
    }
}

impl Counters {
    /// Reads all totals. Never waits.
    #[must_use]
    pub fn snapshot(&self) -> CounterSnapshot {
        // Must be read first; pairs with the release in `OpenConnection`. Otherwise the promise of
        // `CounterSnapshot` would not hold.
        let active = self.active.load(Ordering::Acquire);
        CounterSnapshot {
            bytes_up: self.bytes_up.load(Ordering::Relaxed),
            bytes_down: self.bytes_down.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            active,
            waiting: self.waiting.load(Ordering::Relaxed),
            reached: self.reached.load(Ordering::Relaxed),
            broken: self.broken.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            foreign: self.foreign.load(Ordering::Relaxed),
            unidentified: self.unidentified.load(Ordering::Relaxed),
            literals: self.literals.load(Ordering::Relaxed),
            unreached: ReplyCounts {
                counts: self
                    .unreached
                    .each_ref()
                    .map(|count| count.load(Ordering::Relaxed)),
                last: self.unreached_last.load(Ordering::Relaxed),
            },
        }
    }

    /// Counts one accepted connection, open until the returned value is dropped.
    pub(crate) fn open(self: &Arc<Self>) -> OpenConnection {
        self.active.fetch_add(1, Ordering::Relaxed);
        self.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }
}

/// One accepted connection. Only this type writes to the totals.
pub(crate) struct OpenConnection(Arc<Counters>);

impl OpenConnection {
    /// Counter for payload from the client to Tor.
    pub(crate) fn up(&self) -> Meter<'_> {
        Meter(&self.0.bytes_up)
    }

    /// Counter for payload from Tor to the client.
    pub(crate) fn down(&self) -> Meter<'_> {
        Meter(&self.0.bytes_down)
    }

    /// Counts this connection as waiting for Tor's answer until the returned value is dropped.
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&self.0.waiting)
    }

    /// Counts this connection as made by Tor.
    pub(crate) fn reached(&self) {
        self.0.reached.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts this connection as one that Tor's SOCKS port broke.
    pub(crate) fn broken(&self) {
        self.0.broken.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts this connection as refused.
    pub(crate) fn refused(&self) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts this connection as another user's, and so also as refused.
    pub(crate) fn foreign(&self) {
        self.0.foreign.fetch_add(1, Ordering::Relaxed);
        self.refused();
    }

    /// Counts this connection as one that may be another user's.
    pub(crate) fn unidentified(&self) {
        self.0.unidentified.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request for a public IP address.
    pub(crate) fn literal(&self) {
        self.0.literals.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a failed request by the reply that the client got.
    pub(crate) fn unreached(&self, reply: u8) {
        let slot = slot(reply);
        self.0.unreached[slot].fetch_add(1, Ordering::Relaxed);
        self.0.unreached_last.store(slot + 1, Ordering::Relaxed);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Release);
    }
}

/// One connection that waits for Tor's answer.
pub(crate) struct Waiting<'a>(&'a AtomicU64);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Byte counter of one direction.
#[derive(Clone, Copy)]
pub(crate) struct Meter<'a>(&'a AtomicU64);

impl Meter<'_> {
    /// Adds the bytes of one write. The total wraps after 18 exabytes.
    pub(crate) fn add(self, written: usize) {
        // On every system that Rust supports, `usize` has at most 64 bits.
        let written = u64::try_from(written).unwrap_or(u64::MAX);
        self.0.fetch_add(written, Ordering::Relaxed);
    }
}

/// RFC 1928 §6, from "general failure" to "address type not supported".
const STANDARD_REPLIES: RangeInclusive<u8> = 1..=8;
/// Tor's socks-extensions, "Extended error codes".
const EXTENDED_REPLIES: RangeInclusive<u8> = 0xF0..=0xF7;
const REPLY_SLOTS: usize = 8 + 8 + 1;

/// All known replies, in the order of their counters.
fn known_replies() -> impl Iterator<Item = u8> {
    STANDARD_REPLIES.chain(EXTENDED_REPLIES)
}

/// Index of the counter for a reply. The last index is for replies that are not known.
fn slot(reply: u8) -> usize {
    let place = known_replies().position(|code| code == reply);
    place.unwrap_or(REPLY_SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reply_has_a_place_and_unknown_ones_share_the_last() {
        let counters = Arc::new(Counters::default());
        let connection = counters.open();
        assert_eq!(counters.snapshot().unreached.last(), None);
        for code in 0..=u8::MAX {
            connection.unreached(code);
            let last = Some(code).filter(|code| known_replies().any(|known| known == *code));
            assert_eq!(counters.snapshot().unreached.last(), last);
        }
        let counts: Vec<_> = counters.snapshot().unreached.iter().collect();
        let known = (1..=8).chain(0xF0..=0xF7).map(|code| (Some(code), 1));
        assert_eq!(counts, known.chain([(None, 240)]).collect::<Vec<_>>());
    }

    #[test]
    fn connections_are_active_until_dropped_and_counted_for_ever() {
        let counters = Arc::new(Counters::default());
        let first = counters.open();
        let second = counters.open();
        second.refused();
        first.foreign();
        second.literal();
        first.reached();
        first.up().add(3);
        first.down().add(5);
        second.down().add(7);
        let waiting = second.waiting();
        assert_eq!(counters.snapshot().waiting, 1);
        drop(waiting);
        drop(first);
        let expected = CounterSnapshot {
            waiting: 0,
            reached: 1,
            bytes_up: 3,
            bytes_down: 12,
            connections: 2,
            active: 1,
            broken: 0,
            refused: 2,
            foreign: 1,
            unidentified: 0,
            literals: 1,
            unreached: ReplyCounts::default(),
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
