//! Somebody edits the file with an SQLite tool: the audit names the first damage.

use crate::support::{CHAIN, Folder, begun, key, next, post, session, signer};
use meter_core::{ChainError, SessionReport, VerifyError};
use meter_ledger::{Audit, Book, BookError, BookFault, FileError, FileFault};
use rusqlite::{Connection, params};
use std::{fs, path::Path};

/// Edits the file without the triggers of the tables, and restores them afterwards.
fn tamper(path: &Path, edit: impl FnOnce(&Connection)) {
    let connection = Connection::open(path).unwrap();
    let triggers: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for (name, _) in &triggers {
        connection
            .execute_batch(&format!("DROP TRIGGER {name}"))
            .unwrap();
    }
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
        .unwrap();
    edit(&connection);
    for (_, sql) in &triggers {
        connection.execute_batch(sql).unwrap();
    }
}

fn damage<T: std::fmt::Debug>(result: Result<T, BookError>) -> BookFault {
    match result {
        Err(BookError::Damaged(damage)) => damage,
        other => panic!("{other:?}"),
    }
}

/// The result of the audit after three reports were posted and then edited in this way.
fn audit_after(edit: impl FnOnce(&Connection)) -> Result<Audit, BookError> {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=3);
    book.audit().expect("sound before");
    tamper(&folder.book(), edit);
    book.audit()
}

#[track_caller]
fn finds(sql: &str, expected: &BookFault) {
    let found = damage(audit_after(|connection| {
        assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
    }));
    assert_eq!(&found, expected, "{sql}");
}

#[test]
fn an_edited_posting_is_found() {
    for sequence in [1, 2, 3] {
        finds(
            &format!(
                "UPDATE postings SET amount = amount + 1 WHERE report = {sequence} AND account = \
                 'credits'"
            ),
            &BookFault::Postings { sequence },
        );
        finds(
            &format!("DELETE FROM postings WHERE report = {sequence}"),
            &BookFault::Postings { sequence },
        );
    }
    // The sum stays the same, so only the recomputation from the reports notices it.
    finds(
        "UPDATE postings SET amount = amount + iif(report = 2, 5, -5) \
         WHERE account = 'credits' AND report IN (2, 3)",
        &BookFault::Postings { sequence: 2 },
    );
    finds(
        "UPDATE postings SET amount = 9223372036854775807 WHERE account = 'credits'",
        &BookFault::Postings { sequence: 1 },
    );
}

#[test]
fn an_edited_report_is_found() {
    let flip = |at: u16| {
        let (before, after) = (at - 1, at + 1);
        format!(
            "UPDATE reports SET signed = cast(substr(signed, 1, {before}) || \
             iif(hex(substr(signed, {at}, 1)) = '00', x'01', x'00') || \
             substr(signed, {after}) AS BLOB) WHERE sequence = 2"
        )
    };
    for at in [1, 9, 25, 100, 139, 200, 201, 264] {
        let error = VerifyError::Signature;
        finds(&flip(at), &BookFault::Report { sequence: 2, error });
    }
    let found = damage(audit_after(|connection| {
        connection.execute(&flip(64), []).unwrap();
    }));
    assert!(
        matches!(found, BookFault::File(FileFault::Malformed(_))),
        "the number in the body: {found:?}"
    );
}

