//! Tests a book that is moved, replaced, or read where nothing can be written.

use crate::support::{CHAIN, Folder, begun, key, post};
use meter_ledger::{Book, BookError, FileError, Place, place_new};
use std::{fs, io::ErrorKind};

#[test]
fn a_book_that_was_moved_or_replaced_is_noticed_by_who_holds_it() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=2);
    assert_eq!(book.place(), Place::Here);
    fs::copy(folder.book(), folder.file("copy")).unwrap();
    fs::rename(folder.book(), folder.file("away")).unwrap();
    assert_eq!(book.place(), Place::Gone);
    fs::rename(folder.file("copy"), folder.book()).unwrap();
    assert_eq!(book.place(), Place::Replaced);
    fs::rename(folder.file("away"), folder.book()).unwrap();
    assert_eq!(book.place(), Place::Here);
}

#[test]
fn reading_makes_no_book_and_changes_none() {
    let folder = Folder::new();
    match Book::open_to_read(&folder.book()) {
        Err(BookError::File(FileError::Open { source, .. })) => {
            assert_eq!(source.kind(), ErrorKind::NotFound);
        }
        other => panic!("{other:?}"),
    }
    let mut book = begun(&folder.book());
    post(&mut book, 1..=3);
    // A daemon has the book open, and its last reports are only in the log.
    let mut reader = Book::open_to_read(&folder.book()).unwrap();
    assert_eq!(reader.head(CHAIN, key()).unwrap().sequence, 3);
    post(&mut book, 4..=4);
    assert_eq!(reader.audit().unwrap().reports, 4);
    assert!(reader.checkpoint(None).is_err(), "it only reads");
}

#[test]
fn a_log_that_belongs_to_another_book_is_not_read_into_this_one() {
    let (one, other) = (Folder::new(), Folder::new());
    let mut theirs = begun(&other.book());
    post(&mut theirs, 1..=40);
    let mut ours = begun(&one.book());
    post(&mut ours, 1..=2);
    drop(ours);
    fs::copy(other.file("book.sqlite-wal"), one.file("book.sqlite-wal")).unwrap();
    // The other book's log is complete, so SQLite uses it: the result is refused or is a complete
    // book.
    match Book::open(&one.book()).and_then(|book| book.audit()) {
        Ok(audit) => assert!(audit.reports == 2 || audit.reports == 40, "{audit:?}"),
        Err(error) => assert!(matches!(error, BookError::Damaged(_)), "{error:?}"),
    }
}

#[test]
fn a_book_that_was_cut_off_is_damaged_and_never_an_empty_one() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=60);
    drop(book);
    let whole = fs::read(folder.book()).unwrap();
    for length in [1, 99, 100, 4_096, 8_192, whole.len() / 2, whole.len() - 1] {
        fs::write(folder.book(), &whole[..length]).unwrap();
        for opened in [
            Book::open(&folder.book()),
            Book::open_to_read(&folder.book()),
        ] {
            let error = match opened.and_then(|book| book.audit()) {
                Ok(audit) => panic!("{length} bytes: {audit:?}"),
                Err(error) => error,
            };
            let is_expected = matches!(
                error,
                BookError::Damaged(_) | BookError::File(FileError::NotOurs { .. })
            );
            assert!(is_expected, "{length} bytes: {error:?}");
            assert_eq!(error.disk_fault(&folder.book()), None, "{length} bytes");
        }
    }
}

#[test]
fn a_new_file_never_takes_the_place_of_another() {
    let folder = Folder::new();
    let (draft, path) = (folder.file("draft"), folder.file("place"));
    fs::write(&draft, "new").unwrap();
    fs::write(&path, "old").unwrap();
    let refused = place_new(&draft, &path).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    fs::remove_file(&path).unwrap();
    place_new(&draft, &path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert!(!draft.try_exists().unwrap());
}
