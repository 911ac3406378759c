//! `restore` and `new-chain`: the remedies when the book is older than the last signed report.

mod given;
mod pages;

use super::{
    ask::{self, Patience},
    backup, exit, given_path,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    print, reports,
};
use crate::{
    EXIT_DATA, EXIT_USAGE, files, home::Home, ipc, key, last_signed::LastSigned, problems,
    shell_word::shell_word,
};
use clap::Args;
use meter_ledger::Book;
use meter_wire::{ErrorCode, HexBytes, Problem, Request, Status, U64Text, WireReport};
use std::path::{Path, PathBuf};

const RESTORE_HELP: &str = "\
Examples:
  onionmeter restore onionmeter.age            a backup, into a home that is empty
  onionmeter restore onionmeter.age --replace  or in the place of what is there, which is kept
  onionmeter restore reports.json              reports that the book has lost

A backup is put in place in one step, while no daemon runs. The computer that it is from may have
signed more since: before this one signs, it asks the ledger, or takes later reports back from a
browser. If there are some that it cannot have, it begins a new chain and keeps the old one.

Exit status: 0 it is in place, or the book has them again, 64 something is there already, 65 another
passphrase, or the file or a report in it does not hold up, 66 it is not there, 73 the home cannot
be written, 77 the daemon runs.";

const NEW_CHAIN_HELP: &str = "\
Examples:
  onionmeter new-chain                  when a problem names it
  onionmeter new-chain --new-key        after this device was removed from its account at a ledger,
                                        or if others may know its key

The reports of before stay in their book, with their key in them: they still verify, and their
credits still count. A new key signs none of them. A ledger does not know it: enrol it again.

Exit status: 0 a new chain has begun (with --keep-book: this one goes on), 64 nothing is wrong with
this one, 73 the book cannot be put aside, 77 this device is enrolled, so its ledger must be left
before it gets a new key.";

#[derive(Args)]
#[command(after_help = RESTORE_HELP)]
pub(super) struct Restore {
    /// A file of `onionmeter backup`, one of `onionmeter reports --json` (`-` reads standard
    /// input), or another book.sqlite3, which stays as it is
    #[arg(value_parser = given_path::parser())]
    file: PathBuf,
    #[command(flatten)]
    backup: backup::Options,
}

#[derive(Args)]
#[command(after_help = NEW_CHAIN_HELP)]
pub(super) struct NewChain {
    /// Also if there is no problem with the current chain
    #[arg(long)]
    yes: bool,
    /// Make a new key for it, and keep the old one unused; `onionmeter ledger leave` comes first
    #[arg(long, conflicts_with = "keep_book")]
    new_key: bool,
    /// Go on with the chain of the book.sqlite3 that is there, after another chain was signed last
    #[arg(long, conflicts_with = "yes")]
    keep_book: bool,
}

pub(super) fn restore(arguments: &Restore, home: &Home, format: Format) -> Outcome {
    if given::is_backup(&arguments.file)? {
        return backup::restore(&arguments.file, &arguments.backup, home, format);
    }
    let (chain, reports) = given::read(&arguments.file)?;
    let name = arguments.file.display().to_string();
    // A daemon would make a key, which is no help for these reports and in the way of a backup.
    if !files::is_there(&home.key()) {
        let look = given::how_to_look(&arguments.file);
        let message = format!(
            "there is no key here, so the reports of {name} cannot be continued; restore a backup, \
                which holds their key, or look at them with {look}"
        );
        return Err(CommandError::Exit(EXIT_DATA, message));
    }
    let handed = Patience::default().wait(async {
        let mut daemon = ipc::Connection::attach_or_start(home).await?;
        hand_over(&mut daemon, chain, &reports, format).await
    })?;
    let Some(handed) = handed else {
        let look = given::how_to_look(&arguments.file);
        let message = format!(
            "{name} holds another chain than the book; nothing was taken, and {look} shows it"
        );
        return Err(CommandError::Exit(EXIT_DATA, message));
    };
    handed.answer(&name, reports.len()).print(format)
}

/// What came of reports that were handed to the daemon.
struct Handed {
    /// How many the book lacked before. If the daemon no longer says that, how many it accepted.
    taken: u64,
    after: Option<Status>,
    problem: Option<Problem>,
}

