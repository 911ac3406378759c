//! The file of receipts, checked without writing to it.

use super::finding::Finding::{self, Bad, Good};
use crate::{home::Home, problems};
use meter_core::{SessionReport, Signed, credits_exact};
use meter_ledger::{Book, Receipts, ReceiptsAudit, ReceiptsError};
use meter_wire::ErrorCode;
use std::{fs, io};

/// `None` for a device that was never enrolled.
pub(super) fn finding(home: &Home) -> Option<Finding> {
    let is_missing = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
    if fs::symlink_metadata(home.receipts()).is_err_and(is_missing) {
        return None;
    }
    Some(match audit(home) {
        Ok(audit) => Good(format!(
            "receipts: {}, every signature checked, {} credits",
            audit.receipts,
            credits_exact(audit.awarded)
        )),
        Err(error) => Bad {
            what: format!(
                "receipts {}: {}",
                home.receipts().display(),
                problems::chain(&error)
            ),
            remedy: remedy(problems::receipts(&error, &home.receipts()).code).to_owned(),
        },
    })
}

/// Receipts are compared with the reports of the book in use. Those of ended chains are in other
/// books.
fn audit(home: &Home) -> Result<ReceiptsAudit, ReceiptsError> {
    let receipts = Receipts::open_to_read(&home.receipts())?;
    // What is wrong with the book has its own finding.
    let book = Book::open_to_read(&home.book()).ok();
    let chain = book.as_ref().and_then(|book| book.chain().ok()?);
    receipts.audit(|of, sequence| {
        let is_of_it = chain.is_some_and(|(chain, _)| chain == of);
        report_of(book.as_ref().filter(|_| is_of_it)?, sequence)
    })
}

fn report_of(book: &Book, sequence: u64) -> Option<Signed<SessionReport>> {
    let after = sequence.checked_sub(1)?;
    book.reports(after, 1).ok()?.into_iter().next()
}

const fn remedy(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::ReceiptsNewer => {
            "update this program: ./build.sh build, then `onionmeter install`"
        }
        ErrorCode::ReceiptsDamaged => {
            "keep it: run `onionmeter stop`, move receipts.sqlite3 with its -wal and -shm away, \
             then `onionmeter enroll LEDGER`; the ledger goes on where it stands"
        }
        ErrorCode::DiskFull => "make room on the disk; the file itself is not touched",
        ErrorCode::DiskReadOnly => "make the disk writable; the file itself is not touched",
        _ => {
            "see who may read and write it (`ls -l`), and whether the disk is sound (`dmesg`); no \
             report is lost"
        }
    }
}
