//! A folder, a key, and sessions that are derived from their number.

use meter_core::{
    ByteCount, ChainId, DeviceKey, DeviceSigner, DurationMs, OpenSession, SessionReport, Tariff,
    UnixMs, Verified,
};
use meter_ledger::{Book, Posted};
use std::path::{Path, PathBuf};

pub(crate) const CHAIN: ChainId = ChainId([0xc4; 16]);

pub(crate) fn signer() -> DeviceSigner {
    DeviceSigner::from_seed(&[0x51; 32])
}

pub(crate) fn key() -> DeviceKey {
    signer().key()
}

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn book(&self) -> PathBuf {
        self.file("book.sqlite")
    }
}

/// Opens the book and begins its chain.
pub(crate) fn begun(path: &Path) -> Book {
    let mut book = Book::open(path).unwrap();
    book.begin_chain(CHAIN, key()).unwrap();
    book
}

pub(crate) fn session_of(ms: u64, up: u64, down: u64) -> OpenSession {
    let start = 1_800_000_000_000;
    OpenSession {
        started_at: UnixMs::new(start).unwrap(),
        seen_at: UnixMs::new(start + ms).unwrap(),
        duration: DurationMs::new(ms).unwrap(),
        bytes_up: ByteCount::new(up).unwrap(),
        bytes_down: ByteCount::new(down).unwrap(),
        resumed: false,
    }
}

/// The session that becomes report `number`. All sessions differ, so none can replace another.
pub(crate) fn session(number: u64) -> OpenSession {
    session_of(30_000 + number, 1_000 * number, 100_000 + number)
}

/// The book's next report when it is made from `open`.
pub(crate) fn next(book: &Book, open: &OpenSession) -> Verified<SessionReport> {
    let head = book.head(CHAIN, key()).unwrap();
    let report = head.next_report(&open.totals(), &Tariff::V1).unwrap();
    signer().sign(&report).unwrap()
}

/// Posts the sessions with these numbers, which must be the next ones of the chain.
pub(crate) fn post(book: &mut Book, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        let report = next(book, &session(number));
        assert_eq!(report.value().sequence, number);
        assert_eq!(book.post(&report).unwrap(), Posted::New);
    }
}
