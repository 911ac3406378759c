//! Tests that need the connection itself: a disk that becomes full at any point of a transaction.

use super::*;
use crate::{FileError, FileFault};
use meter_core::{ByteCount, DeviceSigner, DurationMs, Tariff, UnixMs};
use rusqlite::Connection;

const CHAIN: ChainId = ChainId([7; 16]);

fn session(up: u32) -> OpenSession {
    OpenSession {
        started_at: UnixMs::from_u32(1_000),
        seen_at: UnixMs::from_u32(46_000),
        duration: DurationMs::from_u32(45_000),
        bytes_up: ByteCount::from_u32(up),
        bytes_down: ByteCount::from_u32(100_000),
        resumed: false,
    }
}

fn next(book: &Book, signer: &DeviceSigner, open: &OpenSession) -> Verified<SessionReport> {
    let head = book.head(CHAIN, signer.key()).unwrap();
    signer
        .sign(&head.next_report(&open.totals(), &Tariff::V1).unwrap())
        .unwrap()
}

fn pages(book: &Book, pragma: &str) -> i64 {
    book.opened
        .connection
        .pragma_query_value(None, pragma, |row| row.get(0))
        .unwrap()
}

fn limit_pages(book: &Book, pages: i64) {
    book.opened
        .connection
        .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        .unwrap();
}

#[test]
fn only_a_checkpoint_in_memory_does_without_the_disk() {
    const FULL: i64 = 2;
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::open(&folder.path().join("book")).unwrap();
    assert_eq!(pages(&book, "synchronous"), FULL);
    book.checkpoint_in_memory(&session(1)).unwrap();
    assert_eq!(pages(&book, "synchronous"), FULL, "the next report is safe");
    assert_eq!(book.open_session().unwrap(), Some(session(1)));
}

#[test]
fn a_report_waits_for_the_disk_even_where_that_could_not_be_set_again_before() {
    const FULL: i64 = 2;
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::open(&folder.path().join("book")).unwrap();
    let signer = DeviceSigner::from_seed(&[1; 32]);
    book.begin_chain(CHAIN, signer.key()).unwrap();
    // The state after a checkpoint whose second pragma failed.
    file::set_lasting(&book.opened.connection, false).unwrap();
    book.lasting = false;
    book.post(&next(&book, &signer, &session(1))).unwrap();
    assert_eq!(pages(&book, "synchronous"), FULL);
}

#[test]
fn a_report_that_is_taken_back_leaves_the_session_in_progress() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::open(&folder.path().join("book")).unwrap();
    let signer = DeviceSigner::from_seed(&[1; 32]);
    book.begin_chain(CHAIN, signer.key()).unwrap();
    let open = session(7);
    book.checkpoint(Some(&open)).unwrap();
    let report = next(&book, &signer, &session(1));
    assert_eq!(book.restore(&report).unwrap(), Posted::New);
    assert_eq!(book.open_session().unwrap(), Some(open));
    assert_eq!(book.restore(&report).unwrap(), Posted::Already);
    assert_eq!(book.audit().unwrap().reports, 1);
}

/// A trigger that another program added is not our bug.
#[test]
fn a_book_that_somebody_changed_while_it_was_open_is_told_as_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book");
    let mut book = Book::open(&path).unwrap();
    let signer = DeviceSigner::from_seed(&[1; 32]);
    book.begin_chain(CHAIN, signer.key()).unwrap();
    let trigger = "CREATE TRIGGER no BEFORE INSERT ON reports \
                   BEGIN SELECT RAISE(ABORT, 'not today'); END";
    let other = Connection::open(&path).unwrap();
    other.execute_batch(trigger).unwrap();
    let refused = book.post(&next(&book, &signer, &session(1)));
    match refused {
        Err(BookError::Damaged(BookFault::File(FileFault::Schema { name }))) => {
            assert_eq!(name, "no");
        }
        other => panic!("{other:?}"),
    }
    other.execute_batch("DROP TRIGGER no").unwrap();
    let report = next(&book, &signer, &session(1));
    assert_eq!(book.post(&report).unwrap(), Posted::New);
}

#[test]
fn a_full_disk_keeps_neither_report_nor_posting_and_leaves_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::open(&folder.path().join("book")).unwrap();
    let signer = DeviceSigner::from_seed(&[1; 32]);
    book.begin_chain(CHAIN, signer.key()).unwrap();
    let mut refused = 0;
    // Reports, their index and the postings fill their pages at different rates, so a different
    // statement is refused each time.
    while refused < 12 {
        let full = pages(&book, "page_count");
        limit_pages(&book, full);
        let open = session(refused);
        let before = loop {
            book.checkpoint(Some(&open)).unwrap();
            let before = (
                book.head(CHAIN, signer.key()).unwrap(),
                book.balance().unwrap(),
            );
            match book.post(&next(&book, &signer, &open)) {
                Ok(posted) => assert_eq!(posted, Posted::New),
                Err(BookError::File(FileError::Disk { source, .. })) => {
                    let code = source.sqlite_error_code();
                    assert_eq!(code, Some(rusqlite::ErrorCode::DiskFull));
                    break before;
                }
                Err(error) => panic!("{error:?}"),
            }
        };
        let after = (
            book.head(CHAIN, signer.key()).unwrap(),
            book.balance().unwrap(),
        );
        assert_eq!(after, before, "neither report nor posting");
        assert_eq!(book.open_session().unwrap(), Some(open));
        assert_eq!(book.audit().unwrap().reports, before.0.sequence);
        refused += 1;

        limit_pages(&book, full + 8);
        assert_eq!(
            book.post(&next(&book, &signer, &open)).unwrap(),
            Posted::New
        );
        assert_eq!(book.open_session().unwrap(), None);
    }
}

#[test]
fn the_tables_refuse_what_the_code_would_never_ask() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::open(&folder.path().join("book")).unwrap();
    let signer = DeviceSigner::from_seed(&[1; 32]);
    book.begin_chain(CHAIN, signer.key()).unwrap();
    for up in 0..3 {
        book.post(&next(&book, &signer, &session(up))).unwrap();
    }
    let audit = book.audit().unwrap();
    for statement in [
        "UPDATE chain SET device_key = zeroblob(32)",
        "DELETE FROM chain",
        "INSERT OR REPLACE INTO chain VALUES (1, zeroblob(16), zeroblob(32))",
        "UPDATE reports SET signed = signed",
        "DELETE FROM reports WHERE sequence = 3",
        "INSERT OR REPLACE INTO reports SELECT * FROM reports WHERE sequence = 3",
        "INSERT INTO reports SELECT 4, signed FROM reports WHERE sequence = 3",
        "INSERT INTO reports VALUES (4, zeroblob(264))",
        "INSERT INTO reports VALUES (4, 'text')",
        "UPDATE postings SET amount = 0",
        "DELETE FROM postings",
        "INSERT OR REPLACE INTO postings VALUES ('credits', 3, 1)",
        "INSERT OR REPLACE INTO postings VALUES ('credits', 4, 1)",
        "INSERT INTO postings VALUES ('gifts', 3, 1)",
        "INSERT INTO open_session VALUES (1, 5, 4, 0, 0, 0, 0)",
        "INSERT INTO open_session VALUES (2, 0, 0, 0, 0, 0, 0)",
        "UPDATE sqlite_schema SET sql = ''",
    ] {
        let refused = book.opened.connection.execute(statement, []);
        assert!(refused.is_err(), "{statement}");
    }
    assert_eq!(book.audit().unwrap(), audit);
}
