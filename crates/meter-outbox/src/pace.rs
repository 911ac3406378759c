//! When to try: the random delay, the back-off, and how long there was no success.

use crate::message::SendError;
use meter_core::{DurationMs, MonotonicMs};

/// The shortest delay, unless the longest is shorter.
const DELAY_MIN_MS: u64 = 20_000;
/// The first back-off, and the longest.
const BACK_OFF_FIRST_MS: u64 = 30_000;
const BACK_OFF_LONGEST_MS: u64 = 3_600_000;
/// Without success for this long is trouble.
const TROUBLE_MS: u64 = 600_000;

/// The times of an outbox.
#[derive(Debug)]
pub(crate) struct Pace {
    delay_max: DurationMs,
    /// When to try next; `None` while nothing waits.
    due: Option<MonotonicMs>,
    /// Since when something waits without success.
    since: Option<MonotonicMs>,
    /// Failures since the last success.
    failures: u32,
    last: Option<SendError>,
}

impl Pace {
    pub(crate) const fn new(delay_max: DurationMs) -> Self {
        Self {
            delay_max,
            due: None,
            since: None,
            failures: 0,
            last: None,
        }
    }

    /// Whether something waits already.
    pub(crate) const fn waits(&self) -> bool {
        self.due.is_some()
    }

    /// Something begins to wait.
    pub(crate) fn begin(&mut self, now: MonotonicMs, random: u32) {
        let longest = self.delay_max.get();
        let delay = between(longest.min(DELAY_MIN_MS), longest, random);
        self.due = Some(later(now, delay));
        self.since = Some(now);
    }

    /// It is tried as soon as possible.
    pub(crate) fn at_once(&mut self, now: MonotonicMs) {
        self.due = Some(now);
        self.since = self.since.or(Some(now));
    }

    /// The same for a person, who may know that what was wrong is mended.
    pub(crate) fn asked(&mut self, now: MonotonicMs) {
        (self.failures, self.last) = (0, None);
        self.at_once(now);
    }

    /// Something was answered.
    pub(crate) fn succeeded(&mut self, now: MonotonicMs) {
        self.failures = 0;
        self.last = None;
        self.since = Some(now);
    }

    /// Nothing waits any more.
    pub(crate) fn rest(&mut self) {
        *self = Self::new(self.delay_max);
    }

    /// The time to try next is now, whatever it was.
    pub(crate) const fn forget(&mut self) {
        self.due = None;
    }

    /// A try got no answer.
    pub(crate) fn failed(
        &mut self,
        now: MonotonicMs,
        failure: SendError,
        retry_after_s: Option<u32>,
        random: u32,
    ) {
        let doubled = BACK_OFF_FIRST_MS.checked_shl(self.failures.min(20));
        let base = doubled
            .unwrap_or(BACK_OFF_LONGEST_MS)
            .min(BACK_OFF_LONGEST_MS);
        // From half of it to one and a half.
        let half = base >> 1;
        let wait = between(half, base.saturating_add(half), random);
        let asked = u64::from(retry_after_s.unwrap_or(0)).saturating_mul(1_000);
        self.due = Some(later(now, wait.max(asked.min(BACK_OFF_LONGEST_MS))));
        self.since = self.since.or(Some(now));
        self.failures = self.failures.saturating_add(1);
        self.last = Some(failure);
    }

    pub(crate) fn is_due(&self, now: MonotonicMs) -> bool {
        self.due.is_some_and(|due| now >= due)
    }

    pub(crate) fn in_ms(&self, now: MonotonicMs) -> u64 {
        self.due.map_or(0, |due| due.since(now))
    }

    /// Why the last try had no success, if it had none.
    pub(crate) const fn failure(&self) -> Option<SendError> {
        self.last
    }

