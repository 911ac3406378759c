//! What can be earned at most while a clock goes as it likes.

use meter_core::{DurationMs, Policy, UnixMs};

/// How much time a clock has shown, of each step (forwards or back) no more than a backlog.
///
/// Who reports at some reading is awarded time from the backlog before it, and no moment twice. So
/// what all readings together have covered is the most that anybody can have been awarded.
struct Course {
    backlog: u64,
    /// Nothing before this counts any more.
    floor: u64,
    /// Beginning and end of what was covered since the clock was last set right; none overlaps.
    covered: Vec<(u64, u64)>,
    latest: u64,
    most: u128,
}

/// The same for time and for bytes, which have backlogs of their own.
pub(crate) struct Earnable {
    time: Course,
    bytes: Course,
}

/// Milliseconds of earnings since some moment: for time, and for the allowance of bytes.
#[derive(Clone, Copy)]
pub(crate) struct Most {
    pub(crate) time: u128,
    pub(crate) bytes: u128,
}

impl Course {
    const fn new(now: u64, backlog: DurationMs) -> Self {
        Self {
            backlog: backlog.get(),
            floor: now,
            covered: Vec::new(),
            latest: now,
            most: 0,
        }
    }

    fn reads(&mut self, now: u64) {
        let from = now.saturating_sub(self.backlog).max(self.floor);
        let mut new = (from, now);
        // What touches it becomes one with it.
        self.covered.retain(|(begin, end)| {
            let is_apart = *end < new.0 || *begin > new.1;
            if !is_apart {
                new = (new.0.min(*begin), new.1.max(*end));
                self.most -= u128::from(end - begin);
            }
            is_apart
        });
        if new.0 < new.1 {
            self.most += u128::from(new.1 - new.0);
            self.covered.push(new);
        }
        // Whatever was paid up to the latest reading is set right at this one, for whoever reports
        // now. So what comes after it is new, to some accounts.
        if self.latest.saturating_sub(now) > self.backlog {
            self.floor = now;
            self.covered.clear();
        }
        self.latest = self.latest.max(now);
    }

    /// What an account that is opened at `now` has not missed.
    fn begins(&self, now: u64) -> i128 {
        let ahead = self.covered.iter();
        let ahead = ahead.map(|(begin, end)| u128::from(end.saturating_sub(now.max(*begin))));
        i128::try_from(self.most).expect("small")
            - i128::try_from(ahead.sum::<u128>()).expect("small")
    }
}

impl Earnable {
    pub(crate) fn new(now: UnixMs, policy: &Policy) -> Self {
        Self {
            time: Course::new(now.get(), policy.time_backlog),
            bytes: Course::new(now.get(), policy.byte_backlog),
        }
    }

    /// The clock shows this now.
    pub(crate) fn reads(&mut self, now: UnixMs) {
        self.time.reads(now.get());
        self.bytes.reads(now.get());
    }

    /// Where an account begins that is opened at `now`.
    pub(crate) fn begins(&self, now: UnixMs) -> [i128; 2] {
        [&self.time, &self.bytes].map(|course| course.begins(now.get()))
    }

    /// The most that an account can have earned that began there.
    pub(crate) fn since(&self, began: [i128; 2]) -> Most {
        let [time, bytes] =
            [(&self.time, began[0]), (&self.bytes, began[1])].map(|(course, began)| {
                let most = i128::try_from(course.most).expect("small") - began;
                u128::try_from(most).expect("it began before")
            });
        Most { time, bytes }
    }
}

#[test]
fn a_step_back_by_exactly_a_backlog_is_a_step_that_can_be_earned_again() {
    const DAY: u64 = 86_400_000;
    let course = |readings: &[u64]| {
        let mut course = Course::new(0, DurationMs::from_u32(86_400_000));
        readings.iter().for_each(|now| course.reads(*now));
        course.most
    };
    assert_eq!(course(&[5, 9, 7, 8]), 9);
    assert_eq!(course(&[37 * DAY]), u128::from(DAY));
    let back = [37 * DAY, 36 * DAY, 36 * DAY + 1];
    assert_eq!(course(&back), u128::from(2 * DAY));
    // Further back: everybody is set right, and what follows is new.
    let far = [37 * DAY, 30 * DAY, 30 * DAY + 1, 30 * DAY + 3];
    assert_eq!(course(&far), u128::from(2 * DAY) + 3);
}
