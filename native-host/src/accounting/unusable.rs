//! A file in the place of the book that could not be used, and when to try it again.

use meter_core::MonotonicMs;
use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

/// Device, number, size, and time of the last change in seconds and nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

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
            stamp: stamp(file),
        }
    }

    /// Whether `other`, seen later, is worth another try.
    pub(super) fn is_worth_trying(&self, other: &Self) -> bool {
        self.stamp != other.stamp || other.tried_at.since(self.tried_at) >= AGAIN_MS
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let meta = fs::metadata(file).ok()?;
    let (s, ns) = (meta.mtime(), meta.mtime_nsec());
    Some((meta.dev(), meta.ino(), meta.len(), s, ns))
}