/// Hands the reports over; `None` if the book is of another chain.
async fn hand_over(
    daemon: &mut ipc::Connection,
    chain: HexBytes<16>,
    reports: &[WireReport],
    format: Format,
) -> Result<Option<Handed>, Problem> {
    let before = ask::status(daemon).await?;
    if before.chain.is_some_and(|ours| ours != chain) {
        return Ok(None);
    }
    // Then the reports that it names are in no book.
    let held = match before.problem.as_ref().is_some_and(is_away) {
        true => 0,
        false => before.reports.0,
    };
    let outcome = pages::hand_over(daemon, reports, format).await;
    let handed = match (outcome, ask::status(daemon).await) {
        (Err((_, problem)), Ok(after)) if is_away(&problem) => Handed {
            taken: 0,
            after: Some(after),
            problem: Some(problem),
        },
        (outcome, Ok(after)) => Handed {
            taken: after.reports.0.saturating_sub(held),
            after: Some(after),
            problem: outcome.err().map(|(_, problem)| problem),
        },
        (Err((taken, problem)), Err(_)) => Handed {
            taken,
            after: None,
            problem: Some(problem),
        },
        (Ok(()), Err(problem)) => return Err(problem),
    };
    Ok(Some(handed))
}

impl Handed {
    /// `all`: how many reports the file of that name has.
    fn answer(self, name: &str, all: usize) -> Answer {
        let (taken, were) = (
            print::counted(self.taken, "report"),
            print::were(self.taken),
        );
        let text = match &self.after {
            Some(after) if self.problem.is_none() => format!(
                "{taken} {were} taken into the book; it holds {} now.",
                print::grouped(after.reports.0)
            ),
            _ => String::new(),
        };
        let of_book = self.after.as_ref().and_then(Status::problem_of_book);
        let failure = match (self.problem, of_book) {
            (Some(problem), _) => Some(stopped(problem, self.taken, name, all)),
            (None, of_book) => of_book.cloned().map(CommandError::Problem),
        };
        let mut answer = Answer::new("restored", text).with("taken", U64Text(self.taken));
        if let Some(after) = self.after {
            answer = answer.with("reports", after.reports);
        }
        match failure {
            Some(failure) => answer.failed(failure),
            None => answer,
        }
    }
}

/// Why not all reports were handed over, with how many of them are in the book now.
fn stopped(mut problem: Problem, taken: u64, name: &str, all: usize) -> CommandError {
    let detail = problem.detail.take().unwrap_or_default();
    let (taken, were) = (
        format!(
            "{} of {}",
            print::grouped(taken),
            print::counted(all, "report")
        ),
        print::were(taken),
    );
    if problem.code == ErrorCode::BadRequest {
        let text = format!("{name}: {detail}; {taken} {were} taken before it");
        return CommandError::Exit(EXIT_DATA, text);
    }
    if is_away(&problem) {
        problem.detail = Some(detail);
        return CommandError::Problem(problem);
    }
    let separator = if detail.is_empty() { "" } else { "; " };
    problem.detail = Some(format!(
        "{detail}{separator}{taken} {were} taken: run the same command again for the rest"
    ));
    CommandError::Problem(problem)
}

/// Whether the book is not where it was opened. Handing over the same again does not mend that.
fn is_away(problem: &Problem) -> bool {
    problem.code == ErrorCode::BookMoved
}

pub(super) fn begin(arguments: &NewChain, home: &Home, format: Format) -> Outcome {
    if arguments.keep_book {
        return keep_book(home, format);
    }
    // The daemon puts the old book there, so only an unused name is shown.
    let no_name = |error| {
        let text = format!("{}: {error}", home.root().display());
        CommandError::Exit(exit::CANNOT_WRITE, text)
    };
    let kept = files::free_for_kept_book(&home.book()).map_err(no_name)?;
    let kept_key = key::free_for_old(&home.key()).map_err(no_name)?;
    let wanted = match arguments.new_key {
        true => Request::NewKey,
        false => Request::NewChain,
    };
    let begun = Patience::default().wait(async {
        let mut daemon = ipc::Connection::attach_or_start(home).await?;
        let before = ask::status(&mut daemon).await?;
        let is_wanted = arguments.yes || arguments.new_key;
        if !is_wanted && !before.problem.as_ref().is_some_and(is_mended_by_it) {
            return Ok(None);
        }
        daemon.ask(wanted).await?;
        Ok(Some(before))
    })?;
    let Some(before) = begun else {
        let message = "Nothing is wrong with the chain in use that a new one would mend; to end it \
            all the same, add --yes.";
        return Err(CommandError::Exit(EXIT_USAGE, message.to_owned()));
    };
    let kept = is_there(kept);
    // The daemon did not know while it could not use the book.
    let reports = match &kept {
        Some(kept) => reports_in(kept).map(U64Text),
        None => Some(before.reports),
    };
    let mut text = begins(kept.as_deref(), reports);
    let kept_key = is_there(kept_key);
    if arguments.new_key {
        text += "The new chain has a new key. ";
        if let Some(kept) = &kept_key {
            text += &format!(
                "The old one signs nothing more, and is kept as {}. ",
                kept.display()
            );
        }
        text += "`onionmeter enroll LEDGER` enrols the new one.\n";
    }
    let named = |path: Option<PathBuf>| path.map(|path| path.to_string_lossy().into_owned());
    let answer = Answer::new("begun", text)
        .with("book", named(kept))
        .with("reports", reports);
    match arguments.new_key {
        true => answer.with("old_key", named(kept_key)),
        false => answer,
    }
    .print(format)
}

