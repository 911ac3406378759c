//! `reports`: what the book holds, each verified again on the way out.

use super::{Failure, Outcome, print};
use crate::{EXIT_DATA, EXIT_UNAVAILABLE, home::Home, problems};
use clap::Args;
use meter_core::{SessionReport, Signed};
use meter_ledger::{Book, BookError};
use meter_wire::{ErrorCode, HexBytes, REPORTS_FORMAT, ReportsFile, WireReport};
use std::{
    io::{self, Write as _, stdout},
    path::PathBuf,
    process::ExitCode,
};

#[derive(Args)]
pub(super) struct Arguments {
    /// Print a file that `onionmeter verify` and anybody else can check
    #[arg(long)]
    json: bool,
    /// Show another book, for example one that `new-chain` has kept; nothing is written to it
    #[arg(long, value_name = "FILE")]
    book: Option<PathBuf>,
}

const PAGE: u32 = 500;

/// Reads the book itself, so that looking starts no daemon and no Tor.
pub(super) fn run(arguments: &Arguments, home: &Home) -> Outcome {
    let path = arguments.book.clone().unwrap_or_else(|| home.book());
    if arguments.book.is_none() && !path.try_exists()? {
        let message = "There are no reports yet: the first session makes the book.";
        return Err(Failure::Exit(EXIT_UNAVAILABLE, message.to_owned()));
    }
    let failed = |error: BookError| {
        let message = format!("{}: {}", path.display(), problems::chain(&error));
        match problems::book(&error, &path).code {
            ErrorCode::BookDamaged => Failure::Exit(EXIT_DATA, message),
            _ => Failure::Exit(EXIT_UNAVAILABLE, message),
        }
    };
    let book = Book::open_to_read(&path).map_err(failed)?;
    let Some((chain, key)) = book.chain().map_err(failed)? else {
        let message = "There are no reports yet.";
        return Err(Failure::Exit(EXIT_UNAVAILABLE, message.to_owned()));
    };
    let reports = all(&book).map_err(failed)?;
    if arguments.json {
        let reports = reports
            .iter()
            .map(WireReport::try_from)
            .collect::<Result<Vec<_>, _>>();
        let file = ReportsFile {
            format: REPORTS_FORMAT.to_owned(),
            key: HexBytes(key.0),
            chain: HexBytes(chain.0),
            reports: reports.map_err(|error| Failure::Exit(EXIT_DATA, error.to_string()))?,
        };
        let json = serde_json::to_string_pretty(&file).map_err(io::Error::other)?;
        writeln!(stdout(), "{json}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = stdout().lock();
    writeln!(
        out,
        "{:>6}  {:23}  {:>11}  {:>11}  {:>11}  {:>12}",
        "number", "ended", "duration", "up", "down", "credits"
    )?;
    for signed in reports {
        let verified = signed
            .verify(key)
            .map_err(|error| Failure::Exit(EXIT_DATA, error.to_string()))?;
        writeln!(out, "{}  verified", row(verified.value()))?;
    }
    let balance = book.balance().map_err(failed)?;
    writeln!(
        out,
        "Balance: {} credits",
        meter_core::credits_exact(balance)
    )?;
    Ok(ExitCode::SUCCESS)
}

fn all(book: &Book) -> Result<Vec<Signed<SessionReport>>, BookError> {
    let mut reports: Vec<Signed<SessionReport>> = Vec::new();
    loop {
        let after = u64::try_from(reports.len()).unwrap_or(u64::MAX);
        let page = book.reports(after, PAGE)?;
        if page.is_empty() {
            return Ok(reports);
        }
        reports.extend(page);
    }
}

pub(super) fn row(report: &SessionReport) -> String {
    format!(
        "{:>6}  {}  {:>11}  {:>11}  {:>11}  {:>12}",
        report.sequence,
        print::time(report.ended_at),
        print::duration(report.duration.get()),
        print::bytes(report.bytes_up.get()),
        print::bytes(report.bytes_down.get()),
        meter_core::credits_short(report.amount),
    )
}