    /// How long there was no success, and why, if that is long.
    pub(crate) fn trouble(&self, now: MonotonicMs, reachable: bool) -> Option<(u64, SendError)> {
        let for_ms = now.since(self.since?);
        let reason = if reachable {
            self.last
        } else {
            Some(SendError::NoTor)
        };
        reason
            .filter(|_| for_ms >= TROUBLE_MS)
            .map(|reason| (for_ms, reason))
    }
}

/// A number from `least` to `most`, both included, from 32 random bits.
fn between(least: u64, most: u64, random: u32) -> u64 {
    let width = most.saturating_sub(least).saturating_add(1);
    let share = width.saturating_mul(u64::from(random)) >> 32;
    least.saturating_add(share)
}

fn later(now: MonotonicMs, ms: u64) -> MonotonicMs {
    now.saturating_add(MonotonicMs::new(ms).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> MonotonicMs {
        MonotonicMs::new(ms).expect("fits")
    }

    fn pace(delay_max: u32) -> Pace {
        Pace::new(DurationMs::from_u32(delay_max))
    }

    #[test]
    fn what_waits_goes_after_20_to_180_seconds_and_at_once_if_the_settings_say_so() {
        for (random, expected) in [(0, 20_000), (u32::MAX, 180_000), (1 << 31, 100_000)] {
            let mut pace = pace(180_000);
            pace.begin(at(5), random);
            assert_eq!(pace.in_ms(at(5)), expected);
        }
        let mut pace = pace(0);
        pace.begin(at(5), u32::MAX);
        assert!(pace.is_due(at(5)));
    }

    #[test]
    fn each_failure_waits_twice_as_long_up_to_an_hour_and_a_half_by_chance() {
        let mut pace = pace(0);
        pace.begin(at(0), 0);
        let mut waits = Vec::new();
        for _ in 0..10 {
            pace.failed(at(0), SendError::TimedOut, None, 1 << 31);
            waits.push(pace.in_ms(at(0)).div_ceil(1_000));
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        pace.succeeded(at(0));
        pace.failed(at(0), SendError::TimedOut, None, 0);
        assert_eq!(pace.in_ms(at(0)), 15_000);
    }

    #[test]
    fn a_ledger_that_says_when_is_asked_then_and_not_before_but_within_an_hour() {
        let mut pace = pace(0);
        pace.failed(at(0), SendError::Busy, Some(300), 0);
        assert_eq!(pace.in_ms(at(0)), 300_000);
        pace.failed(at(0), SendError::Busy, Some(u32::MAX), 0);
        assert_eq!(pace.in_ms(at(0)), 3_600_000);
    }

    #[test]
    fn ten_minutes_without_success_are_trouble_with_the_last_reason() {
        let mut pace = pace(0);
        pace.begin(at(0), 0);
        assert_eq!(pace.trouble(at(600_000), true), None, "nothing failed yet");
        let no_tor = Some((600_000, SendError::NoTor));
        assert_eq!(pace.trouble(at(600_000), false), no_tor);
        pace.failed(at(1), SendError::NotFound, None, 0);
        assert_eq!(pace.trouble(at(599_999), true), None);
        let found = Some((600_000, SendError::NotFound));
        assert_eq!(pace.trouble(at(600_000), true), found);
        pace.succeeded(at(700_000));
        assert_eq!(pace.trouble(at(2_000_000), true), None);
    }

    proptest! {
        #[test]
        fn a_delay_and_a_back_off_stay_within_their_limits(
            longest in 0_u32..10_000_000, random: u32, failures in 0_usize..40,
        ) {
            let mut pace = pace(longest);
            pace.begin(at(0), random);
            prop_assert!(pace.in_ms(at(0)) <= u64::from(longest));
            prop_assert!(pace.in_ms(at(0)) >= u64::from(longest).min(20_000));
            for _ in 0..failures {
                pace.failed(at(0), SendError::Busy, None, random);
                prop_assert!((15_000..=5_400_000).contains(&pace.in_ms(at(0))));
            }
        }
    }
}
