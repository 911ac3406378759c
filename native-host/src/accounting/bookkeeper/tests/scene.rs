//! A home with a key and a book, whose seconds count bytes.

use super::super::*;
use crate::home::Home;
use meter_core::Signed;
use rusqlite::Connection;
use std::{fs, path::PathBuf};

/// Several processes, one after the other, with one home.
pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) bookkeeper: Option<Bookkeeper>,
    pub(super) ms: u64,
    pub(super) bytes: u64,
}

/// A session of [`SESSION_S`] seconds closes because of its bytes.
pub(super) const SESSION_S: u64 = 10;

pub(super) const BYTES_A_SECOND: u64 = 2_000;

pub(super) fn thresholds() -> Thresholds {
    Thresholds::new(10_000, SESSION_S * 1_000, 600_000).expect("within their limits")
}

impl Scene {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut scene = Self {
            folder,
            bookkeeper: None,
            ms: 0,
            bytes: 0,
        };
        scene.open();
        scene
    }

    pub(super) fn home(&self) -> Home {
        Home::at(self.folder.path().join("home"))
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts another process.
    pub(super) fn open(&mut self) {
        self.bookkeeper = None;
        self.bytes = 0;
        self.bookkeeper = Some(Bookkeeper::open(&self.home(), thresholds()).expect("opened"));
    }

    pub(super) fn close(&mut self) {
        self.bookkeeper = None;
    }

    pub(super) fn bookkeeper(&mut self) -> &mut Bookkeeper {
        self.bookkeeper.as_mut().expect("open")
    }

    /// Passes one second in which these bytes move. Returns the report that was signed in it, as a
    /// client fetches it.
    pub(super) fn second(&mut self, bytes: u64) -> Option<WireReport> {
        self.ms += 1_000;
        self.bytes += bytes;
        let counted = CounterSnapshot {
            bytes_up: self.bytes,
            ..CounterSnapshot::default()
        };
        let now = MonotonicMs::new(self.ms).expect("fits");
        let wall = UnixMs::new(1_800_000_000_000 + self.ms).expect("fits");
        let bookkeeper = self.bookkeeper();
        let before = bookkeeper.head().sequence;
        bookkeeper.tick(now, wall, counted, true);
        (bookkeeper.head().sequence > before).then(|| {
            let page = bookkeeper.reports(before, 1).expect("read");
            page.reports.into_iter().next().expect("the one signed now")
        })
    }

    /// Moves bytes until a session is signed.
    #[track_caller]
    pub(super) fn sign(&mut self) -> WireReport {
        let signed = (0..SESSION_S + 2).find_map(|_| self.second(BYTES_A_SECOND));
        signed.unwrap_or_else(|| panic!("not signed: {:?}", self.bookkeeper().problem()))
    }

    /// Moves bytes for longer than any session takes, and expects that nothing is signed.
    #[track_caller]
    pub(super) fn signs_nothing(&mut self, code: ErrorCode) {
        for second in 0..SESSION_S * 3 {
            assert_eq!(self.second(BYTES_A_SECOND), None, "{second}");
            assert_eq!(self.code(), Some(code), "{second}");
        }
        assert!(self.bookkeeper().session().is_some(), "it stays open");
    }

    pub(super) fn code(&mut self) -> Option<ErrorCode> {
        self.bookkeeper().problem().map(|problem| problem.code)
    }

    /// Copies book and log as they are now, like a backup.
    pub(super) fn back_up(&self, name: &str) {
        for suffix in ["", "-wal"] {
            let from = self.home().root().join(format!("book.sqlite3{suffix}"));
            if from.is_file() {
                fs::copy(from, self.file(&format!("{name}{suffix}"))).expect("copied");
            }
        }
    }

    /// Replaces the book by a backup while no process has it open.
    pub(super) fn put_back(&mut self, name: &str) {
        self.close();
        self.lose_book();
        for suffix in ["", "-wal"] {
            let to = self.home().root().join(format!("book.sqlite3{suffix}"));
            if self.file(&format!("{name}{suffix}")).is_file() {
                fs::copy(self.file(&format!("{name}{suffix}")), to).expect("copied");
            }
        }
    }

    /// Lets another program write a backup into the file of the open book.
    pub(super) fn set_back(&self, name: &str) {
        let other = Connection::open(self.home().book()).expect("a second program");
        other
            .execute("ATTACH ?1 AS backup", [self.file(name).to_str()])
            .expect("attached");
        other.execute_batch(SET_BACK).expect("changed");
    }

    pub(super) fn lose_book(&mut self) {
        self.close();
        for suffix in ["", "-wal", "-shm"] {
            let path = self.home().root().join(format!("book.sqlite3{suffix}"));
            drop(fs::remove_file(path));
        }
    }

    /// All signed reports in the book, verified from its beginning.
    #[track_caller]
    pub(super) fn verified(&mut self) -> Vec<SessionReport> {
        let bookkeeper = self.bookkeeper();
        let mut head = ChainHead::genesis(bookkeeper.head.chain, bookkeeper.head.key);
        let page = bookkeeper.reports(0, 500).expect("read").reports;
        let verify = |report: &WireReport| {
            let verified = Signed::from(report).verify(head.key).expect("ours");
            head = head.follow(&verified).expect("the next one");
            *verified.value()
        };
        page.iter().map(verify).collect()
    }
}

/// The commands of a tool that writes an older copy into the file itself.
const SET_BACK: &str = "
    BEGIN IMMEDIATE;
    DROP TRIGGER reports_are_never_removed;
    DROP TRIGGER postings_are_never_removed;
    DELETE FROM postings WHERE report > (SELECT max(sequence) FROM backup.reports);
    DELETE FROM reports WHERE sequence > (SELECT max(sequence) FROM backup.reports);
    CREATE TRIGGER reports_are_never_removed BEFORE DELETE ON reports
BEGIN SELECT RAISE(ABORT, 'reports are never removed'); END;
    CREATE TRIGGER postings_are_never_removed BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are never removed'); END;
    COMMIT;";
