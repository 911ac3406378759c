//! Another file lies where the book was: it is opened, and while it cannot be used, not every
//! second.

use super::House;
use meter_core::MonotonicMs;
use meter_ledger::Place;
use meter_wire::Problem;
use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

/// Which file it is, and when it was last changed: device, number, size, seconds and nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

/// A file that could not be used as the book, and when that was.
pub(super) type Unusable = (MonotonicMs, Option<Stamp>);

/// A file that is not changed is tried again after so many milliseconds: its log or the key may
/// have been brought since.
const AGAIN_MS: u64 = 10_000;

impl House {
    /// Whether another file lies where this book was.
    pub(super) fn is_replaced(&self) -> bool {
        self.is_away && self.book.place() == Place::Replaced
    }

    /// Opens the file that lies in the book's place, if another does. `None`: none does, or it
    /// could not be used a moment ago and is the same.
    pub(crate) fn open_replacement(&mut self, now: MonotonicMs) -> Option<Result<(), Problem>> {
        if !self.is_replaced() {
            return None;
        }
        let stamp = stamp(&self.home.book());
        if let Some((at, seen)) = self.unusable
            && seen == stamp
            && now.since(at) < AGAIN_MS
        {
            return None;
        }
        let opened = self.open_again();
        if opened.is_err() {
            self.unusable = Some((now, stamp));
        }
        Some(opened)
    }
}

fn stamp(book: &Path) -> Option<Stamp> {
    let meta = fs::metadata(book).ok()?;
    let (s, ns) = (meta.mtime(), meta.mtime_nsec());
    Some((meta.dev(), meta.ino(), meta.len(), s, ns))
}
