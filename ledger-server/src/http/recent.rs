//! How many reports were taken in the last minutes.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Seconds that are counted together.
const STEP_S: u64 = 5;
/// Steps that are kept: five minutes.
const STEPS: usize = 60;

/// Counts of the last five minutes, in steps of five seconds.
#[derive(Debug)]
pub(super) struct Recent {
    began: Instant,
    steps: Mutex<Steps>,
}

#[derive(Debug)]
struct Steps {
    /// The number of the newest step since the beginning.
    newest: u64,
    /// The count of a step, at its number modulo [`STEPS`].
    counts: [u64; STEPS],
}

impl Recent {
    pub(super) fn new(began: Instant) -> Self {
        let counts = [0; STEPS];
        let steps = Mutex::new(Steps { newest: 0, counts });
        Self { began, steps }
    }

    pub(super) fn add(&self, at: Instant) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let step = self.step(at);
        steps.go_on(step);
        let newest = steps.newest;
        if let Some(count) = steps.counts.get_mut(place(newest)) {
            *count = count.saturating_add(1);
        }
    }

    /// How many were counted in the `minutes` before `at`, five at most.
    pub(super) fn sum(&self, at: Instant, minutes: u64) -> u64 {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let step = self.step(at);
        steps.go_on(step);
        let back = minutes.saturating_mul(60) / STEP_S;
        let oldest = (steps.newest + 1).saturating_sub(back);
        let counted = (oldest..=steps.newest).filter_map(|step| steps.counts.get(place(step)));
        counted.fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn step(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.began).as_secs() / STEP_S
    }
}

impl Steps {
    /// Forgets what is older than five minutes before `step`.
    fn go_on(&mut self, step: u64) {
        let passed = step.saturating_sub(self.newest);
        for new in (self.newest..step).map(|step| step + 1).rev().take(STEPS) {
            if let Some(count) = self.counts.get_mut(place(new)) {
                *count = 0;
            }
        }
        self.newest = self.newest.saturating_add(passed);
    }
}

fn place(step: u64) -> usize {
    usize::try_from(step).unwrap_or(0) % STEPS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_report_counts_for_a_minute_and_for_five_and_then_no_more() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let recent = Recent::new(began);
        recent.add(at(0));
        recent.add(at(0));
        recent.add(at(30));
        assert_eq!((recent.sum(at(31), 1), recent.sum(at(31), 5)), (3, 3));
        assert_eq!((recent.sum(at(61), 1), recent.sum(at(61), 5)), (1, 3));
        assert_eq!((recent.sum(at(299), 1), recent.sum(at(299), 5)), (0, 3));
        assert_eq!(recent.sum(at(301), 5), 1);
        recent.add(at(100_000));
        assert_eq!(recent.sum(at(100_001), 5), 1);
        assert_eq!(recent.sum(at(200_000), 5), 0);
    }

    #[test]
    fn a_clock_that_stands_still_loses_nothing() {
        let began = Instant::now();
        let recent = Recent::new(began);
        for _ in 0..1000 {
            recent.add(began);
        }
        assert_eq!((recent.sum(began, 1), recent.sum(began, 5)), (1000, 1000));
    }
}
