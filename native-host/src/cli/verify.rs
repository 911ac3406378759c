//! `verify FILE`: checks reports with only the file and, if given, the expected key.

mod evidence;

use super::{
    given_path,
    kind::{Kind, Reader},
    outcome::{CommandError, Outcome},
    output::{Answer, Format, Lines},
    print,
    reports::row,
    when,
};
use crate::EXIT_DATA;
use clap::Args;
use evidence::Expected;
use meter_core::{ChainError, ChainHead, ChainId, DeviceKey, SessionReport, Signed, Verified};
use meter_wire::{ReportsFile, parse_reports_file};
use std::{
    fs::File,
    io::{Read as _, stdin},
    path::{Path, PathBuf},
};

const HELP: &str = "\
Examples:
  onionmeter verify evidence.json
  onionmeter verify reports.json
  onionmeter verify reports.json --key 3b6a27bc...        also whose they are
  onionmeter reports --json | onionmeter verify -

Exit status: 0 everything holds, 65 something does not, 66 the file is not there or cannot be \
read.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// A file of `onionmeter export` or `onionmeter reports --json`; `-` reads standard input
    #[arg(value_parser = given_path::parser())]
    file: PathBuf,
    /// The public key that must have signed them, in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = key)]
    key: Option<String>,
    /// The ledger's key that must have signed receipts in an export, in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = key)]
    ledger: Option<String>,
}

/// Enough for the reports of some centuries; a larger file was not made by Onionmeter.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

pub(super) fn run(arguments: &Arguments, format: Format) -> Outcome {
    let text = text(&arguments.file, Reader::Verify)?;
    let name = name(&arguments.file);
    let kind = Kind::of(&text);
    if let Some(refusal) = Reader::Verify.refuses(kind, &name) {
        return Err(refusal);
    }
    let expected = Expected {
        key: arguments.key.as_deref(),
        ledger: arguments.ledger.as_deref(),
    };
    if kind == Kind::Export {
        return evidence::run(&text, &name, &expected, format);
    }
    if expected.ledger.is_some() {
        return Err(bad(&format!(
            "{name} has no receipts; `onionmeter export` adds them"
        )));
    }
    reports(arguments, &of_text(&text, &name, Reader::Verify)?, format)
}

/// A public key as people hand it out. A part of one would fit no file, as if it were forged.
fn key(text: &str) -> Result<String, String> {
    let is_digit = |byte: u8| byte.is_ascii_hexdigit();
    match text.trim() {
        key if key.len() == KEY_DIGITS && key.bytes().all(is_digit) => Ok(key.to_owned()),
        _ => Err(format!("a key has {KEY_DIGITS} hexadecimal digits")),
    }
}

/// Of an Ed25519 key.
const KEY_DIGITS: usize = 64;

/// Verifies a file of reports.
fn reports(arguments: &Arguments, file: &ReportsFile, format: Format) -> Outcome {
    let key = DeviceKey(file.key.0);
    let key_text = hex::encode(key.0);
    if let Some(expected) = &arguments.key
        && !expected.eq_ignore_ascii_case(&key_text)
    {
        return Err(bad(&format!(
            "the file is signed by {key_text}, not by the key that you gave"
        )));
    }
    let genesis = ChainHead::genesis(ChainId(file.chain.0), key);
    let mut head: Option<ChainHead> = None;
    let (mut out, zone) = (Lines::new(format), when::zone());
    for (index, wire) in file.reports.iter().enumerate() {
        let place = index.saturating_add(1);
        let report = Signed::from(wire)
            .verify(key)
            .map_err(|error| bad(&format!("entry {place} of the file: {error}")))?;
        let next = match &head {
            Some(head) => head.follow(&report),
            None => first(&report, &genesis),
        };
        head = Some(next.map_err(|error| bad(&format!("entry {place} of the file: {error}")))?);
        out.line(format_args!("{}  verified", row(report.value(), &zone)))?;
    }
    let Some(head) = head else {
        return Err(bad("the file holds no reports"));
    };
    // Each report follows the one before it, so the last number equals the count only if the first
    // is 1.
    let complete = u64::try_from(file.reports.len()).is_ok_and(|count| count == head.sequence);
    out.line(format_args!(
        "{}. Running total: {} credits.\nSigned by {key_text}",
        verified(file.reports.len(), complete),
        meter_core::credits_exact(head.totals.amount),
    ))?;
    if arguments.key.is_none() {
        out.line(
            "This shows who signed and that nothing was changed. Whose key it is, you must know \
                from elsewhere (--key).",
        )?;
    }
    out.end(
        Answer::new("verified", "")
            .with("reports", file.reports.len())
            .with("complete", complete)
            .with("credits", meter_core::credits_exact(head.totals.amount))
            .with("key", key_text),
    )
}

/// What holds of all reports of a file.
fn verified(count: usize, complete: bool) -> String {
    let (verify, are) = match count {
        1 => ("The report verifies".to_owned(), "is"),
        many => (
            format!("All {} verify", print::counted(many, "report")),
            "are",
        ),
    };
    match complete {
        true => format!("{verify} and {are} the chain from its beginning"),
        false => format!("{verify}; earlier ones are not in the file"),
    }
}

/// The head of the chain after the first report of the file; earlier reports may be elsewhere.
fn first(report: &Verified<SessionReport>, genesis: &ChainHead) -> Result<ChainHead, ChainError> {
    let value = report.value();
    if value.sequence == 1 {
        return genesis.follow(report);
    }
    if value.chain != genesis.chain {
        return Err(ChainError::OtherChain);
    }
    let (sequence, link, totals) = (value.sequence, value.link(), value.totals);
    Ok(ChainHead {
        sequence,
        link,
        totals,
        ..*genesis
    })
}

/// Reads a file of reports that is put back, from standard input for `-`. Nothing in it is verified
/// yet.
pub(super) fn read(path: &Path) -> Result<ReportsFile, CommandError> {
    let (text, name) = (text(path, Reader::Restore)?, name(path));
    match Reader::Restore.refuses(Kind::of(&text), &name) {
        Some(refusal) => Err(refusal),
        None => of_text(&text, &name, Reader::Restore),
    }
}

/// What the file is called in sentences.
fn name(path: &Path) -> String {
    match path.to_str() {
        Some("-") => "what came by standard input".to_owned(),
        _ => path.display().to_string(),
    }
}

fn text(path: &Path, reader: Reader) -> Result<Vec<u8>, CommandError> {
    let mut text = Vec::new();
    let limit = FILE_BYTES_MAX.saturating_add(1);
    let outcome = if path.as_os_str() == "-" {
        stdin().take(limit).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut text))
    };
    let bytes = outcome.map_err(|error| reader.unreadable(path, &error))?;
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > FILE_BYTES_MAX) {
        let name = name(path);
        return Err(bad(&format!(
            "{name} is larger than {FILE_BYTES_MAX} bytes"
        )));
    }
    // Editors and shells of other systems begin a text like this.
    if text.starts_with("\u{feff}".as_bytes()) {
        text.drain(.."\u{feff}".len());
    }
    Ok(text)
}

fn of_text(text: &[u8], name: &str, reader: Reader) -> Result<ReportsFile, CommandError> {
    parse_reports_file(text)
        .map_err(|problem| reader.unknown(name, &problem.detail.unwrap_or_default()))
}

fn bad(message: &str) -> CommandError {
    CommandError::Exit(EXIT_DATA, message.to_owned())
}
