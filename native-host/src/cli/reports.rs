//! `reports`: the reports in the book, each verified again before it is shown.

use super::{
    exit, given_path,
    outcome::{CommandError, Outcome},
    output::Format,
    print, when,
};
use crate::{
    EXIT_DATA, EXIT_USAGE,
    accounting::EarlierChains,
    home::Home,
    last_signed::LastSigned,
    problems, restored,
    shell_word::shell_word,
    system::{clock::Clock, files::other_than_a_file},
};
use clap::Args;
use jiff::tz::TimeZone;
use meter_core::{Amount, ChainId, DeviceKey, SessionReport, Signed, Verified, credits_exact};
use meter_ledger::{Book, BookError};
use meter_wire::{HexBytes, REPORTS_FORMAT, ReportsFile, WireReport};
use std::{
    fs,
    io::{self, Write as _, stdout},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
};

const HELP: &str = "\
Examples:
  onionmeter reports --limit 10
  onionmeter reports --since 2h
  onionmeter reports --since yesterday
  onionmeter reports --json > reports.json      `onionmeter verify` checks it anywhere
  onionmeter reports --csv > reports.csv        for a spreadsheet; its credits add up to what this
                                                chain claims

Times are local, with their offset from UTC. What --limit and --since leave is always the newest
part of the chain without a gap, so that it can be verified, too. After `new-chain` the list begins
anew; --book shows the chain before, and the balance counts both.

Exit status: 0 done, 5 there are no reports in this chain yet, or none since then, 64 a date that
is none, 65 the book does not hold up, 66 it cannot be read.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Only the newest of them
    #[arg(
        long,
        short = 'n',
        value_name = "NUMBER",
        value_parser = count,
        allow_hyphen_values = true,
    )]
    limit: Option<NonZeroUsize>,
    /// Only those that ended since then: 2h, 7d, today, yesterday, 2026-11-28, 2026-11-28T14:30
    #[arg(long, value_name = "TIME", value_parser = when::since, allow_hyphen_values = true)]
    since: Option<when::Since>,
    /// Show another book, for example one that `new-chain` has kept; nothing is written to it
    #[arg(long, value_name = "FILE", value_parser = given_path::parser())]
    book: Option<PathBuf>,
    /// Print a table for a spreadsheet (RFC 4180); times in milliseconds since 1970
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

const PAGE: u32 = 500;

fn count(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.trim().parse();
    number.map_err(|_| "write a whole number from 1 on, such as 10".to_owned())
}

/// Reads the book itself, so that looking starts no daemon and no Tor.
pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    let path = place(arguments, home)?;
    let failed = |error: BookError| {
        let why = problems::chain(&error);
        let path_text = path.display().to_string();
        // Some name it themselves.
        let message = match why.contains(&path_text) {
            true => why,
            false => format!("{path_text}: {why}"),
        };
        let code = problems::book(&error, &path).code;
        CommandError::Exit(exit::of_problem(code), message)
    };
    let book = Book::open_to_read(&path).map_err(failed)?;
    let in_use = book.chain().map_err(failed)?;
    let earlier = match arguments.book {
        Some(_) => EarlierChains::default(),
        None => EarlierChains::read(home, in_use.map(|(chain, _)| chain)),
    };
    let none = || none_yet(&earlier, "There are no reports yet.");
    let (chain, key) = in_use.ok_or_else(none)?;
    let all = all(&book).map_err(failed)?;
    if all.is_empty() {
        return Err(none());
    }
    let (zone, count) = (when::zone(), all.len());
    let reports = verified(&all, key, &path)?;
    let first = first_of(arguments, &reports, &zone)?;
    if first == count {
        let newest = reports.last().map(|newest| newest.value().ended_at);
        let newest = newest.map(|at| when::local(at, &zone)).unwrap_or_default();
        let message = format!("No report ended since then; the newest of {count} ended {newest}.");
        return Err(CommandError::Exit(exit::NO_REPORTS, message));
    }
    if format == Format::Json {
        let shown = all.get(first..).unwrap_or_default();
        return print_json(shown, chain, key).map(|()| ExitCode::SUCCESS);
    }
    if arguments.csv {
        let shown = reports.get(first..).unwrap_or_default();
        return print_csv(shown)
            .map(|()| ExitCode::SUCCESS)
            .map_err(CommandError::Output);
    }
    let balance = book.balance().map_err(failed)?;
    let shown = reports.get(first..).unwrap_or_default();
    let sum = match arguments.book {
        Some(_) => format!("This book: {} credits", credits_exact(balance)),
        None => sum(balance, &earlier),
    };
    let printed = print_table(shown, count, &sum, &zone);
    printed.map_err(CommandError::Output)?;
    Ok(ExitCode::SUCCESS)
}

