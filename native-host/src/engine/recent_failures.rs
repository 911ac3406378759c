//! Connections that failed recently: how many and for which reason, without target and time of day.

use meter_core::MonotonicMs;
use meter_relay::CounterSnapshot;
use meter_wire::{TorReply, UNREACHED_WINDOW_MS, Unreached};

/// The relay's totals, and how the totals of refused connections grew within the window.
#[derive(Default)]
pub(super) struct RecentFailures {
    totals: CounterSnapshot,
    /// The current slice of time.
    slice: u64,
    /// The latest kind first; at most one entry for each reply.
    kinds: Vec<Kind>,
}

struct Kind {
    reply: TorReply,
    /// A ring: the count of slice `n` is at `n % SLICES`.
    slices: [u64; SLICES],
}

impl RecentFailures {
    /// Takes the current totals. Counts older than the window are dropped, by whole slices, so up
    /// to the length of a slice early.
    pub(super) fn look(&mut self, now: MonotonicMs, totals: CounterSnapshot) {
        self.forget_until(now.get() / SLICE_MS);
        let before = std::mem::replace(&mut self.totals, totals).unreached;
        for ((code, count), (_, before)) in totals.unreached.iter().zip(before.iter()) {
            let more = count.saturating_sub(before);
            if more > 0 {
                self.add(reply(code), more);
            }
        }
        // Several kinds may have come since the last look; this one is what a person has just seen.
        let last = reply(totals.unreached.last());
        self.kinds.sort_by_key(|kind| kind.reply != last);
    }

    /// The totals at the last look.
    pub(super) const fn totals(&self) -> &CounterSnapshot {
        &self.totals
    }

    pub(super) fn unreached(&self) -> Vec<Unreached> {
        let kinds = self.kinds.iter();
        kinds
            .map(|kind| Unreached::new(kind.reply, kind.slices.iter().sum()))
            .collect()
    }

    fn forget_until(&mut self, slice: u64) {
        let passed = slice.saturating_sub(self.slice).min(RING);
        for kind in &mut self.kinds {
            for old in 0..passed {
                kind.slices[place(slice.saturating_sub(old))] = 0;
            }
        }
        self.kinds
            .retain(|kind| kind.slices.iter().any(|count| *count > 0));
        self.slice = slice;
    }

    fn add(&mut self, reply: TorReply, more: u64) {
        let known = self.kinds.iter().position(|kind| kind.reply == reply);
        let mut kind = match known {
            Some(index) => self.kinds.remove(index),
            None => Kind {
                reply,
                slices: [0; SLICES],
            },
        };
        let count = &mut kind.slices[place(self.slice)];
        *count = count.saturating_add(more);
        self.kinds.insert(0, kind);
    }
}

fn reply(code: Option<u8>) -> TorReply {
    code.map_or(TorReply::Other, TorReply::of)
}

fn place(slice: u64) -> usize {
    usize::try_from(slice % RING).expect("below the length of an array")
}

const SLICES: usize = 10;
const RING: u64 = 10;
const SLICE_MS: u64 = UNREACHED_WINDOW_MS / RING;

const _: () = assert!(SLICES as u64 == RING && UNREACHED_WINDOW_MS.is_multiple_of(RING));

#[cfg(test)]
mod tests {
    use super::*;

    /// Totals after these replies.
    fn after(replies: &[u8]) -> CounterSnapshot {
        CounterSnapshot {
            unreached: replies.iter().copied().collect(),
            ..CounterSnapshot::default()
        }
    }

    #[track_caller]
    fn check(looks: &[(u64, &[u8])], expected: &[(TorReply, u64)]) {
        let mut recent = RecentFailures::default();
        for (minute, replies) in looks {
            let now = MonotonicMs::new(minute * 60_000).expect("fits");
            recent.look(now, after(replies));
        }
        let unreached = recent.unreached();
        let counts = unreached.iter().map(|kind| (kind.reply, kind.count.0));
        assert_eq!(counts.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_latest_kind_comes_first_with_all_of_its_kind_counted() {
        use TorReply::{HostUnreachable, OnionMistyped, Other};
        check(&[(0, &[])], &[]);
        check(&[(0, &[0xF6, 0xF6])], &[(OnionMistyped, 2)]);
        check(
            &[(0, &[0xF6]), (1, &[0xF6, 4]), (2, &[0xF6, 4])],
            &[(HostUnreachable, 1), (OnionMistyped, 1)],
        );
        check(
            &[(0, &[0xF6]), (1, &[0xF6, 4]), (2, &[0xF6, 4, 0xF6])],
            &[(OnionMistyped, 2), (HostUnreachable, 1)],
        );
        check(&[(0, &[9, 0xFF])], &[(Other, 2)]);
        check(
            &[(0, &[0xF6, 9, 4])],
            &[(HostUnreachable, 1), (Other, 1), (OnionMistyped, 1)],
        );
        check(
            &[(0, &[4, 9, 0xF6])],
            &[(OnionMistyped, 1), (Other, 1), (HostUnreachable, 1)],
        );
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten_kind_by_kind() {
        use TorReply::{HostUnreachable, OnionMistyped};
        check(&[(0, &[0xF6]), (9, &[0xF6])], &[(OnionMistyped, 1)]);
        check(&[(0, &[0xF6]), (10, &[0xF6])], &[]);
        check(
            &[(0, &[0xF6]), (5, &[0xF6, 0xF6]), (10, &[0xF6, 0xF6])],
            &[(OnionMistyped, 1)],
        );
        check(
            &[(0, &[0xF6]), (9, &[0xF6, 4]), (12, &[0xF6, 4])],
            &[(HostUnreachable, 1)],
        );
        check(&[(3, &[0xF6]), (1_000_000, &[0xF6])], &[]);
        check(
            &[(3, &[0xF6]), (1_000_000, &[0xF6, 0xF6])],
            &[(OnionMistyped, 1)],
        );
    }
}
