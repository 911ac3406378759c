//! `tor start|stop|use`, `monitor start|stop`, `new-identity`, `thresholds`.

use super::{Failure, Outcome, block_on};
use crate::{home::Home, ipc};
use clap::{Args, Subcommand};
use meter_wire::{BackendChoice, ErrorCode, Request, SetThresholds as Message, TorUse, U64Text};
use std::{
    io::{Write as _, stdout},
    process::ExitCode,
};

#[derive(Subcommand)]
pub(super) enum Switch {
    /// Start it (and the daemon, if need be)
    Start,
    /// Stop it
    Stop,
}

#[derive(Subcommand)]
pub(super) enum TorSwitch {
    /// Start it (and the daemon, if need be)
    Start,
    /// Stop it
    Stop,
    /// Set the state of the built-in Tor aside, its choice of guards too, and start it anew
    Anew,
    /// Use this one from now on, and keep that in config.toml
    Use {
        /// Which: auto takes a running one that proves itself, else an installed one, else the built-in
        #[arg(value_parser = backend)]
        backend: BackendChoice,
    },
}

#[derive(Args)]
pub(super) struct SetThresholds {
    /// Bytes of both directions that a session needs to close
    #[arg(long)]
    min_bytes: u64,
    /// Milliseconds that a session needs to close
    #[arg(long)]
    min_duration_ms: u64,
    /// Milliseconds after which a session closes in any case
    #[arg(long)]
    max_duration_ms: u64,
}

pub(super) fn tor(switch: &TorSwitch, home: &Home) -> Outcome {
    match switch {
        TorSwitch::Start => {
            ask(home, Request::TorStart)?;
            say("Tor is starting; `onionmeter status` shows how far it is.")
        }
        TorSwitch::Stop => stop(home, Request::TorStop, "Tor is stopped."),
        TorSwitch::Anew => anew(home),
        TorSwitch::Use { backend } => {
            let backend = *backend;
            ask(home, Request::TorUse(TorUse { backend }))?;
            say("That is kept in config.toml; `onionmeter status` shows which Tor is in use.")
        }
    }
}

/// Without its state the built-in Tor chooses new guards, so only a person decides that.
fn anew(home: &Home) -> Outcome {
    block_on(async {
        let Some(mut daemon) = ipc::Connection::attach(home).await? else {
            return Ok(());
        };
        match daemon.ask(Request::TorStop).await {
            // Somebody else's Tor does not use that folder.
            Err(problem) if problem.code == ErrorCode::TorNotOurs => Ok(()),
            outcome => outcome.map(drop),
        }
    })?;
    let state = home.embedded_data().join("state");
    let aside = (1_u32..)
        .map(|number| home.embedded_data().join(format!("state.old-{number}")))
        .find(|path| std::fs::symlink_metadata(path).is_err())
        .ok_or_else(|| Failure::usage(&std::io::Error::from(std::io::ErrorKind::AlreadyExists)))?;
    let moved = match std::fs::rename(&state, &aside) {
        Ok(()) => format!("The old state is kept as {}.", aside.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "There was no state yet.".to_owned()
        }
        Err(error) => return Err(Failure::usage(&error)),
    };
    ask(home, Request::TorStart)?;
    say(&format!("{moved} Tor is starting."))
}

fn backend(word: &str) -> Result<BackendChoice, String> {
    let mut all = BackendChoice::ALL.into_iter();
    all.find(|choice| choice.name() == word).ok_or_else(|| {
        let names = BackendChoice::ALL.map(BackendChoice::name);
        format!("one of {} is needed", names.join(", "))
    })
}

pub(super) fn monitor(switch: &Switch, home: &Home) -> Outcome {
    match switch {
        Switch::Start => {
            ask(home, Request::MonitorStart)?;
            say("The relay is open and counts.")
        }
        Switch::Stop => stop(
            home,
            Request::MonitorStop,
            "The relay is closed; browsers that use it reach nothing until it is started again.",
        ),
    }
}

pub(super) fn new_identity(home: &Home) -> Outcome {
    if_running(
        home,
        Request::NewIdentity,
        "Every site gets new circuits from now on. What is open stays as it is: close it, and clear \
         what the browser keeps of sites, or they will know you again.",
        "The daemon is not running; each start of it is a new identity.",
    )
}

pub(super) fn thresholds(arguments: &SetThresholds, home: &Home) -> Outcome {
    let message = Message {
        min_bytes: U64Text(arguments.min_bytes),
        min_duration_ms: U64Text(arguments.min_duration_ms),
        max_duration_ms: U64Text(arguments.max_duration_ms),
    };
    // Checked here too, so that a number beyond the wire's range gets the same words.
    meter_core::Thresholds::try_from(message).map_err(|error| Failure::usage(&error))?;
    ask(home, Request::SetThresholds(message))?;
    say("The new thresholds are in force until the daemon ends; config.toml keeps them for longer.")
}

/// `stop`: the daemon itself.
#[derive(Args)]
pub(super) struct Stop {
    /// Kill it when it does not end within seconds; the open session is kept all the same
    #[arg(long)]
    force: bool,
}

pub(super) fn daemon(arguments: &Stop, home: &Home) -> Outcome {
    let means = match arguments.force {
        true => ipc::Means::Force,
        false => ipc::Means::Asking,
    };
    let stopped = block_on(ipc::stop(home, means))?;
    say(match stopped {
        true => {
            "The daemon is stopped; the open session is kept. A browser with the extension starts it again."
        }
        false => "The daemon is not running.",
    })
}

fn ask(home: &Home, request: Request) -> Result<(), Failure> {
    block_on(async {
        let mut daemon = ipc::Connection::attach_or_start(home).await?;
        daemon.ask(request).await.map(drop)
    })
}

/// What is to be stopped must not be started for it.
fn stop(home: &Home, request: Request, done: &str) -> Outcome {
    let nothing = "The daemon is not running, so there is nothing to stop.";
    if_running(home, request, done, nothing)
}

pub(super) fn if_running(home: &Home, request: Request, done: &str, otherwise: &str) -> Outcome {
    let attached = block_on(async {
        match ipc::Connection::attach(home).await? {
            Some(mut daemon) => daemon.ask(request).await.map(|_| true),
            None => Ok(false),
        }
    })?;
    say(if attached { done } else { otherwise })
}

fn say(sentence: &str) -> Outcome {
    writeln!(stdout(), "{sentence}")?;
    Ok(ExitCode::SUCCESS)
}
