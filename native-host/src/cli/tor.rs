//! `tor start|stop|use`.

use super::{
    ask::{self, Patience},
    control, exit, exit_codes,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    wait,
};
use crate::{home::Home, ipc};
use clap::{Args, Subcommand};
use meter_core::Backend;
use meter_wire::{ErrorCode, Request, TorUse};

#[derive(Args)]
#[command(after_help = exit_codes::GROUP_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    switch: Switch,
    #[command(flatten)]
    patience: Patience,
}

const START_HELP: &str = "\
Examples:
  onionmeter tor start
  onionmeter tor start --wait && echo ready
  onionmeter tor start --wait --timeout 2min

Exit status: 0 started (with --wait: usable), 69 Tor is not installed, did not start or cannot
connect, 78 a mistake in config.toml, 124 not within --timeout (with --wait: 3min by itself; Tor
goes on trying).";

#[derive(Subcommand)]
enum Switch {
    /// Start Tor, and the daemon if it does not run
    #[command(after_help = START_HELP)]
    Start {
        /// Wait until pages can be loaded, with Tor's progress in percent and words
        #[arg(long)]
        wait: bool,
    },
    /// Stop Tor; pages stop loading until it is started again
    #[command(after_help = "\
Exit status: 0 Tor is stopped (or no daemon runs), 77 this Tor was not started by Onionmeter.")]
    Stop,
    /// Move the state of the built-in Tor aside, including its choice of guards, and start it again
    #[command(after_help = "\
Exit status: 0 it is starting, 69 it cannot start, 73 the state cannot be moved.")]
    Anew,
    /// Use this Tor from now on, and store the choice in config.toml
    #[command(after_help = "\
Examples:
  onionmeter tor use managed      only the installed program `tor`
  onionmeter tor use auto         one that runs and proves itself, else the installed one, else \
  the built-in

Exit status: 0 it is in use or starting, 69 it cannot be used, 78 config.toml does not allow it.")]
    Use {
        /// One of auto, existing, managed, embedded
        #[arg(value_parser = choice)]
        backend: Choice,
    },
}

/// The argument of `tor use`. A type of its own: clap reads an `Option` as an argument that may
/// be left out.
#[derive(Clone, Copy)]
struct Choice(Option<Backend>);

fn choice(word: &str) -> Result<Choice, String> {
    let mut all = Backend::CHOICES.into_iter();
    let named = all.find(|choice| Backend::choice_name(*choice) == word);
    named.map(Choice).ok_or_else(|| {
        let names = Backend::CHOICES.map(Backend::choice_name);
        format!("one of {} is needed", names.join(", "))
    })
}

pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    let patience = arguments.patience;
    match arguments.switch {
        Switch::Start { wait: true } => {
            let requests = [Request::TorStart];
            let status = wait::until(
                wait::Goal::Tor,
                requests.into(),
                patience.at_most(wait::READY_MAX),
                home,
                format,
            )?;
            Answer::new(
                "ready",
                format!("Tor is ready: {}.", super::status::tor(&status)),
            )
            .with("tor", &status.tor)
            .print(format)
        }
        Switch::Start { wait: false } => {
            start(home, &Request::TorStart, patience, format)?;
            let status = patience.wait(in_use(home))?;
            let text = match status.filter(|status| status.tor.is_usable()) {
                Some(status) => format!("Tor is ready: {}.", super::status::tor(&status)),
                None => "Tor is starting; `onionmeter status` shows how far it is, `onionmeter \
                    tor start --wait` waits for it."
                    .to_owned(),
            };
            Answer::new("started", text).print(format)
        }
        Switch::Stop => {
            let stopped = Answer::new(
                "stopped",
                "Tor is stopped; pages do not load until it is started again.",
            );
            control::stop(home, &Request::TorStop, patience, format, stopped)
                .and_then(|answer| answer.print(format))
        }
        Switch::Anew => {
            let text = anew(home, patience, format)? + " Tor is starting.";
            Answer::new("started", text).print(format)
        }
        Switch::Use {
            backend: Choice(backend),
        } => {
            start(home, &Request::TorUse(TorUse { backend }), patience, format)?;
            Answer::new(
                "kept",
                "That is kept in config.toml; `onionmeter status` shows which Tor is in use.",
            )
            .with("backend", Backend::choice_name(backend))
            .print(format)
        }
    }
}

/// Sends a request that starts Tor, and starts the daemon if needed.
fn start(
    home: &Home,
    request: &Request,
    patience: Patience,
    format: Format,
) -> Result<(), CommandError> {
    let asking = ipc::Connection::start_and_ask(home, request);
    wait::answer(home, patience, format, asking)
}

/// Without its state the built-in Tor chooses new guards, so only a person may decide this.
fn anew(home: &Home, patience: Patience, format: Format) -> Result<String, CommandError> {
    wait::answer(home, patience, format, async {
        let Some(mut daemon) = ipc::Connection::attach(home).await? else {
            return Ok(());
        };
        match daemon.ask(Request::TorStop).await {
            // A Tor that we did not start does not use that folder.
            Err(problem) if problem.code == ErrorCode::TorNotOurs => Ok(()),
            outcome => outcome.map(drop),
        }
    })?;
    let aside = home.set_embedded_state_aside().map_err(|error| {
        let folder = home.embedded_data();
        CommandError::Exit(exit::CANNOT_WRITE, format!("{}: {error}", folder.display()))
    })?;
    let moved = match aside {
        Some(aside) => format!("The old state is kept as {}.", aside.display()),
        None => "There was no state yet.".to_owned(),
    };
    start(home, &Request::TorStart, patience, format)?;
    Ok(moved)
}

/// Returns the status if a daemon runs. Never starts one.
pub(super) async fn in_use(home: &Home) -> Result<Option<meter_wire::Status>, meter_wire::Problem> {
    match ipc::Connection::attach(home).await? {
        Some(mut daemon) => ask::status(&mut daemon).await.map(Some),
        None => Ok(None),
    }
}
