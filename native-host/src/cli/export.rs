//! `export FILE`: the evidence in one file, for anybody to check.

use super::{
    exit, given_path,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    print::counted,
};
use crate::{
    EXIT_DATA,
    export::{self, CollectError},
    files,
    home::Home,
    problems, restored,
    shell_word::shell_word,
};
use clap::Args;
use meter_wire::{HexBytes, U64Text};
use std::{
    io::{self, Write as _, stdout},
    path::PathBuf,
    process::ExitCode,
};

const HELP: &str = "\
Examples:
  onionmeter export evidence.json
  onionmeter export - | onionmeter verify -
  onionmeter verify evidence.json              on any computer, without a network

In it: all signed reports, the ledger's receipts, keys, key changes and policies, and what a ledger
sent against its own word. Not in it: the signing key, the account, the ledger's address.

Exit status: 0 written, 5 there are no reports yet, 65 book or receipts do not hold up, 73 the file
exists already or cannot be written.";

/// Write reports, receipts, keys and policies to one file that anybody can check
#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Export {
    /// The file to write; `-` writes to standard output
    #[arg(value_parser = given_path::parser())]
    file: PathBuf,
}

pub(super) fn run(arguments: &Export, home: &Home, format: Format) -> Outcome {
    let name = arguments.file.display();
    let cannot = |error: &io::Error| {
        let text = match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{name} is there already; an export is not written over it")
            }
            _ => format!("{name} cannot be written: {error}"),
        };
        CommandError::Exit(exit::CANNOT_WRITE, text)
    };
    restored::finish_alone(home).map_err(|error| {
        let root = home.root().display();
        let text = format!("{root}: a backup cannot be put in place: {error}");
        CommandError::Exit(exit::CANNOT_WRITE, text)
    })?;
    let (file, unread) = export::collect(home).map_err(|error| failed(&error))?;
    // What this program would refuse is not given to anybody.
    let proven = file
        .check()
        .map_err(|error| CommandError::Exit(EXIT_DATA, error.to_string()))?;
    if arguments.file.as_os_str() == "-" {
        let text = file.text();
        let written = stdout().write_all(text.as_bytes());
        written.map_err(CommandError::Output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = std::path::absolute(&arguments.file).map_err(|error| cannot(&error))?;
    files::create(&path, file.text().as_bytes(), 0o600).map_err(|error| cannot(&error))?;
    let receipts: u64 = proven.ledgers.iter().map(|ledger| ledger.receipts).sum();
    let mut text = format!(
        "{name} holds {} and {}. `onionmeter verify {}` checks it on any computer.\n",
        counted(proven.reports, "report"),
        counted(receipts, "receipt"),
        shell_word(&arguments.file)
    );
    for path in &unread {
        text += &format!("{} cannot be read and is not in it.\n", path.display());
    }
    Answer::new("exported", text)
        .with("file", path.to_string_lossy())
        .with("reports", U64Text(proven.reports))
        .with("receipts", U64Text(receipts))
        .with("key", HexBytes(proven.key))
        .print(format)
}

fn failed(error: &CollectError) -> CommandError {
    let code = match error {
        CollectError::Nothing => exit::NO_REPORTS,
        CollectError::Book { path, source } => exit::of_problem(problems::book(source, path).code),
        CollectError::Receipts { path, source } => {
            exit::of_problem(problems::receipts(source, path).code)
        }
        _ => EXIT_DATA,
    };
    CommandError::Exit(code, problems::chain(error))
}
