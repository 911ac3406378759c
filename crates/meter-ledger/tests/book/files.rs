//! Tests which files are opened, which are refused, and that a refused file stays unchanged.

use crate::support::{CHAIN, Folder, begun, key, post};
use meter_ledger::{Book, BookError, BookFault, DiskFault, FileError, FileFault};
use rusqlite::Connection;
use std::{fs, io::ErrorKind, path::Path};

/// Opens the book and returns the error, after checking that nothing in the folder changed.
#[track_caller]
fn refused(path: &Path) -> BookError {
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
    let error = Book::open(path).expect_err("must be refused");
    assert_eq!(listing(), before, "{error}");
    error
}

#[test]
fn a_copy_of_a_book_in_use_has_everything_and_is_made_once() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=2);
    let reader = Book::open_to_read(&folder.book()).unwrap();
    post(&mut book, 3..=3);
    let copy = folder.file("copy.sqlite");
    reader.copy_to(&copy).unwrap();
    post(&mut book, 4..=4);
    let copied = Book::open_to_read(&copy).unwrap();
    assert_eq!(copied.audit().unwrap().reports, 3);
    assert_eq!(copied.reports(0, 3).unwrap(), book.reports(0, 3).unwrap());
    let log = folder.file("copy.sqlite-wal");
    assert!(!log.try_exists().unwrap(), "everything is in the one file");
    assert!(reader.copy_to(&copy).is_err(), "it is there already");
    assert_eq!(
        Book::open_to_read(&copy).unwrap().audit().unwrap().reports,
        3
    );
}

#[test]
#[cfg(unix)]
fn every_file_of_a_new_book_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=2);
    let mut seen = 0;
    for entry in fs::read_dir(folder.book().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert_eq!(seen, 3, "the book, its log and the log's index; no draft");
}

