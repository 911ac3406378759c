//! Somebody edits the file with an SQLite tool: opening or the audit names the first damage.

use crate::support::{Folder, add, answers, at, audited, enrolled, reports};
use meter_core::{AnswerError, ChainId, ContradictionKind, ReceiptChainError, VerifyError};
use meter_ledger::{FileError, FileFault, Receipts, ReceiptsError, ReceiptsFault};
use rusqlite::Connection;
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

/// What the audit finds after four receipts were stored and then edited in this way.
#[track_caller]
fn finds(sql: &str) -> ReceiptsFault {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    add(&mut receipts, &answers(1..=4));
    assert_eq!(audited(&receipts).unwrap(), 4, "sound before");
    tamper(&folder.receipts(), |connection| {
        assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
    });
    match audited(&receipts) {
        Err(ReceiptsError::Damaged(fault)) => fault,
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn d_13_an_edited_receipt_is_found_by_its_signature() {
    let found = finds(
        "UPDATE receipts SET signed = cast(substr(signed, 1, 263) || x'00' AS BLOB) \
         WHERE sequence = 2",
    );
    let error = VerifyError::Signature;
    assert_eq!(found, ReceiptsFault::Receipt { sequence: 2, error });
}

#[test]
fn a_missing_or_exchanged_receipt_is_found_by_its_chain() {
    let (expected, found) = (2, 3);
    let error = ReceiptChainError::Sequence { expected, found };
    let missing = finds("DELETE FROM receipts WHERE sequence = 2");
    assert_eq!(missing, ReceiptsFault::Chain { sequence: 3, error });
    let exchanged = finds(
        "UPDATE receipts SET signed = (SELECT signed FROM receipts WHERE sequence = 1) \
         WHERE sequence = 2",
    );
    let is_of_file = matches!(exchanged, ReceiptsFault::File(FileFault::Malformed(_)));
    assert!(is_of_file, "the number in the body: {exchanged:?}");
}

#[test]
fn edited_sums_are_found_with_the_reports() {
    let sums = ReceiptsFault::Sums { sequence: 2 };
    let edit = "UPDATE receipts SET claimed = claimed + 1 WHERE sequence = 2";
    assert_eq!(finds(edit), sums);
    // The sums of the file agree with each other, but not with the reports.
    let edit = "UPDATE receipts SET claimed = claimed + (sequence = 2), \
                claimed_total = claimed_total + (sequence >= 2) WHERE sequence >= 2";
    assert_eq!(finds(edit), sums);
    let edit = "UPDATE receipts SET reasons = 8 WHERE sequence = 3";
    assert!(matches!(finds(edit), ReceiptsFault::File(_)));
}

#[test]
fn a_moved_place_of_enrolment_is_found() {
    let value = |found| matches!(found, ReceiptsFault::Value(_));
    assert!(value(finds("UPDATE chains SET start = 1")));
    assert!(value(finds("UPDATE chains SET awarded = 1")));
    assert!(value(finds("UPDATE memberships SET awarded = 1")));
    let start = ReceiptsFault::Start { sequence: 0 };
    assert_eq!(finds("UPDATE memberships SET amount = 1"), start);
}

#[test]
fn a_receipt_for_another_report_than_the_books_is_found() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    add(&mut receipts, &answers(1..=2));
    let others = reports(ChainId([9; 16]), 2);
    let found = receipts.audit(|_, number| {
        let report = &others[usize::try_from(number).unwrap() - 1];
        Some(report.signed().clone())
    });
    let (sequence, error) = (1, AnswerError::OtherReport);
    match found {
        Err(ReceiptsError::Damaged(fault)) => {
            assert_eq!(fault, ReceiptsFault::Answer { sequence, error });
        }
        other => panic!("{other:?}"),
    }
    let unseen = receipts.audit(|_, _| None).unwrap();
    assert_eq!((unseen.receipts, unseen.compared), (2, 0));
}

#[test]
fn a_changed_schema_is_refused_at_the_next_start() {
    for (sql, named) in [
        (
            "DROP TRIGGER receipts_are_never_removed",
            "receipts_are_never_removed",
        ),
        ("DROP INDEX receipts_lowered", "receipts_lowered"),
        ("CREATE TABLE extra (a)", "extra"),
    ] {
        let folder = Folder::new();
        drop(enrolled(&folder.receipts()));
        let connection = Connection::open(folder.receipts()).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        match Receipts::open(&folder.receipts()) {
            Err(ReceiptsError::Damaged(ReceiptsFault::File(FileFault::Schema { name }))) => {
                assert_eq!(name, named);
            }
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn a_damaged_last_receipt_or_policy_is_refused_at_the_next_start() {
    for table in ["receipts", "policies"] {
        let folder = Folder::new();
        let mut receipts = enrolled(&folder.receipts());
        add(&mut receipts, &answers(1..=2));
        receipts.close().unwrap();
        tamper(&folder.receipts(), |connection| {
            let edit = format!(
                "UPDATE {table} SET signed = \
                 cast(substr(signed, 1, length(signed) - 1) || x'00' AS BLOB)"
            );
            assert!(connection.execute(&edit, []).unwrap() > 0);
        });
        let error = Receipts::open(&folder.receipts()).expect_err(table);
        assert!(
            matches!(error, ReceiptsError::Damaged(_)),
            "{table}: {error:?}"
        );
    }
}

#[test]
fn a_flipped_byte_anywhere_is_noticed_or_changes_no_receipt_and_no_sum() {
    let folder = Folder::new();
    let mut receipts = enrolled(&folder.receipts());
    add(&mut receipts, &answers(1..=12));
    let kind = ContradictionKind::Order;
    receipts.keep_contradiction(kind, &[7; 300], at(4)).unwrap();
    let content = |receipts: &Receipts| -> Result<_, ReceiptsError> {
        audited(receipts)?;
        let member = &receipts.memberships()?[0];
        let chain = receipts.chains_of(member)?;
        let stored = receipts.receipts_of(member, chain[0], 0, 99)?;
        let sums = receipts.sums()?;
        Ok((stored, sums.answered, sums.credited, sums.lowered))
    };
    let sound_content = content(&receipts).unwrap();
    receipts.close().unwrap();
    let sound = fs::read(folder.receipts()).unwrap();
    let mut noticed = 0;
    // The step is a prime number, so that it hits headers, cells and free space of all pages.
    for at in (0..sound.len()).step_by(211) {
        let elsewhere = Folder::new();
        let mut flipped = sound.clone();
        flipped[at] ^= 0x41;
        fs::write(elsewhere.receipts(), flipped).unwrap();
        let found = Receipts::open(&elsewhere.receipts())
            .and_then(|receipts| content(&receipts.expect("a file")));
        match found {
            Err(
                ReceiptsError::Damaged(_)
                | ReceiptsError::File(FileError::NotOurs { .. } | FileError::Newer { .. }),
            ) => noticed += 1,
            Err(error) => panic!("byte {at}: {error:?}"),
            Ok(found) => assert!(found == sound_content, "byte {at}"),
        }
    }
    assert!(noticed > 30, "{noticed}");
}
