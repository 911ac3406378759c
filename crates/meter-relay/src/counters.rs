//! The totals that leave the data plane: plain atomic numbers, read by whoever likes.
//!
//! They outlive a relay: hand the same counters to the next one and they go on. They know nothing
//! of single connections, and no lock is ever taken.

use std::{
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// Running totals since the counters were made. None but `active` and `waiting` ever goes
/// down.
#[derive(Debug, Default)]
pub struct Counters {
    bytes_up: AtomicU64,
    bytes_down: AtomicU64,
    connections: AtomicU64,
    active: AtomicU64,
    waiting: AtomicU64,
    reached: AtomicU64,
    refused: AtomicU64,
    foreign: AtomicU64,
    unidentified: AtomicU64,
    literals: AtomicU64,
    unreached: [AtomicU64; REPLY_SLOTS],
    /// One more than the place of the reply that was counted last.
    unreached_last: AtomicUsize,
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
    /// Connections ever accepted, those included that were refused or that the relay answered
    /// itself.
    pub connections: u64,
    /// Connections open now.
    pub active: u64,
    /// Connections for which Tor was asked and has not answered yet.
    pub waiting: u64,
    /// Connections that Tor made.
    pub reached: u64,
    /// Connections that the relay itself turned away: not SOCKS5, too slow, forbidden target.
    /// Tor being away and Tor's own refusals are not in here.
    pub refused: u64,
    /// Connections of other users of this machine, closed without a word (S-23). They are among
    /// `refused`.
    pub foreign: u64,
    /// Connections of which the system did not tell whose they are. They are among `refused`,
    /// unless the configuration has them served.
    pub unidentified: u64,
    /// Requests for a public address instead of a name, allowed all the same: a client that finds
    /// names out by itself may be asking outside of Tor (S-22).
    pub literals: u64,
    /// Connections that were not made, by the reply that the client got: Tor's refusals, Tor's
    /// silence (06), and targets that this relay does not pass on (02, and 04 for names that cannot
    /// exist). Tor being away is not here.
    pub unreached: ReplyCounts,
}

/// How often each SOCKS reply but "succeeded" was given (RFC 1928 §6, and Tor's socks-extensions
/// for F0 to F7). Replies outside of both lists are counted together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReplyCounts {
    counts: [u64; REPLY_SLOTS],
    /// As in [`Counters`]; 0 is none.
    last: usize,
}

impl ReplyCounts {
    /// Each known reply with its count, in ascending order; `None` stands for all others.
    pub fn iter(&self) -> impl Iterator<Item = (Option<u8>, u64)> {
        known_replies().map(Some).chain([None]).zip(self.counts)
    }

    /// The reply that was counted last; `None` when it is none of the known ones, or was none at
    /// all.
    #[must_use]
    pub fn last(&self) -> Option<u8> {
        known_replies().nth(self.last.checked_sub(1)?)
    }
}

impl FromIterator<u8> for ReplyCounts {
    /// Counts these replies.
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
            waiting: self.waiting.load(Ordering::Relaxed),
            reached: self.reached.load(Ordering::Relaxed),
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

    /// Counts this connection as waiting for Tor's answer, until what it gives is dropped.
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&self.0.waiting)
    }

    /// Counts this connection as made by Tor.
    pub(crate) fn reached(&self) {
        self.0.reached.fetch_add(1, Ordering::Relaxed);
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

    /// Counts this connection as one that may be another user's.
    pub(crate) fn unidentified(&self) {
        self.0.unidentified.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request for a public address literal.
    pub(crate) fn literal(&self) {
        self.0.literals.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that was answered with this reply.
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

/// RFC 1928 §6, from "general failure" to "address type not supported".
const STANDARD_REPLIES: RangeInclusive<u8> = 1..=8;
/// Tor's socks-extensions, "Extended error codes".
const EXTENDED_REPLIES: RangeInclusive<u8> = 0xF0..=0xF7;
const REPLY_SLOTS: usize = 8 + 8 + 1;

/// In the order of their places.
fn known_replies() -> impl Iterator<Item = u8> {
    STANDARD_REPLIES.chain(EXTENDED_REPLIES)
}

/// Where a reply is counted; the last place is for all that are on neither list.
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
