//! Other files in the place of the receipts, and places that cannot be written.

use crate::support::{CHAIN, Folder, add, answers, audited, enrolled};
use meter_core::{ChainId, DeviceKey};
use meter_ledger::{
    Book, BookError, DiskFault, FileError, FileFault, Receipts, ReceiptsError, ReceiptsFault,
};
use rusqlite::Connection;
use std::{fs, path::Path};

/// Opens the file in both ways and returns the error, after checking that nothing changed.
#[track_caller]
fn refused(path: &Path) -> FileError {
    let listing = || {
        let mut files: Vec<_> = fs::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), fs::read(&path).unwrap_or_default()))
            .collect();
        files.sort();
        files
    };
    let before = listing();
    let error = Receipts::create(path).expect_err("must be refused");
    Receipts::open(path).expect_err("must be refused");
    assert_eq!(listing(), before, "{error}");
    match error {
        ReceiptsError::File(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
#[cfg(unix)]
fn every_file_of_the_receipts_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let _receipts = enrolled(&folder.receipts());
    let mut seen = 0;
    for entry in fs::read_dir(folder.receipts().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert_eq!(seen, 3, "the file, its log and the log's index; no draft");
}

#[test]
fn a_book_is_no_file_of_receipts_and_receipts_are_no_book() {
    let folder = Folder::new();
    let mut book = Book::open(&folder.file("book")).unwrap();
    book.begin_chain(ChainId([1; 16]), DeviceKey([2; 32]))
        .unwrap();
    book.close().unwrap();
    let error = refused(&folder.file("book"));
    assert!(matches!(error, FileError::NotOurs { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .ends_with("is not an Onionmeter file of receipts")
    );
    enrolled(&folder.receipts()).close().unwrap();
    let error = Book::open(&folder.receipts()).expect_err("no book");
    let is_expected = matches!(error, BookError::File(FileError::NotOurs { .. }));
    assert!(is_expected, "{error:?}");
}

#[test]
fn files_that_are_none_of_ours_are_refused_and_left_alone() {
    let folder = Folder::new();
    let garbage: Vec<u8> = (0..9_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    fs::write(folder.file("garbage"), &garbage).unwrap();
    let error = refused(&folder.file("garbage"));
    assert!(matches!(error, FileError::NotOurs { .. }), "{error:?}");
    fs::write(folder.file("nothing"), b"").unwrap();
    let error = refused(&folder.file("nothing"));
    assert!(
        error.to_string().ends_with("it holds no receipt"),
        "{error}"
    );
    fs::create_dir(folder.file("folder")).unwrap();
    let error = refused(&folder.file("folder"));
    assert!(matches!(error, FileError::NotAFile { .. }), "{error:?}");
    let other = Connection::open(folder.file("other")).unwrap();
    other.execute_batch("CREATE TABLE receipts (a)").unwrap();
    drop(other);
    let error = refused(&folder.file("other"));
    assert!(matches!(error, FileError::NotOurs { .. }), "{error:?}");
}

#[test]
fn a_later_format_is_told_and_left_alone() {
    let folder = Folder::new();
    enrolled(&folder.receipts()).close().unwrap();
    let newer = Connection::open(folder.receipts()).unwrap();
    newer.pragma_update(None, "user_version", 2).unwrap();
    newer.close().unwrap();
    let error = refused(&folder.receipts());
    let is_expected = matches!(
        error,
        FileError::Newer {
            found: 2,
            known: 1,
            ..
        }
    );
    assert!(is_expected, "{error:?}");
}

#[test]
fn a_log_without_its_file_is_told_and_left_alone() {
    let folder = Folder::new();
    let log = folder.file("receipts.sqlite3-wal");
    fs::write(&log, b"the last receipts").unwrap();
    for error in [
        Receipts::create(&folder.receipts()).map(drop),
        Receipts::open(&folder.receipts()).map(drop),
    ] {
        match error {
            Err(ReceiptsError::Damaged(ReceiptsFault::File(FileFault::LogWithoutFile {
                log: named,
                ..
            }))) => assert_eq!(named, log),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(fs::read(&log).unwrap(), b"the last receipts");
    assert!(!folder.receipts().try_exists().unwrap());
}

#[test]
fn something_else_beside_the_receipts_is_named_with_what_to_do() {
    for suffix in ["-wal", "-shm", "-journal"] {
        let folder = Folder::new();
        enrolled(&folder.receipts()).close().unwrap();
        fs::create_dir(folder.file(&format!("receipts.sqlite3{suffix}"))).unwrap();
        let error = refused(&folder.receipts());
        assert!(
            matches!(error, FileError::NotAFileBeside { .. }),
            "{error:?}"
        );
        let said = error.to_string();
        assert!(
            said.contains("receipts") && said.contains("move "),
            "{said}"
        );
    }
}

#[test]
#[cfg(unix)]
fn receipts_that_cannot_be_written_are_read_and_the_disk_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    add(&mut receipts, &answers(1..=3));
    receipts.close().unwrap();
    let set = |mode| {
        let parent = folder.receipts();
        let parent = parent.parent().unwrap();
        fs::set_permissions(folder.receipts(), fs::Permissions::from_mode(mode & 0o600)).unwrap();
        fs::set_permissions(parent, fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o500);
    let read = Receipts::open_to_read(&folder.receipts());
    let written = Receipts::open(&folder.receipts());
    set(0o700);
    let read = read.unwrap();
    assert_eq!(audited(&read).unwrap(), 3);
    assert_eq!(read.receipts(CHAIN, 0, 9).unwrap().len(), 3);
    // Root may write everywhere.
    if let Err(error) = written {
        let fault = error.disk_fault(&folder.receipts());
        assert_eq!(fault, Some(DiskFault::Denied), "{error:?}");
    }
}

/// Reading also works while the daemon has the file open.
#[test]
fn a_reader_sees_what_is_only_in_the_log_and_cannot_write() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    add(&mut receipts, &answers(1..=3));
    let mut read = Receipts::open_to_read(&folder.receipts()).unwrap();
    assert_eq!(audited(&read).unwrap(), 3);
    let refused = read.add(&answers(1..=4));
    assert!(
        matches!(refused, Err(ReceiptsError::File(_))),
        "{refused:?}"
    );
    assert_eq!(add(&mut receipts, &answers(1..=4)), (1, 3));
}

#[test]
fn a_writer_that_never_ends_is_reported_as_busy() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    let other = Connection::open(folder.receipts()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = receipts.add(&answers(1..=1));
    let is_expected = matches!(refused, Err(ReceiptsError::File(FileError::Busy(_))));
    assert!(is_expected, "{refused:?}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(add(&mut receipts, &answers(1..=1)), (1, 0));
}