/// What became of the chain before, whose book is kept as `kept` with so many reports.
fn begins(kept: Option<&Path>, reports: Option<U64Text>) -> String {
    let mut text = "A new chain of reports begins.".to_owned();
    text += match reports {
        Some(_) if kept.is_some() => " The credits of the chain before still count.",
        // An unused chain has no reports, and a book that holds none may be missing.
        Some(U64Text(0)) | None => "",
        Some(_) => {
            " The book of the chain before is not in its place, so its credits are no longer \
                counted here."
        }
    };
    text.push('\n');
    if let Some(kept) = kept {
        text += &match reports {
            Some(U64Text(reports)) => format!(
                "The old book with its {} is kept; `onionmeter reports --book {}` shows it.\n",
                print::counted(reports, "report"),
                shell_word(kept)
            ),
            None => format!(
                "What was in the book's place is kept as {}.\n",
                kept.display()
            ),
        };
    }
    text
}

fn is_there(path: PathBuf) -> Option<PathBuf> {
    path.symlink_metadata().is_ok().then_some(path)
}

/// Continues the chain of the book that is there. Until then the daemon has neither book nor record
/// open, so both can be used here.
fn keep_book(home: &Home, format: Format) -> Outcome {
    let kept = Patience::default().wait(async {
        let mut daemon = ipc::Connection::attach_or_start(home).await?;
        let before = ask::status(&mut daemon).await?;
        if before.problem.map(|problem| problem.code) != Some(ErrorCode::BookOther) {
            return Ok(None);
        }
        let of_book = |error| problems::book(&error, &home.book());
        let book = Book::open_to_read(&home.book()).map_err(of_book)?;
        let chain = book.chain().map_err(of_book)?;
        drop(book);
        let record = home.last_signed();
        let mut last_signed =
            LastSigned::load(&record).map_err(|error| problems::last_signed(&error))?;
        if let Some((chain, _)) = chain {
            last_signed
                .leave_others(chain)
                .map_err(|error| problems::record(&error, &record))?;
        }
        daemon.ask(Request::MonitorStart).await?;
        ask::status(&mut daemon).await.map(Some)
    })?;
    let Some(status) = kept else {
        let message = "The book that is there is of the chain in use already.";
        return Err(CommandError::Exit(EXIT_USAGE, message.to_owned()));
    };
    let text = format!(
        "The chain of this book goes on, with {} credits in {}.",
        print::credits(status.balance),
        print::counted(status.reports.0, "report")
    );
    let answer = Answer::new("kept", text).with("reports", status.reports);
    match status.problem_of_book() {
        Some(problem) => answer.failed(CommandError::Problem(problem.clone())),
        None => answer,
    }
    .print(format)
}

/// How many reports a book has that was put aside; `None` where it cannot be read.
fn reports_in(book: &Path) -> Option<u64> {
    let book = Book::open_to_read(book).ok()?;
    u64::try_from(reports::all(&book).ok()?.len()).ok()
}

/// A full disk, for example, is no reason to end a chain.
const fn is_mended_by_it(problem: &Problem) -> bool {
    matches!(
        problem.code,
        ErrorCode::BookBehind
            | ErrorCode::BookForked
            | ErrorCode::BookOther
            | ErrorCode::BookDamaged
            | ErrorCode::KeyMissing
    )
}
