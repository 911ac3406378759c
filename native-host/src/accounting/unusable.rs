//! A file in the place of the book that could not be used, and when it is worth another try.

use meter_core::MonotonicMs;
use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

/// Device, number, size, and when it was last changed in seconds and nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

/// A file that could not be used as the book, and when that was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unusable {
    tried_at: MonotonicMs,
    stamp: Option<Stamp>,
}

/// A file that is not changed is tried again after so many milliseconds: its log or the key may
/// have been brought since.
const AGAIN_MS: u64 = 10_000;

impl Unusable {
    /// The file as it is now.
    pub(super) fn now(file: &Path, now: MonotonicMs) -> Self {
        Self {
            tried_at: now,
            stamp: stamp(file),
        }
    }

    /// Whether `other`, seen later, deserves another try.
    pub(super) fn is_worth_trying(&self, other: &Self) -> bool {
        self.stamp != other.stamp || other.tried_at.since(self.tried_at) >= AGAIN_MS
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let meta = fs::metadata(file).ok()?;
    let (s, ns) = (meta.mtime(), meta.mtime_nsec());
    Some((meta.dev(), meta.ino(), meta.len(), s, ns))
}
