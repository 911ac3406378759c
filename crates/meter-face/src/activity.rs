//! Bytes by the minute, from totals that are read now and then. Pure.

use meter_core::UnixMs;
use meter_wire::{
    Traffic, U64Text,
    face::{Activity as Shown, ActivityMinute, PlainNumber},
};
use std::collections::VecDeque;

const MINUTE_MS: u64 = 60_000;

/// Most minutes that are kept: a day.
pub(crate) const MINUTES_MAX: usize = 1_440;

/// What was moved, by the minute, since this server began.
#[derive(Debug)]
pub(crate) struct Activity {
    since: UnixMs,
    /// The totals that were read last; `None` before the first.
    last: Option<(u64, u64)>,
    minutes: VecDeque<Minute>,
}

#[derive(Clone, Copy, Debug)]
struct Minute {
    /// Minutes since 1970.
    number: u64,
    bytes_in: u64,
    bytes_out: u64,
}

impl Activity {
    pub(crate) const fn new(since: UnixMs) -> Self {
        Self {
            since,
            last: None,
            minutes: VecDeque::new(),
        }
    }

    /// Takes the daemon's totals. What was moved before the first ones belongs to no minute.
    pub(crate) fn note(&mut self, now: UnixMs, totals: &Traffic) {
        let (bytes_in, bytes_out) = (totals.bytes_down.0, totals.bytes_up.0);
        let Some((last_in, last_out)) = self.last.replace((bytes_in, bytes_out)) else {
            return;
        };
        // A daemon that was started again counts from 0.
        let is_same = bytes_in >= last_in && bytes_out >= last_out;
        let (before_in, before_out) = if is_same { (last_in, last_out) } else { (0, 0) };
        let moved = Minute {
            number: now.get() / MINUTE_MS,
            bytes_in: bytes_in.saturating_sub(before_in),
            bytes_out: bytes_out.saturating_sub(before_out),
        };
        if moved.bytes_in == 0 && moved.bytes_out == 0 {
            return;
        }
        match self.minutes.back_mut() {
            // A clock that was set back adds to the newest minute.
            Some(newest) if newest.number >= moved.number => {
                newest.bytes_in = newest.bytes_in.saturating_add(moved.bytes_in);
                newest.bytes_out = newest.bytes_out.saturating_add(moved.bytes_out);
            }
            Some(_) | None => self.minutes.push_back(moved),
        }
        if self.minutes.len() > MINUTES_MAX {
            self.minutes.pop_front();
        }
    }

    /// The last `count` minutes, the current one included.
    pub(crate) fn last(&self, now: UnixMs, count: usize) -> Shown {
        let current = now.get() / MINUTE_MS;
        let first = current.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX) - 1);
        let minutes = (first..=current).map(|number| {
            let known = self.minutes.iter().find(|minute| minute.number == number);
            let (bytes_in, bytes_out) = known.map_or((0, 0), |m| (m.bytes_in, m.bytes_out));
            ActivityMinute {
                start: PlainNumber(number.saturating_mul(MINUTE_MS)),
                bytes_in: PlainNumber(bytes_in),
                bytes_in_text: U64Text(bytes_in),
                bytes_out: PlainNumber(bytes_out),
                bytes_out_text: U64Text(bytes_out),
            }
        });
        Shown {
            minutes: minutes.collect(),
            since: PlainNumber(self.since.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u64, second: u64) -> UnixMs {
        UnixMs::new(minute * MINUTE_MS + second * 1_000).expect("in range")
    }

    fn totals(down: u64, up: u64) -> Traffic {
        Traffic {
            bytes_up: U64Text(up),
            bytes_down: U64Text(down),
            ..Traffic::default()
        }
    }

    fn shown(activity: &Activity, now: UnixMs, count: usize) -> Vec<(u64, u64)> {
        let minutes = activity.last(now, count).minutes;
        let pair = |minute: &ActivityMinute| (minute.bytes_in.0, minute.bytes_out.0);
        minutes.iter().map(pair).collect()
    }

    #[test]
    fn bytes_go_to_the_minute_in_which_they_were_seen() {
        let mut activity = Activity::new(at(10, 0));
        activity.note(at(10, 0), &totals(5_000, 500));
        assert_eq!(shown(&activity, at(10, 1), 1), [(0, 0)], "from before");
        activity.note(at(10, 30), &totals(5_100, 510));
        activity.note(at(10, 31), &totals(5_300, 510));
        activity.note(at(12, 0), &totals(5_301, 511));
        assert_eq!(shown(&activity, at(12, 5), 3), [(300, 10), (0, 0), (1, 1)]);
        assert_eq!(shown(&activity, at(12, 5), 1), [(1, 1)]);
    }

    #[test]
    fn a_daemon_that_was_started_again_counts_from_zero() {
        let mut activity = Activity::new(at(1, 0));
        activity.note(at(1, 0), &totals(9_000, 9_000));
        activity.note(at(1, 1), &totals(70, 7));
        assert_eq!(shown(&activity, at(1, 2), 1), [(70, 7)]);
    }

    #[test]
    fn a_clock_that_was_set_back_loses_nothing_and_a_day_is_the_most() {
        let mut activity = Activity::new(at(0, 0));
        activity.note(at(100, 0), &totals(0, 0));
        activity.note(at(100, 1), &totals(10, 0));
        activity.note(at(50, 0), &totals(30, 0));
        assert_eq!(shown(&activity, at(100, 9), 1), [(30, 0)]);
        for minute in 0..2_000 {
            activity.note(at(200 + minute, 0), &totals(31 + minute, 0));
        }
        assert_eq!(activity.minutes.len(), MINUTES_MAX);
    }
}
