//! What can be earned at most while a clock goes as it likes.

use meter_core::{DurationMs, Policy, UnixMs};

/// How much time a clock has shown that was new since it was last set right, of each step no more
/// than a backlog.
#[derive(Clone, Copy)]
struct Course {
    backlog: u64,
    highest: u64,
    latest: u64,
    most: u128,
}

/// The same for time and for bytes, which have backlogs of their own.
#[derive(Clone, Copy)]
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
            highest: now,
            latest: now,
            most: 0,
        }
    }

    fn reads(&mut self, now: u64) {
        let new = now.saturating_sub(self.highest);
        self.most += u128::from(new.min(self.backlog));
        // Whatever was paid up to the latest reading is set right at this one, for whoever reports
        // now. So what comes after it is new, to some accounts.
        if new > 0 || self.latest.saturating_sub(now) > self.backlog {
            self.highest = now;
        }
        self.latest = self.latest.max(now);
    }

    /// What an account that is opened at `now` has not missed.
    fn begins(&self, now: u64) -> i128 {
        let ahead = i128::from(self.highest.saturating_sub(now));
        i128::try_from(self.most).expect("small") - ahead
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
        [self.time, self.bytes].map(|course| course.begins(now.get()))
    }

    /// The most that an account can have earned that began there.
    pub(crate) fn since(&self, began: [i128; 2]) -> Most {
        let [time, bytes] =
            [(self.time, began[0]), (self.bytes, began[1])].map(|(course, began)| {
                let most = i128::try_from(course.most).expect("small") - began;
                u128::try_from(most).expect("it began before")
            });
        Most { time, bytes }
    }
}
