//! The book of reports, checked without writing to it.

use super::finding::Finding::{self, Bad, Good, Note};
use crate::{
    counted::{counted, grouped, were},
    home::Home,
    last_signed::LastSigned,
    problems,
};
use meter_core::DeviceKey;
use meter_ledger::{Audit, Book, BookError, FileError};
use meter_wire::ErrorCode;
use std::{fs, io};

pub(super) fn finding(home: &Home) -> Finding {
    let record = match LastSigned::load(&home.last_signed()) {
        Ok(record) => record,
        Err(error) => {
            return Bad {
                what: problems::chain(&error),
                remedy: AS_SAID.to_owned(),
            };
        }
    };
    match fs::symlink_metadata(home.book()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match record.in_use() {
            None => Note("no book of reports yet".to_owned()),
            Some(lost) => Bad {
                what: format!(
                    "{} is gone; {} {} signed into it",
                    home.book().display(),
                    counted(lost.sequence, "report"),
                    were(lost.sequence)
                ),
                remedy: BEHIND.to_owned(),
            },
        },
        Ok(_) | Err(_) => match audit(home) {
            Err(error) => bad(home, &error),
            Ok((audit, book)) => {
                compared(&audit, &book, &record).unwrap_or_else(|error| bad(home, &error))
            }
        },
    }
}

/// Whose reports it holds; `None` where it cannot be read, which [`finding`] tells.
pub(super) fn owner(home: &Home) -> Option<DeviceKey> {
    let book = home.book();
    let book = book.try_exists().ok()?.then(|| Book::open_to_read(&book));
    Some(book?.ok()?.chain().ok()??.1)
}

/// Whether nothing was ever signed into it, as after a first start for which the disk had no room.
pub(super) fn is_unused(home: &Home) -> bool {
    let record = LastSigned::load(&home.last_signed());
    let book = Book::open_to_read(&home.book());
    record.is_ok_and(|record| record.in_use().is_none())
        && book.is_ok_and(|book| book.chain().is_ok_and(|chain| chain.is_none()))
}

const AS_SAID: &str = "do as said, then click \"Check again\" in the popup or run `onionmeter \
    monitor start`";

const BEHIND: &str = "run `onionmeter restore FILE` with a newer book.sqlite3 or a file of \
    `onionmeter reports --json`; where there is neither, `onionmeter new-chain` begins a new chain \
    and keeps this book";

const OTHER: &str = "where the book of that chain is lost, run `onionmeter stop` and move this one \
    away with its -wal and -shm: the chain then goes on, and takes its reports back from a browser \
    or from `onionmeter restore FILE`";

fn audit(home: &Home) -> Result<(Audit, Book), BookError> {
    let book = Book::open_to_read(&home.book())?;
    Ok((book.audit()?, book))
}

fn compared(audit: &Audit, book: &Book, record: &LastSigned) -> Result<Finding, BookError> {
    let head = match book.chain()? {
        Some((chain, key)) => Some(book.head(chain, key)?),
        None => None,
    };
    if let Some(other) = head.and_then(|head| crate::accounting::other_chain(&head, record)) {
        return Ok(Bad {
            what: other.detail.unwrap_or(other.message),
            remedy: OTHER.to_owned(),
        });
    }
    let known = head.and_then(|head| Some((*record.of(head.chain)?, head)));
    let reports = counted(audit.reports, "report");
    if let Some((known, head)) = known {
        if known.sequence > head.sequence {
            let known = grouped(known.sequence);
            return Ok(Bad {
                what: format!(
                    "the book holds {reports}, and {known} were signed: it is an older one"
                ),
                remedy: BEHIND.to_owned(),
            });
        }
        if crate::accounting::is_forked(book, &head, &known)? {
            return Ok(Bad {
                what: format!(
                    "two different reports have number {}: an older book was put back and used",
                    known.sequence
                ),
                remedy: "`onionmeter new-chain` begins a new chain and keeps this book".to_owned(),
            });
        }
    }
    Ok(Good(format!(
        "book: {reports}, every signature and posting checked, {} credits",
        meter_core::credits_exact(audit.totals.amount)
    )))
}

/// Only a damaged book should be replaced: a full disk or another program is no reason to move a
/// sound book.
fn bad(home: &Home, error: &BookError) -> Finding {
    let book = home.book();
    let code = problems::book(error, &book).code;
    let remedy = match code {
        // The error itself says it.
        _ if matches!(
            error,
            BookError::File(FileError::NotAFile { .. } | FileError::NotAFileBeside { .. })
        ) =>
        {
            AS_SAID.to_owned()
        }
        ErrorCode::DiskFull => "make room on the disk; the book itself is not touched".to_owned(),
        ErrorCode::DiskReadOnly => "make the disk writable; the book itself is not \
            touched"
            .to_owned(),
        ErrorCode::BookBusy => "close the program that holds it (`fuser` names it), then run \
            doctor again"
            .to_owned(),
        ErrorCode::BookNewer => "update this program: ./build.sh build, then `onionmeter \
            install`"
            .to_owned(),
        ErrorCode::BookUnwritable => format!(
            "see who may read and write {} and the folder it is \
            in (`ls -ld`), and whether the disk is sound (`dmesg`)",
            book.display()
        ),
        _ => "run `onionmeter stop`, move book.sqlite3 with its -wal and -shm away, then \
            `onionmeter restore FILE` with a backup of it or a file of `onionmeter reports \
            --json`; where there is neither, `onionmeter new-chain`"
            .to_owned(),
    };
    Bad {
        what: format!("book {}: {}", book.display(), problems::chain(error)),
        remedy,
    }
}