fn verified(
    all: &[Signed<SessionReport>],
    key: DeviceKey,
    path: &Path,
) -> Result<Vec<Verified<SessionReport>>, CommandError> {
    let verify = |(signed, number): (&Signed<SessionReport>, u64)| {
        signed.clone().verify(key).map_err(|error| {
            let path = path.display();
            let text = format!(
                "{path}: report {number} does not verify: {error}; `onionmeter doctor` says what \
                    to do"
            );
            CommandError::Exit(EXIT_DATA, text)
        })
    };
    all.iter().zip(1_u64..).map(verify).collect()
}

/// Why there is nothing to show: without an earlier chain `words`, otherwise where its reports are.
fn none_yet(earlier: &EarlierChains, words: &str) -> CommandError {
    let message = match earlier.newest_book() {
        None => words.to_owned(),
        Some(book) => {
            let (reports, chains) = (earlier.reports(), earlier.sum().chains);
            let of = match chains {
                1 => "an earlier one".to_owned(),
                chains => format!("{chains} earlier ones"),
            };
            let book = shell_word(book);
            format!(
                "There are no reports in this chain yet; {} in {of}: `onionmeter reports --book \
                    {book}` shows {}.",
                print::grouped(reports),
                if chains == 1 { "them" } else { "the last one" },
            )
        }
    };
    CommandError::Exit(exit::NO_REPORTS, message)
}

/// What the chain in use claims, and what `status` calls the balance.
fn sum(here: Amount, earlier: &EarlierChains) -> String {
    let all = here.get().saturating_add(earlier.sum().amount.0);
    match (earlier.sum().chains, Amount::new(all)) {
        (1.., Some(all)) => format!(
            "This chain: {} credits; balance {} with earlier chains",
            credits_exact(here),
            credits_exact(all)
        ),
        (..) => format!("Balance: {} credits", credits_exact(here)),
    }
}

/// The book's path, once something is there.
fn place(arguments: &Arguments, home: &Home) -> Result<PathBuf, CommandError> {
    restored::finish_alone(home).map_err(|error| {
        let text = format!(
            "{}: a backup cannot be put in place: {error}",
            home.root().display()
        );
        CommandError::Exit(exit::CANNOT_WRITE, text)
    })?;
    let path = arguments.book.clone().unwrap_or_else(|| home.book());
    let cannot = |error: io::Error| {
        let text = format!("{} cannot be read: {error}", path.display());
        CommandError::Exit(exit::NO_INPUT, text)
    };
    // A link that leads nowhere is no missing book.
    let is_there = path.is_symlink() || path.try_exists().map_err(cannot)?;
    if arguments.book.is_some() {
        let found = fs::metadata(&path);
        let other = found.map(|found| other_than_a_file(found.file_type()));
        let text = match other {
            _ if !is_there => format!("{} is not there", path.display()),
            Ok(Some(what)) => format!("{} is {what} and no book; name its file", path.display()),
            Ok(None) | Err(_) => return Ok(path),
        };
        return Err(CommandError::Exit(exit::NO_INPUT, text));
    }
    if !is_there {
        let record = LastSigned::load(&home.last_signed()).ok();
        if let Some(last) = record.as_ref().and_then(LastSigned::in_use) {
            let text = format!(
                "{} is missing, and it held {}; put it back, or see what `onionmeter doctor` says",
                path.display(),
                print::counted(last.sequence, "report")
            );
            return Err(CommandError::Exit(EXIT_DATA, text));
        }
        let words = "There are no reports yet: the first session makes the book.";
        return Err(none_yet(&EarlierChains::read(home, None), words));
    }
    Ok(path)
}

