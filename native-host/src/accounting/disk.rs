//! Asks the disk why it does not accept the book. This writes a file and waits for the disk, so it
//! is not done at every failed write, of which there may be several a second.

use meter_core::MonotonicMs;
use meter_ledger::{BookError, DiskFault};
use std::path::Path;

/// The disk's last answer.
#[derive(Debug, Default)]
pub(super) struct Disk {
    said: Option<(MonotonicMs, Option<DiskFault>)>,
}

/// The disk is asked at most once in this many milliseconds.
const ASK_EVERY_MS: u64 = 10_000;

impl Disk {
    /// The fault of the disk that holds the book at `path`, now or a moment ago.
    pub(super) fn fault(
        &mut self,
        error: &BookError,
        path: &Path,
        now: MonotonicMs,
    ) -> Option<DiskFault> {
        if !error.asks_the_disk() {
            return error.disk_fault(path);
        }
        match self.said {
            Some((at, fault)) if now.since(at) < ASK_EVERY_MS => fault,
            Some(_) | None => {
                let fault = error.disk_fault(path);
                self.said = Some((now, fault));
                fault
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs::{self, File},
        time::SystemTime,
    };

    fn disk_error(code: std::ffi::c_int) -> BookError {
        let error = rusqlite::ffi::Error::new(code);
        rusqlite::Error::SqliteFailure(error, None).into()
    }

    /// Writing and removing a file changes the time of its folder.
    #[test]
    fn the_disk_is_asked_once_in_ten_seconds_however_many_writes_fail() {
        let folder = tempfile::tempdir().expect("a folder");
        let book = folder.path().join("book.sqlite3");
        fs::write(&book, "").expect("written");
        let long_ago = SystemTime::UNIX_EPOCH;
        let mut disk = Disk::default();
        let failed = disk_error(rusqlite::ffi::SQLITE_IOERR);
        let mut was_asked = |ms: u64, error: &BookError| {
            let handle = File::open(folder.path()).expect("opened");
            handle.set_modified(long_ago).expect("set");
            let now = MonotonicMs::new(ms).expect("fits");
            let fault = disk.fault(error, &book, now);
            let modified = fs::metadata(folder.path()).and_then(|meta| meta.modified());
            (fault, modified.expect("known") != long_ago)
        };
        let failing = Some(DiskFault::Failing);
        assert_eq!(was_asked(1_000, &failed), (failing, true));
        for ms in [1_000, 1_300, 2_000, 10_999] {
            assert_eq!(was_asked(ms, &failed), (failing, false), "{ms}");
        }
        let full = disk_error(rusqlite::ffi::SQLITE_FULL);
        assert_eq!(was_asked(10_999, &full), (Some(DiskFault::Full), false));
        assert_eq!(was_asked(11_000, &failed), (failing, true));
        assert_eq!(was_asked(11_001, &failed), (failing, false));
    }
}
