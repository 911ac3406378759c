//! The command line. Commands print results to stdout and problems to stderr.

mod account;
mod answer;
mod audit;
mod backup;
mod copy;
mod device;
mod exit;
mod ids;
mod invite;
mod open;
mod policy;
mod prune;
mod quantity;
mod rotate_key;
mod serve;

use answer::{Answer, CommandError, Format};
use clap::{Parser, Subcommand, error::ErrorKind};
use nix::sys::signal::{SigSet, Signal};
use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

/// Honours the session reports of many people, each once.
///
/// It takes the signed reports that `onionmeter` makes, verifies them, bounds what a lie can earn,
/// and answers each with a signed receipt. It needs nothing: `onionmeter-ledger serve` makes its
/// folder, its database and its key.
#[derive(Parser)]
#[command(
    name = "onionmeter-ledger",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Every day:
  onionmeter-ledger serve                      start it; SIGTERM or Ctrl-C ends it
  onionmeter-ledger invite                     let somebody in
  onionmeter-ledger backup FILE                copy the database, also while it is in use
  onionmeter-ledger audit                      recompute everything from the stored bytes

Everything lives in one folder: --data DIR, or ~/.onionmeter-ledger. Settings: config.toml in it.
How to run it for others: docs/operating.md.

Exit status: 0 done; every other number says what is in the way: onionmeter-ledger exit-codes."
)]
struct Arguments {
    /// The data folder; ~/.onionmeter-ledger if it is not given
    #[arg(long, global = true, value_name = "DIR", display_order = 900)]
    data: Option<PathBuf>,
    /// The database: a file, or postgres://USER@HOST/NAME; default is that of config.toml
    #[arg(long, global = true, value_name = "URL", display_order = 901)]
    database: Option<String>,
    /// Print one JSON object with a `state`, for errors too
    #[arg(long, global = true, display_order = 902)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the ledger of a folder, and make what is not there yet
    #[command(after_help = serve::HELP)]
    Serve(serve::Serve),
    /// Recompute everything from the stored bytes, and name each row that is wrong
    #[command(after_help = audit::HELP)]
    Audit,
    /// Show the rules by which the ledger credits, or change them
    #[command(after_help = policy::HELP)]
    Policy(policy::Policy),
    /// List accounts, show one, or delete one
    #[command(after_help = account::HELP)]
    Account(account::Account),
    /// List the devices of an account, or remove one
    #[command(after_help = device::LIST_HELP)]
    Device(device::Device),
    /// Remove a device: nothing more that it signs is taken
    #[command(after_help = device::HELP)]
    Revoke(device::Revoke),
    /// Make a code that lets somebody open an account, or a device join one
    #[command(after_help = invite::HELP)]
    Invite(invite::Invite),
    /// Make a link to the operator's page, which holds for one minute and works once
    #[command(after_help = invite::LINK_HELP)]
    AdminLink,
    /// Copy the database to a file, also while the ledger is served
    #[command(after_help = backup::HELP)]
    Backup(backup::Backup),
    /// Put a copy in the place of the database
    #[command(after_help = backup::RESTORE_HELP)]
    Restore(backup::Restore),
    /// Copy a whole ledger into an empty database, of the same or of another kind
    #[command(after_help = copy::HELP)]
    Copy(copy::Copy),
    /// Give the signing of receipts to a new key; old receipts stay valid
    #[command(after_help = rotate_key::HELP)]
    RotateKey,
    /// Forget the bodies of old reports; receipts and balances stay
    #[command(after_help = prune::HELP)]
    Prune(prune::Prune),
    /// List the exit statuses
    ExitCodes,
}

/// Makes a write beyond the limit on the size of files (`ulimit -f`) an error, which can be told.
/// Otherwise the system ends the process. Call this before there is another thread.
fn survive_large_files() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGXFSZ);
    let blocked = signals.thread_block();
    debug_assert!(blocked.is_ok(), "a signal that every system has");
}

/// Runs the command of this process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    survive_large_files();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    let format = match arguments.json {
        true => Format::Json,
        false => Format::Text,
    };
    let common = open::Common {
        data: arguments.data,
        database: arguments.database,
        format,
    };
    match dispatch(arguments.command, &common) {
        Ok(answer) => answer.print(format),
        Err(refusal) => refusal.print(format),
    }
}

fn dispatch(command: Command, common: &open::Common) -> Result<Answer, CommandError> {
    match command {
        Command::Serve(serve) => serve.run(common),
        Command::Audit => audit::run(common),
        Command::Policy(policy) => policy.run(common),
        Command::Account(account) => account.run(common),
        Command::Device(device) => device.run(common),
        Command::Revoke(revoke) => revoke.run(common),
        Command::Invite(invite) => invite.run(common),
        Command::AdminLink => invite::link(common),
        Command::Backup(backup) => backup.run(common),
        Command::Restore(restore) => restore.run(common),
        Command::Copy(copy) => copy.run(common),
        Command::RotateKey => rotate_key::run(common),
        Command::Prune(prune) => prune.run(common),
        Command::ExitCodes => {
            let (text, rows) = exit::list();
            Ok(Answer::new("exit_codes", text).with("exit_codes", rows))
        }
    }
}

/// Help and version were asked for, or the usage is wrong.
fn not_understood(error: &clap::Error) -> ExitCode {
    let is_asked_for = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let text = error.render().to_string();
    match is_asked_for {
        true => match io::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(exit::OUTPUT),
        },
        false if std::env::args_os().any(|word| word == "--json") => {
            let text = text.trim_start_matches("error: ").trim_end();
            CommandError::new(exit::USAGE, text).print(Format::Json)
        }
        false => {
            // There is nowhere else to say it.
            drop(io::stderr().lock().write_all(text.as_bytes()));
            ExitCode::from(exit::USAGE)
        }
    }
}