#[test]
fn a_missing_folder_is_named() {
    let folder = Folder::new();
    let path = folder.file("nowhere").join("book");
    match Book::open(&path) {
        Err(BookError::File(FileError::Open {
            path: named,
            source,
            ..
        })) => {
            assert_eq!(named, path);
            assert_eq!(source.kind(), ErrorKind::NotFound);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_that_are_no_books_are_refused_and_left_alone() {
    let folder = Folder::new();
    let garbage: Vec<u8> = (0..9_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let cases: [(&str, &[u8]); 3] = [
        ("text", b"not a book"),
        ("garbage", &garbage),
        ("almost", b"SQLite format 3\0 and then nothing"),
    ];
    for (name, content) in cases {
        let path = folder.file(name);
        fs::write(&path, content).unwrap();
        let error = refused(&path);
        assert!(
            matches!(error, BookError::File(FileError::NotOurs { .. })),
            "{name}: {error:?}"
        );
        assert!(error.to_string().contains(name), "{error}");
    }
    fs::write(folder.file("nothing"), b"").unwrap();
    let error = refused(&folder.file("nothing"));
    assert!(
        matches!(error, BookError::File(FileError::Empty { .. })),
        "{error:?}"
    );
    fs::create_dir(folder.file("folder")).unwrap();
    let error = refused(&folder.file("folder"));
    assert!(
        matches!(error, BookError::File(FileError::NotAFile { .. })),
        "{error:?}"
    );
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    for application_id in [0, 0x1234_5678] {
        let folder = Folder::new();
        let path = folder.file("other");
        let other = Connection::open(&path).unwrap();
        let tables = format!(
            "PRAGMA application_id = {application_id}; PRAGMA user_version = 1; \
             PRAGMA journal_mode = WAL; CREATE TABLE reports (sequence);"
        );
        other.execute_batch(&tables).unwrap();
        // A copy made while the book was in use. If SQLite opened it, the log would be merged into
        // it.
        let elsewhere = Folder::new();
        for name in ["other", "other-wal"] {
            fs::copy(folder.file(name), elsewhere.file(name)).unwrap();
        }
        drop(other);
        for path in [path, elsewhere.file("other")] {
            let error = refused(&path);
            assert!(
                matches!(error, BookError::File(FileError::NotOurs { .. })),
                "{error:?}"
            );
        }
    }
}

#[test]
fn a_book_of_a_later_format_is_refused_and_left_alone() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=2);
    drop(book);
    let later = Connection::open(folder.book()).unwrap();
    later.pragma_update(None, "user_version", 2).unwrap();
    // While this connection is open, the new mark is only in the log; the copy keeps that state.
    for name in ["copy", "copy-wal"] {
        let from = name.replace("copy", "book.sqlite");
        fs::copy(folder.file(&from), folder.file(name)).unwrap();
    }
    drop(later);
    let error = refused(&folder.book());
    assert!(
        matches!(
            error,
            BookError::File(FileError::Newer {
                found: 2,
                known: 1,
                ..
            })
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("format 2"), "{error}");
    let error = Book::open(&folder.file("copy")).expect_err("the log counts too");
    assert!(
        matches!(
            error,
            BookError::File(FileError::Newer {
                found: 2,
                known: 1,
                ..
            })
        ),
        "{error:?}"
    );
}

#[test]
fn a_log_without_its_book_is_kept_for_somebody_to_look_at() {
    let folder = Folder::new();
    let log = folder.file("book.sqlite-wal");
    fs::write(&log, b"perhaps reports").unwrap();
    match refused(&folder.book()) {
        BookError::Damaged(BookFault::File(FileFault::LogWithoutFile { log: named, .. })) => {
            assert_eq!(named, log);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_crash_left_of_a_book_in_the_making_is_made_anew() {
    let folder = Folder::new();
    fs::write(folder.file("book.sqlite.new"), b"half a header").unwrap();
    fs::write(folder.file("book.sqlite.new-journal"), b"half a journal").unwrap();
    let book = begun(&folder.book());
    assert_eq!(book.chain().unwrap(), Some((CHAIN, key())));
    assert!(!folder.file("book.sqlite.new").try_exists().unwrap());
}

#[test]
fn a_writer_that_never_ends_is_reported_as_busy() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    let other = Connection::open(folder.book()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = book.checkpoint(None);
    assert!(
        matches!(refused, Err(BookError::File(FileError::Busy(_)))),
        "{refused:?}"
    );
    other.execute_batch("ROLLBACK").unwrap();
    book.checkpoint(None).unwrap();
}

/// A name, and what makes such a thing at a path.
type Other = (&'static str, fn(&Path));

/// Everything but a file that can lie at a path, with a word for it.
#[cfg(unix)]
fn others() -> [Other; 6] {
    use rustix::fs::{CWD, Mode, mkfifoat};
    use std::os::unix::{fs::symlink, net::UnixListener};
    [
        ("a folder", |path| fs::create_dir(path).unwrap()),
        ("a pipe", |path| {
            mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
        }),
        ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
        ("a link, not", |path| symlink("/dev/zero", path).unwrap()),
        ("a link, not", |path| {
            symlink(path.with_file_name("elsewhere"), path).unwrap();
        }),
        ("a link that leads nowhere", |path| {
            symlink("/nowhere/at/all", path).unwrap();
        }),
    ]
}

/// SQLite waits for ever at a pipe, loses a log in a device, and removes links and pipes when it
/// closes the book.
#[test]
#[cfg(unix)]
fn what_is_no_file_beside_a_book_is_named_and_neither_opened_nor_removed() {
    for suffix in ["-wal", "-shm", "-journal"] {
        for (word, put) in others() {
            let folder = Folder::new();
            let mut book = begun(&folder.book());
            post(&mut book, 1..=2);
            book.close().unwrap();
            fs::write(folder.file("elsewhere"), b"somebody's").unwrap();
            let path = folder.file(&format!("book.sqlite{suffix}"));
            put(&path);
            let kind = path.symlink_metadata().unwrap().file_type();
            let reading = Book::open_to_read(&folder.book()).map(drop);
            for refused in [Book::open(&folder.book()).map(drop), reading] {
                let error = refused.expect_err("must be refused");
                assert!(
                    matches!(error, BookError::File(FileError::NotAFileBeside { .. })),
                    "{suffix} {word}: {error:?}"
                );
                let said = error.to_string();
                let begin = format!("{} is {word}", path.display());
                assert!(said.starts_with(&begin), "{said}");
                assert!(said.contains("move "), "{said}");
            }
            assert_eq!(path.symlink_metadata().unwrap().file_type(), kind);
            let untouched = fs::read(folder.file("elsewhere")).unwrap();
            assert_eq!(untouched, b"somebody's", "{suffix} {word}");
            drop(fs::remove_file(&path));
            drop(fs::remove_dir(&path));
            let book = Book::open(&folder.book()).expect("in order again");
            assert_eq!(book.audit().unwrap().reports, 2);
        }
    }
}

#[test]
#[cfg(unix)]
fn what_is_no_file_in_the_place_of_a_book_is_named() {
    for (word, put) in others() {
        let folder = Folder::new();
        // The link to a file is one to a folder here, because a book may be a link.
        fs::create_dir(folder.file("elsewhere")).unwrap();
        put(&folder.book());
        match Book::open(&folder.book()) {
            Err(BookError::File(FileError::NotAFile { what, .. })) => {
                assert!(what.starts_with(word), "{what}");
            }
            other => panic!("{word}: {other:?}"),
        }
    }
}

/// A person who keeps the book on another disk has a link in its place.
#[test]
#[cfg(unix)]
fn a_book_behind_a_link_has_its_log_beside_the_file_and_not_beside_the_link() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    std::os::unix::fs::symlink(elsewhere.book(), folder.book()).unwrap();
    begun(&elsewhere.book()).close().unwrap();
    let mut book = Book::open(&folder.book()).unwrap();
    post(&mut book, 1..=2);
    assert!(elsewhere.file("book.sqlite-wal").is_file());
    fs::create_dir(folder.file("book.sqlite-wal")).unwrap();
    let read = Book::open_to_read(&folder.book()).unwrap();
    assert_eq!(read.audit().unwrap().reports, 2);
    drop((book, read));
    fs::create_dir(elsewhere.file("book.sqlite-wal")).unwrap();
    let error = Book::open(&folder.book()).expect_err("beside the file");
    assert!(
        matches!(error, BookError::File(FileError::NotAFileBeside { .. })),
        "{error:?}"
    );
}

#[test]
#[cfg(unix)]
fn what_is_no_file_in_the_place_of_a_draft_is_named_or_replaced() {
    for suffix in [".new", ".new-journal"] {
        for (word, put) in others() {
            let folder = Folder::new();
            fs::write(folder.file("elsewhere"), b"somebody's").unwrap();
            let path = folder.file(&format!("book.sqlite{suffix}"));
            put(&path);
            match Book::open(&folder.book()).map(drop) {
                Ok(()) => assert_ne!(word, "a folder"),
                Err(BookError::File(FileError::NotAFileBeside { path: named, .. })) => {
                    assert_eq!((word, named), ("a folder", path));
                }
                other => panic!("{suffix} {word}: {other:?}"),
            }
            let untouched = fs::read(folder.file("elsewhere")).unwrap();
            assert_eq!(untouched, b"somebody's", "{suffix} {word}");
        }
    }
}

/// The program asks the disk while a write fails, so nothing may hold this up or mislead it.
#[test]
#[cfg(unix)]
fn the_disk_is_asked_whatever_is_in_the_place_of_the_probe_or_of_the_book() {
    let failed = || {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
        BookError::from(rusqlite::Error::SqliteFailure(code, None))
    };
    for (word, put) in others() {
        let folder = Folder::new();
        begun(&folder.book()).close().unwrap();
        fs::write(folder.file("elsewhere"), b"somebody's").unwrap();
        put(&folder.file("book.sqlite.probe"));
        let fault = failed().disk_fault(&folder.book());
        assert_eq!(fault, Some(DiskFault::Failing), "{word}: the disk is sound");
        let untouched = fs::read(folder.file("elsewhere")).unwrap();
        assert_eq!(untouched, b"somebody's", "{word}");
        fs::remove_file(folder.book()).unwrap();
        put(&folder.book());
        assert!(failed().disk_fault(&folder.book()).is_some(), "{word}");
    }
}
