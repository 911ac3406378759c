//! The command line. Commands print results to stdout and problems to stderr.

mod ask;
mod backup;
mod chain;
mod circuit;
mod clock;
mod config;
mod control;
mod daemon_version;
mod doctor;
#[cfg(feature = "embedded-tor")]
mod embedded;
mod enroll;
mod exit;
mod exit_codes;
mod export;
mod given_path;
mod harden;
mod install;
mod kind;
mod ledger;
mod leftovers;
mod login;
mod logs;
mod mistake;
mod open;
mod outcome;
mod output;
mod parts;
mod passphrase;
mod print;
mod question;
mod relay;
mod reports;
#[cfg(feature = "serve")]
mod serve;
mod settings;
mod shell;
mod site;
mod status;
mod thresholds;
mod tor;
mod turn;
mod uninstall;
mod verify;
mod version;
mod wait;
mod when;

use crate::{
    EXIT_USAGE,
    config::Config,
    daemon::{self, Ended, Failed},
    home::Home,
    problems,
    system::limits,
};
use clap::{CommandFactory as _, Parser, Subcommand};
use outcome::{CommandError, Outcome};
use output::{Answer, Format, tell};
use std::{
    ffi::{OsStr, OsString},
    process::ExitCode,
};

/// Meters your browsing through Tor and turns it into signed reports and credits.
///
/// Start with `onionmeter install`, load the extension, browse. `onionmeter doctor` says what is
/// wrong when something is.
#[derive(Parser)]
#[command(
    name = "onionmeter",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Every day:
  onionmeter up                               start everything and wait until pages load
  onionmeter status --watch                   how it goes
  onionmeter down                             stop everything; pages then do not load

Examples:
  onionmeter install                          let this user's browsers find the program
  onionmeter doctor                           what is wrong, and the command that repairs it
  onionmeter export evidence.json             take the evidence along
  onionmeter verify evidence.json             check it, on any computer

Everything lives in one folder: $ONIONMETER_HOME, or ~/.local/share/onionmeter.

Exit status: 0 done; every other number says what is in the way: onionmeter help exit-codes."
)]
struct Arguments {
    /// Print one JSON object with a `state`, for errors too (docs/spec/command-line-json.md)
    #[arg(long, global = true, display_order = 900)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start daemon, relay and Tor, and wait until pages can be loaded
    Up(control::Up),
    /// Stop relay, Tor and daemon; pages stop loading, nothing goes direct
    Down(control::Down),
    /// Register with every browser of this user, so that the extension finds this program
    #[command(after_help = INSTALL_HELP)]
    Install(install::Install),
    /// Undo `install`; key and reports stay
    #[command(after_help = UNINSTALL_HELP)]
    Uninstall(uninstall::Uninstall),
    Open(open::Open),
    Harden(harden::Harden),
    Unharden(harden::Unharden),
    /// Check everything and say how to repair it
    #[command(after_help = DOCTOR_HELP)]
    Doctor(doctor::Doctor),
    /// Show relay, Tor, session and balance
    Status(status::Arguments),
    /// List the signed reports
    Reports(reports::Arguments),
    Export(export::Export),
    /// Check an export or a file of reports without network, daemon or key
    Verify(verify::Arguments),
    Backup(backup::Backup),
    /// Put a backup back, or reports that the book has lost
    Restore(chain::Restore),
    /// End the chain of reports and begin another; the old book is kept
    NewChain(chain::NewChain),
    Enroll(enroll::Enroll),
    /// Show what the ledger credits, and manage the account
    Ledger(ledger::Arguments),
    /// Sign a browser in at the ledger
    Login(login::Arguments),
    /// Start, stop or choose Tor
    Tor(tor::Arguments),
    /// Start or stop the relay that counts
    Monitor(control::Monitor),
    /// Give every site new circuits through Tor, unconnected with those before
    NewIdentity(control::Plain),
    /// Show the circuit of a site
    Circuit(circuit::Arguments),
    /// Give one site a new circuit, and cut what it has open
    NewCircuit(circuit::Arguments),
    /// Show when sessions close, or change it until the daemon ends
    Thresholds(thresholds::Arguments),
    /// Show, check and change config.toml
    Config(config::Arguments),
    /// Show the daemon's log
    Logs(logs::Arguments),
    /// Stop the daemon; a browser with the extension starts it again
    Stop(control::Stop),
    /// Run the relay alone, without home, daemon or reports
    Relay(relay::Arguments),
    #[cfg(feature = "serve")]
    Serve(serve::Arguments),
    /// Run the daemon in the foreground (browsers and commands start it automatically)
    #[command(after_help = DAEMON_HELP)]
    Daemon,
    /// Show the versions of program, daemon, Tor and protocol
    Version(version::Arguments),
    /// Print completions for a shell
    Completions(shell::Completions),
    /// Print the manual page
    Man(shell::Man),
    /// List the exit statuses
    #[command(after_help = exit_codes::table())]
    ExitCodes,
}

