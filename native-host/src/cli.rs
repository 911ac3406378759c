//! The command line. Commands print results to stdout and problems to stderr.

mod chain;
mod circuit;
mod control;
mod doctor;
#[cfg(feature = "embedded-tor")]
mod embedded;
mod harden;
mod install;
mod open;
mod print;
mod relay;
mod reports;
mod status;
mod succession;
mod verify;

use crate::{EXIT_BUG, EXIT_UNAVAILABLE, EXIT_USAGE, daemon, home::Home, problems};
use clap::{Parser, Subcommand};
use meter_wire::{ErrorCode, Problem};
use std::{path::PathBuf, process::ExitCode};

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
Examples:
  onionmeter install                          let this user's browsers find the program
  onionmeter doctor                           what is wrong, and the command that repairs it
  onionmeter reports --json > reports.json    take the evidence along
  onionmeter verify reports.json              check it, on any computer

Everything lives in one folder: $ONIONMETER_HOME, or ~/.local/share/onionmeter.

Exit status: 0 done, 1 a check failed, 64 wrong usage or configuration, 65 a file does not
hold up, 69 Tor or the daemon cannot be had, 70 a bug."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Register with every browser of this user, so that the extension finds this program
    Install(install::Install),
    /// Undo `install`; key and reports stay
    Uninstall(install::Uninstall),
    Open(open::Open),
    Harden(harden::Harden),
    Unharden(harden::Unharden),
    /// Check everything and say how to repair it
    Doctor(doctor::Doctor),
    /// Show relay, Tor, session and balance
    Status(status::Arguments),
    /// List the signed reports
    Reports(reports::Arguments),
    /// Check a file of reports without network, daemon or key
    Verify(verify::Arguments),
    /// Put reports back that the book has lost, from another book or a file of reports
    Restore(chain::Restore),
    /// End the chain of reports and begin another; the old book is kept
    NewChain(chain::NewChain),
    /// Start or stop Tor
    #[command(subcommand)]
    Tor(control::TorSwitch),
    /// Start or stop the relay that counts
    #[command(subcommand)]
    Monitor(control::Switch),
    /// Give every site new circuits through Tor, unconnected with those before
    NewIdentity,
    /// Show the circuit of a site
    Circuit(circuit::Arguments),
    /// Give one site a new circuit, and cut what it has open
    NewCircuit(circuit::Arguments),
    /// Change when sessions close, until the daemon ends
    Thresholds(control::SetThresholds),
    /// Stop the daemon; a browser with the extension starts it again
    Stop(control::Stop),
    /// Run the relay alone, without home, daemon or reports
    Relay(relay::Arguments),
    /// Run the daemon in the foreground (browsers and commands start it by themselves)
    Daemon,
    /// Be the embedded Tor of a daemon (it starts this by itself)
    #[cfg(feature = "embedded-tor")]
    #[command(hide = true)]
    EmbeddedTor,
}

/// Why a command did not do what it was asked.
enum Failure {
    /// With the code to exit with.
    Exit(u8, String),
    /// The daemon said no.
    Problem(Problem),
    /// stdout is closed: nobody reads any more.
    Output(std::io::Error),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    fn usage(error: &dyn std::error::Error) -> Self {
        Self::Exit(EXIT_USAGE, problems::chain(error))
    }
}

type Outcome = Result<ExitCode, Failure>;

/// Runs the command of this process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            crate::ignore_because("nobody reads it", error.print());
            return ExitCode::from(if error.use_stderr() { EXIT_USAGE } else { 0 });
        }
    };
    let outcome = match arguments.command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Relay(arguments) => relay::run(&arguments),
        Command::Harden(arguments) => harden::harden(&arguments),
        Command::Unharden(arguments) => harden::unharden(&arguments),
        #[cfg(feature = "embedded-tor")]
        Command::EmbeddedTor => embedded::run(),
        command => Home::find()
            .map_err(|error| Failure::usage(&error))
            .and_then(|home| with_home(command, &home)),
    };
    outcome.unwrap_or_else(|failure| tell(&failure))
}

fn with_home(command: Command, home: &Home) -> Outcome {
    match command {
        Command::Install(arguments) => install::install(&arguments, home),
        Command::Uninstall(arguments) => install::uninstall(&arguments, home),
        Command::Open(arguments) => open::run(&arguments, home),
        Command::Harden(arguments) => harden::harden(&arguments),
        Command::Unharden(arguments) => harden::unharden(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments, home),
        Command::Status(arguments) => status::run(&arguments, home),
        Command::Reports(arguments) => reports::run(&arguments, home),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Relay(arguments) => relay::run(&arguments),
        Command::Restore(arguments) => chain::restore(&arguments, home),
        Command::NewChain(arguments) => chain::begin(&arguments, home),
        Command::Tor(switch) => control::tor(&switch, home),
        Command::Monitor(switch) => control::monitor(&switch, home),
        Command::NewIdentity => control::new_identity(home),
        Command::Circuit(arguments) => circuit::show(&arguments, home),
        Command::NewCircuit(arguments) => circuit::renew(&arguments, home),
        Command::Thresholds(arguments) => control::thresholds(&arguments, home),
        Command::Stop(arguments) => control::daemon(&arguments, home),
        Command::Daemon => Ok(daemon::run(home)),
        #[cfg(feature = "embedded-tor")]
        Command::EmbeddedTor => embedded::run(),
    }
}

#[expect(clippy::print_stderr, reason = "this is where problems go")]
fn tell(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Exit(code, message) => {
            eprintln!("onionmeter: {message}");
            ExitCode::from(*code)
        }
        Failure::Problem(problem) => {
            eprintln!("onionmeter: {}", problem.message);
            if let Some(detail) = &problem.detail {
                eprintln!("  {detail}");
            }
            ExitCode::from(exit_code(problem.code))
        }
        // `onionmeter reports | head` is nothing to complain about.
        Failure::Output(error) => {
            if error.kind() != std::io::ErrorKind::BrokenPipe {
                eprintln!("onionmeter: {error}");
            }
            ExitCode::from(EXIT_UNAVAILABLE)
        }
    }
}

const fn exit_code(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::BadThresholds
        | ErrorCode::BadSite
        | ErrorCode::ConfigInvalid
        | ErrorCode::HomeUnusable
        | ErrorCode::KeyRefused
        | ErrorCode::KeyMissing => EXIT_USAGE,
        ErrorCode::Internal => EXIT_BUG,
        _ => EXIT_UNAVAILABLE,
    }
}

/// Runs one request's worth of async code.
fn block_on<T>(future: impl Future<Output = Result<T, Problem>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Exit(EXIT_BUG, error.to_string()))?;
    runtime.block_on(future).map_err(Failure::Problem)
}

/// This program as others are to start it.
fn this_program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::Exit(EXIT_BUG, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_line_of_help() {
        for command in Arguments::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
        }
    }
}
