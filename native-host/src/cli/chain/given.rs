//! The file that `restore` is given: a backup, a book, or reports as `reports --json` prints them.

use crate::{
    EXIT_DATA,
    backup::AGE,
    cli::{
        kind::{Reader, SQLITE},
        outcome::CommandError,
        reports, verify,
    },
    problems,
    shell_word::shell_word,
};
use meter_ledger::Book;
use meter_wire::{HexBytes, WireReport};
use std::{fs::File, io::Read as _, path::Path};

/// The command that shows the reports of a file.
pub(super) fn how_to_look(path: &Path) -> String {
    let name = shell_word(path);
    match path.is_file() && begin_of(path, SQLITE.len()).is_ok_and(|begin| begin == SQLITE) {
        true => format!("`onionmeter reports --book {name}`"),
        false => format!("`onionmeter verify {name}`"),
    }
}

/// Whether the file is encrypted, as only a backup is.
pub(super) fn is_backup(path: &Path) -> Result<bool, CommandError> {
    // A pipe can be read only once, so a backup must be a file. `read` names what is not there.
    if !path.is_file() {
        return Ok(false);
    }
    Ok(begin_of(path, AGE.len())? == AGE)
}

fn begin_of(path: &Path, length: usize) -> Result<Vec<u8>, CommandError> {
    let mut first = Vec::new();
    let limit = u64::try_from(length).unwrap_or(u64::MAX);
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut first));
    read.map_err(|error| Reader::Restore.unreadable(path, &error))?;
    Ok(first)
}

/// A chain, and reports of it.
pub(super) type Reports = (HexBytes<16>, Vec<WireReport>);

/// The chain and the reports of a file.
pub(super) fn read(path: &Path) -> Result<Reports, CommandError> {
    let name = path.display();
    let bad = |why: String| CommandError::Exit(EXIT_DATA, format!("{name}: {why}"));
    // A pipe can be read only once, and contains no book.
    let is_pipe = std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir());
    if is_pipe || path.as_os_str() == "-" {
        let file = verify::read(path)?;
        return Ok((file.chain, file.reports));
    }
    if begin_of(path, SQLITE.len())? == SQLITE {
        return of_book(path).map_err(|error| bad(problems::chain(&error)));
    }
    let file = verify::read(path)?;
    Ok((file.chain, file.reports))
}

fn of_book(path: &Path) -> Result<Reports, meter_ledger::BookError> {
    let book = Book::open_to_read(path)?;
    let chain = book.chain()?.map(|(chain, _)| HexBytes(chain.0));
    // A row of the book has the length of a report; the daemon verifies its content.
    let reports = reports::all(&book)?;
    let reports = reports.iter().filter_map(|report| report.try_into().ok());
    let reports = reports.collect();
    Ok((chain.unwrap_or(HexBytes([0; 16])), reports))
}