#[test]
fn a_removed_report_is_found() {
    for sequence in [1, 2] {
        let found = damage(audit_after(|connection| {
            for table in ["postings WHERE report", "reports WHERE sequence"] {
                let sql = format!("DELETE FROM {table} = {sequence}");
                connection.execute(&sql, []).unwrap();
            }
        }));
        let error = ChainError::Sequence {
            expected: sequence,
            found: sequence + 1,
        };
        let expected = BookFault::Chain {
            sequence: sequence + 1,
            error,
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn a_report_replaced_by_another_one_of_the_same_key_is_found() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    let forged = SessionReport {
        resumed: true,
        ..*next(&book, &session(1)).value()
    };
    let forged = signer().sign(&forged).unwrap();
    post(&mut book, 1..=2);
    let stored = [forged.signed().body(), forged.signed().signature()].concat();
    tamper(&folder.book(), |connection| {
        connection
            .execute(
                "UPDATE reports SET signed = ?1 WHERE sequence = 1",
                [stored],
            )
            .unwrap();
    });
    let expected = BookFault::Chain {
        sequence: 2,
        error: ChainError::Link { sequence: 2 },
    };
    assert_eq!(damage(book.audit()), expected);
}

#[test]
fn another_chain_or_key_is_found() {
    let other_chain = BookFault::Chain {
        sequence: 1,
        error: ChainError::OtherChain,
    };
    finds("UPDATE chain SET chain_id = zeroblob(16)", &other_chain);
    let (sequence, error) = (1, VerifyError::Key);
    finds(
        "UPDATE chain SET device_key = zeroblob(32)",
        &BookFault::Report { sequence, error },
    );
    finds("DELETE FROM chain", &BookFault::NoChain);
}

#[test]
fn postings_without_a_report_are_found() {
    let found = damage(audit_after(|connection| {
        connection
            .execute("INSERT INTO postings VALUES ('credits', 4, 1000)", [])
            .unwrap();
    }));
    assert!(
        matches!(found, BookFault::File(FileFault::Malformed(_))),
        "{found:?}"
    );
}

#[test]
fn an_impossible_session_in_progress_is_found() {
    let folder = Folder::new();
    drop(begun(&folder.book()));
    tamper(&folder.book(), |connection| {
        connection
            .execute("INSERT INTO open_session VALUES (1, 5, 4, 0, 0, 0, 0)", [])
            .unwrap();
    });
    assert_eq!(damage(Book::open(&folder.book())), BookFault::OpenSession);
}

#[test]
fn a_changed_schema_is_refused_at_the_next_start() {
    for (sql, named) in [
        (
            "DROP TRIGGER reports_are_never_removed",
            "reports_are_never_removed",
        ),
        ("DROP TABLE open_session", "open_session"),
        ("CREATE TABLE extra (a)", "extra"),
        (
            "CREATE TRIGGER gift AFTER INSERT ON reports BEGIN \
             INSERT INTO postings VALUES ('credits', NEW.sequence, 1000); END",
            "gift",
        ),
    ] {
        let folder = Folder::new();
        drop(begun(&folder.book()));
        let connection = Connection::open(folder.book()).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        let name = named.to_owned();
        assert_eq!(
            damage(Book::open(&folder.book())),
            BookFault::File(FileFault::Schema { name })
        );
    }
}

#[test]
fn a_damaged_head_is_refused_at_the_next_start() {
    let edits: [(&str, BookFault); 3] = [
        (
            "UPDATE reports SET signed = cast(substr(signed, 1, 263) || x'00' AS BLOB) \
             WHERE sequence = 3",
            BookFault::Report {
                sequence: 3,
                error: VerifyError::Signature,
            },
        ),
        (
            "DELETE FROM postings WHERE report = 1 AND account = 'issued:time'",
            BookFault::PostingCount {
                expected: 9,
                found: 8,
            },
        ),
        (
            "UPDATE postings SET amount = amount + 1 WHERE report = 1 AND account = 'credits'",
            BookFault::Balance {
                signed: 3 * 8_000_000_000,
            },
        ),
    ];
    for (sql, expected) in edits {
        let folder = Folder::new();
        let mut book = begun(&folder.book());
        post(&mut book, 1..=3);
        let signed = book.head(CHAIN, key()).unwrap().totals.amount.get();
        drop(book);
        tamper(&folder.book(), |connection| {
            assert_eq!(connection.execute(sql, params![]).unwrap(), 1);
        });
        let expected = match expected {
            BookFault::Balance { .. } => BookFault::Balance { signed },
            other => other,
        };
        assert_eq!(damage(Book::open(&folder.book())), expected, "{sql}");
    }
}

/// A limitation that the README states: nothing in a book shows that reports were cut off.
#[test]
fn a_book_whose_last_report_was_cut_off_is_a_sound_shorter_book() {
    let audit = audit_after(|connection| {
        connection
            .execute_batch(
                "DELETE FROM postings WHERE report = 3; DELETE FROM reports WHERE sequence = 3",
            )
            .unwrap();
    });
    assert_eq!(audit.unwrap().reports, 2);
}

#[test]
fn a_flipped_byte_anywhere_is_noticed_or_harmless() {
    let folder = Folder::new();
    let mut book = begun(&folder.book());
    post(&mut book, 1..=8);
    book.checkpoint(Some(&session(9))).unwrap();
    let content = |book: &Book| (book.audit(), book.balance(), book.reports(0, 99));
    let (audit, balance, reports) = content(&book);
    let (audit, balance, reports) = (audit.unwrap(), balance.unwrap(), reports.unwrap());
    drop(book);
    let sound = fs::read(folder.book()).unwrap();
    let mut noticed = 0;
    // The step is a prime number, so that it hits headers, cells and free space of all pages.
    for at in (0..sound.len()).step_by(101) {
        let elsewhere = Folder::new();
        let path = elsewhere.book();
        let mut flipped = sound.clone();
        flipped[at] ^= 0x41;
        fs::write(&path, flipped).unwrap();
        match Book::open(&path).and_then(|book| Ok((book.audit()?, book))) {
            Err(
                BookError::Damaged(_)
                | BookError::File(FileError::NotOurs { .. } | FileError::Newer { .. }),
            ) => {
                noticed += 1;
            }
            Err(error) => panic!("byte {at}: {error:?}"),
            Ok((found, book)) => {
                assert_eq!(found, audit, "byte {at}");
                assert_eq!(book.balance().unwrap(), balance, "byte {at}");
                assert_eq!(book.reports(0, 99).unwrap(), reports, "byte {at}");
            }
        }
    }
    assert!(noticed > 50, "{noticed}");
}
