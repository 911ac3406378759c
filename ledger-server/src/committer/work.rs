//! What a thread of the committer has in its hands, and since when it waits.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Reports that wait for the database.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Wait {
    /// How many.
    pub reports: usize,
    /// For how long the oldest of them has waited; zero if none waits.
    pub oldest: Duration,
}

/// The batch of one thread. The queue behind it is in order, so nothing in it is older.
#[derive(Debug, Default)]
pub(super) struct Work(Mutex<Option<(Instant, usize)>>);

impl Work {
    pub(super) fn begin(&self, oldest: Instant, reports: usize) {
        self.set(Some((oldest, reports)));
    }

    pub(super) fn end(&self) {
        self.set(None);
    }

    fn set(&self, work: Option<(Instant, usize)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = work;
    }

    pub(super) fn wait(&self) -> Wait {
        let work = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work.map_or_else(Wait::default, |(oldest, reports)| Wait {
            reports,
            oldest: oldest.elapsed(),
        })
    }
}