const INSTALL_HELP: &str = "\
Examples:
  onionmeter install
  onionmeter install --browser-dir ~/my-profile      also a browser started with that \
  --user-data-dir

May be repeated at any time; what is in order stays as it is.

Exit status: 0 registered, 4 no browser was found, 64 the home, a folder or the program cannot be \
used,
73 not everything could be written, 75 another install or uninstall is at work.";

const UNINSTALL_HELP: &str = "\
Turn protection off in the popup before you remove the extension.

Exit status: 0 nothing is registered any more, 7 the daemon does not answer, 64 refused or not \
confirmed,
73 not everything could be removed, 75 another install or uninstall is at work.";

const DOCTOR_HELP: &str = "\
Looks at folder, settings, key, book, daemon, Tor and browsers. Changes nothing and starts nothing.

Exit status: 0 nothing is wrong, 1 something is: each BAD line is followed by what repairs it.";

const DAEMON_HELP: &str = "\
For a service manager, or to see it end. Its log: `onionmeter logs -f`.

Exit status: 0 it was asked to end, nobody was left, or it runs already; 7 another program has its
lock, 64 the home cannot be used, 69 it could not begin, 73 its disk is full or read-only, 78 a
mistake in config.toml.";

/// Runs the command of this process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    limits::survive_large_files();
    let arguments = match Arguments::try_parse_from(words()) {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    let format = if arguments.json {
        Format::Json
    } else {
        Format::Text
    };
    let outcome = mistake::caught(|| obey(arguments.command, format));
    outcome.unwrap_or_else(|failure| tell(&failure, format))
}

/// Runs the daemon, as [`run`] does for `onionmeter daemon`, but without the definition of all
/// commands: its code would stay in memory for as long as the daemon runs.
#[must_use]
pub fn run_daemon() -> ExitCode {
    limits::survive_large_files();
    let home = Home::find().map_err(|error| CommandError::usage(&error));
    let outcome = home.and_then(|home| daemon(&home, Format::Text));
    outcome.unwrap_or_else(|failure| tell(&failure, Format::Text))
}

/// Runs the embedded Tor of a daemon, without the definition of all commands, as [`run_daemon`].
#[cfg(feature = "embedded-tor")]
#[must_use]
pub fn run_embedded_tor() -> ExitCode {
    limits::survive_large_files();
    embedded::run().unwrap_or_else(|failure| tell(&failure, Format::Text))
}

/// The command line, with `--json` in front: `help`, a command of the parser's own, takes no
/// options, and behind a value that may begin with a hyphen it would be taken for another.
fn words() -> Vec<OsString> {
    let mut words: Vec<_> = std::env::args_os().collect();
    let end = words.iter().position(|word| word == "--");
    let mut operands = words.split_off(end.unwrap_or(words.len()));
    let count = words.len();
    words.retain(|word| word != "--json");
    if words.len() < count && !words.is_empty() {
        words.insert(1, "--json".into());
    }
    let names = words.iter().skip(1).filter(|word| *word != "--json");
    if asks_for_help(names) {
        words.retain(|word| word != "--help" && word != "-h");
    }
    words.append(&mut operands);
    words
}

/// Whether these words are `help`, or `help` below a group of commands. It takes no options, also
/// not those by which every other command shows its help.
fn asks_for_help<'a>(names: impl Iterator<Item = &'a OsString>) -> bool {
    let mut group = Arguments::command();
    for name in names {
        if name == "help" {
            return group.has_subcommands();
        }
        let Some(below) = group.find_subcommand(name) else {
            return false;
        };
        group = below.clone();
    }
    false
}

