//! A file in the place of the book that could not be used, and when to try it again.

use crate::system::files::Stamp;
use meter_core::MonotonicMs;
use std::path::Path;

/// A file that could not be used as the book, and the time of the attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unusable {
    tried_at: MonotonicMs,
    stamp: Option<Stamp>,
}

/// An unchanged file is tried again after this many milliseconds: its log or the key may have been
/// added since.
const AGAIN_MS: u64 = 10_000;

impl Unusable {
    /// The file as it is now.
    pub(super) fn now(file: &Path, now: MonotonicMs) -> Self {
        Self {
            tried_at: now,
            stamp: Stamp::of(file),
        }
    }

    /// Whether `other`, seen later, is worth another try.
    pub(super) fn is_worth_trying(&self, other: &Self) -> bool {
        self.stamp != other.stamp || other.tried_at.since(self.tried_at) >= AGAIN_MS
    }
}