/// Index of the first report to show. Clocks may be set back, so no report after it is left out.
fn first_of(
    arguments: &Arguments,
    reports: &[Verified<SessionReport>],
    zone: &TimeZone,
) -> Result<usize, CommandError> {
    let newest = arguments
        .limit
        .map_or(0, |limit| reports.len().saturating_sub(limit.get()));
    let Some(since) = arguments.since else {
        return Ok(newest);
    };
    let since = since.at(Clock::wall(), zone);
    let since = since.map_err(|why| CommandError::Exit(EXIT_USAGE, format!("--since: {why}")))?;
    let first = reports
        .iter()
        .position(|report| report.value().ended_at.get() >= since);
    Ok(newest.max(first.unwrap_or(reports.len())))
}

/// In the order of the specification; the members of an answer have another order.
fn print_json(
    shown: &[Signed<SessionReport>],
    chain: ChainId,
    key: DeviceKey,
) -> Result<(), CommandError> {
    let reports = shown.iter().map(WireReport::try_from);
    let reports = reports.collect::<Result<Vec<_>, _>>();
    let file = ReportsFile {
        state: Some("reports".to_owned()),
        format: REPORTS_FORMAT.to_owned(),
        key: HexBytes(key.0),
        chain: HexBytes(chain.0),
        reports: reports.map_err(|error| CommandError::Exit(EXIT_DATA, error.to_string()))?,
    };
    let json = serde_json::to_string_pretty(&file).expect("members are texts");
    writeln!(stdout(), "{json}").map_err(CommandError::Output)
}

/// Every field is a number, so that none needs quotes. Lines end as RFC 4180 says.
fn print_csv(shown: &[Verified<SessionReport>]) -> io::Result<()> {
    let mut out = stdout().lock();
    write!(
        out,
        "number,started_at_ms,ended_at_ms,duration_ms,bytes_up,bytes_down,credits\r\n"
    )?;
    for report in shown {
        let report = report.value();
        write!(
            out,
            "{},{},{},{},{},{},{}\r\n",
            report.sequence,
            report.started_at.get(),
            report.ended_at.get(),
            report.duration.get(),
            report.bytes_up.get(),
            report.bytes_down.get(),
            credits_exact(report.amount),
        )?;
    }
    out.flush()
}

fn print_table(
    shown: &[Verified<SessionReport>],
    count: usize,
    sum: &str,
    zone: &TimeZone,
) -> io::Result<()> {
    let mut out = stdout().lock();
    writeln!(
        out,
        "{:>6}  {:26}  {:>11}  {:>11}  {:>11}  {:>12}",
        "number", "ended (local time)", "duration", "up", "down", "credits"
    )?;
    for report in shown {
        writeln!(out, "{}  verified", row(report.value(), zone))?;
    }
    if shown.len() < count {
        writeln!(
            out,
            "{} of {}",
            shown.len(),
            print::counted(count, "report")
        )?;
    }
    writeln!(out, "{sum}")?;
    out.flush()
}

pub(super) fn all(book: &Book) -> Result<Vec<Signed<SessionReport>>, BookError> {
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

pub(super) fn row(report: &SessionReport, zone: &TimeZone) -> String {
    format!(
        "{:>6}  {}  {:>11}  {:>11}  {:>11}  {:>12}",
        report.sequence,
        when::local(report.ended_at, zone),
        print::duration(report.duration.get()),
        print::bytes(report.bytes_up.get()),
        print::bytes(report.bytes_down.get()),
        meter_core::credits_short(report.amount),
    )
}