/// Help that was asked for, or why the arguments are not valid.
fn not_understood(error: &clap::Error) -> ExitCode {
    let words = std::env::args_os().skip(1);
    let mut options = words.take_while(|word| word != OsStr::new("--"));
    let is_json = options.any(|word| word == OsStr::new("--json"));
    if !error.use_stderr() {
        let format = if is_json { Format::Json } else { Format::Text };
        let printed = match format {
            Format::Json => {
                let text = error.to_string();
                Answer::new("help", "").with("text", text).print(format)
            }
            // In colour where stdout is a screen.
            Format::Text => error
                .print()
                .map_err(CommandError::Output)
                .map(|()| ExitCode::SUCCESS),
        };
        return printed.unwrap_or_else(|failure| tell(&failure, format));
    }
    if !is_json {
        crate::ignore_because("nobody reads it", error.print());
        return ExitCode::from(EXIT_USAGE);
    }
    // The remedy, without the lines about usage.
    let text = error.to_string();
    let ends = ["\n\nUsage:", "\n\nFor more information"];
    let ends = ends.iter().filter_map(|end| text.find(end));
    let (message, _) = text.split_at(ends.min().unwrap_or(text.len()));
    let message = message.strip_prefix("error: ").unwrap_or(message).trim();
    tell(
        &CommandError::Exit(EXIT_USAGE, message.to_owned()),
        Format::Json,
    )
}

fn obey(command: Command, format: Format) -> Outcome {
    // Some commands need no home folder and work without one.
    let home = Home::find().map_err(|error| CommandError::usage(&error));
    match command {
        Command::Up(arguments) => control::up(&arguments, &home?, format),
        Command::Down(arguments) => control::down(&arguments, &home?, format),
        Command::Install(arguments) => install::install(&arguments, &home?, format),
        Command::Uninstall(arguments) => uninstall::uninstall(&arguments, &home?, format),
        Command::Open(arguments) => open::run(&arguments, &home?, format),
        Command::Harden(arguments) => harden::harden(&arguments, format),
        Command::Unharden(arguments) => harden::unharden(&arguments, format),
        Command::Doctor(arguments) => doctor::run(&arguments, &home?, format),
        Command::Status(arguments) => status::run(&arguments, &home?, format),
        Command::Reports(arguments) => reports::run(&arguments, &home?, format),
        Command::Export(arguments) => export::run(&arguments, &home?, format),
        Command::Backup(arguments) => backup::backup(&arguments, &home?, format),
        Command::Restore(arguments) => chain::restore(&arguments, &home?, format),
        Command::NewChain(arguments) => chain::begin(&arguments, &home?, format),
        Command::Enroll(arguments) => enroll::run(&arguments, &home?, format),
        Command::Ledger(arguments) => ledger::run(&arguments, &home?, format),
        Command::Login(arguments) => login::run(&arguments, &home?, format),
        Command::Tor(arguments) => tor::run(&arguments, &home?, format),
        Command::Monitor(arguments) => control::monitor(&arguments, &home?, format),
        Command::NewIdentity(arguments) => control::new_identity(&arguments, &home?, format),
        Command::Circuit(arguments) => circuit::show(&arguments, &home?, format),
        Command::NewCircuit(arguments) => circuit::renew(&arguments, &home?, format),
        Command::Thresholds(arguments) => thresholds::run(&arguments, &home?, format),
        Command::Config(arguments) => config::run(&arguments, &home?, format),
        Command::Logs(arguments) => logs::run(&arguments, &home?, format),
        Command::Stop(arguments) => control::daemon(&arguments, &home?, format),
        Command::Version(arguments) => version::run(&arguments, &home?, format),
        #[cfg(feature = "serve")]
        Command::Serve(arguments) => serve::run(&arguments, &home?, format),
        Command::Daemon => daemon(&home?, format),
        Command::Verify(arguments) => verify::run(&arguments, format),
        Command::Relay(arguments) => relay::run(&arguments, format),
        Command::Completions(arguments) => {
            shell::completions(&arguments, Arguments::command(), format)
        }
        Command::Man(arguments) => shell::man(&arguments, Arguments::command(), format),
        Command::ExitCodes => exit_codes::list(format),
    }
}

/// A mistake in the settings is reported here in full; the daemon itself has no format for it.
fn daemon(home: &Home, format: Format) -> Outcome {
    home.prepare().map_err(|error| CommandError::home(&error))?;
    Config::load(&home.config())
        .map_err(|error| CommandError::Problem(problems::config(&error)))?;
    let answer = match daemon::run(home) {
        Ok(Ended::Served) => Answer::new("ended", ""),
        Ok(Ended::RunsAlready(process)) => {
            let text = format!("The daemon runs already, as {process}.");
            Answer::new("running", text).with("process", process.number())
        }
        Err(Failed::Exit(code, why)) => return Err(CommandError::Exit(code, why)),
        Err(Failed::Locked(problem)) => return Err(problem.into()),
    };
    answer.print(format)
}

#[cfg(test)]
mod tests;
