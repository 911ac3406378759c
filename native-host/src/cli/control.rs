//! `up`, `down`, `monitor start|stop`, `new-identity`, `stop`.

use super::{
    ask,
    ask::Patience,
    exit_codes,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    status, wait,
};
use crate::{files, home::Home, ipc};
use clap::{Args, Subcommand};
use meter_wire::{RelayStatus, Request};

const UP_HELP: &str = "\
Examples:
  onionmeter up
  onionmeter up --timeout 1min || onionmeter doctor

Starts what does not run yet: the daemon, the relay and Tor. Progress goes to stderr. Without a
browser that uses it the daemon leaves again by itself after 120 s (daemon.idle_exit_s).

Exit status: 0 ready, 69 Tor is not there or cannot connect, 71 the relay cannot open its port,
73 or 65 folder, book or key cannot be used, 78 a mistake in config.toml, 124 not within
--timeout (3min by itself; Tor goes on trying).";

const DOWN_HELP: &str = "\
Stops the relay, a Tor that Onionmeter started, and the daemon. The open session is kept.

Browsers in which protection is on then load no pages; they never go direct. A browser that runs
with the extension starts Onionmeter again by itself within half a minute: to browse without Tor,
turn protection off in its popup.

Exit status: 0 nothing runs any more (or nothing did), 7 the daemon does not end, 124 not within
--timeout.";

/// Arguments of commands without their own options.
#[derive(Args)]
#[command(after_help = "Exit status: see `onionmeter help exit-codes`.")]
pub(super) struct Plain {
    #[command(flatten)]
    pub(super) patience: Patience,
}

#[derive(Args)]
#[command(after_help = UP_HELP)]
pub(super) struct Up {
    #[command(flatten)]
    patience: Patience,
}

#[derive(Args)]
#[command(after_help = DOWN_HELP)]
pub(super) struct Down {
    #[command(flatten)]
    patience: Patience,
}

#[derive(Args)]
#[command(after_help = "\
Exit status: 0 no daemon runs any more (or none did), 7 it does not end: --force kills it,
124 not within --timeout.")]
pub(super) struct Stop {
    /// Kill it when it does not end within seconds; the open session is kept all the same
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    patience: Patience,
}

#[derive(Args)]
#[command(after_help = exit_codes::GROUP_HELP)]
pub(super) struct Monitor {
    #[command(subcommand)]
    switch: Switch,
    #[command(flatten)]
    patience: Patience,
}

#[derive(Subcommand)]
enum Switch {
    /// Open the relay and start Tor, and the daemon if it does not run
    #[command(after_help = "\
Does not wait for Tor: `onionmeter up` does.

Exit status: 0 the relay is open, 71 it cannot open its port, 78 a mistake in config.toml.")]
    Start,
    /// Close the relay; browsers that use it reach nothing until it is started again
    #[command(after_help = "Exit status: 0 the relay is closed (or no daemon runs).")]
    Stop,
}

pub(super) fn up(arguments: &Up, home: &Home, format: Format) -> Outcome {
    let patience = arguments.patience.at_most(wait::READY_MAX);
    let requests = vec![Request::MonitorStart, Request::TorStart];
    let status = wait::until(wait::Goal::Everything, requests, patience, home, format)?;
    let port = match status.relay {
        RelayStatus::Listening { port } => port,
        RelayStatus::Stopped | RelayStatus::Failed(_) => 0,
    };
    let text = format!(
        "Ready: the relay is open on 127.0.0.1:{port}, Tor is {}.\n\
         A browser with the extension is protected when its badge is green.",
        status::tor(&status)
    );
    Answer::new("ready", text).with_all(&status).print(format)
}

pub(super) fn down(arguments: &Down, home: &Home, format: Format) -> Outcome {
    let stopped = end(home, ipc::Means::Asking, arguments.patience, format)?;
    let answer = if stopped {
        Answer::new(
            "stopped",
            format!(
                "Stopped: relay and daemon, and Tor if Onionmeter had started it. {}.\n{DOWN}",
                kept(home)
            ),
        )
    } else {
        Answer::new("not_running", "Nothing runs, so there is nothing to stop.")
    };
    answer.print(format)
}

const DOWN: &str = "\
In browsers with protection on, pages stop loading; nothing goes direct. An open browser with the
extension starts Onionmeter again by itself. To browse without Tor, turn protection off in its \
popup.";

pub(super) fn monitor(arguments: &Monitor, home: &Home, format: Format) -> Outcome {
    let patience = arguments.patience;
    match arguments.switch {
        Switch::Start => {
            patience.wait(ipc::Connection::start_and_ask(home, &Request::MonitorStart))?;
            Answer::new("started", "The relay is open and counts.").print(format)
        }
        Switch::Stop => {
            let text = "The relay is closed; browsers that use it reach nothing until it is \
                started again.";
            let stopped = Answer::new("stopped", text);
            stop(home, &Request::MonitorStop, patience, format, stopped)?.print(format)
        }
    }
}

pub(super) fn new_identity(arguments: &Plain, home: &Home, format: Format) -> Outcome {
    let done = if_running(home, &Request::NewIdentity, arguments.patience)?;
    if !done {
        return Err(ask::not_running("; each start of it is a new identity"));
    }
    Answer::new(
        "done",
        "Every site gets new circuits from now on. What is open stays as it is: close it, and \
            clear \
         what the browser keeps of sites, or they will know you again.",
    )
    .print(format)
}

/// `stop`: stops the daemon itself.
pub(super) fn daemon(arguments: &Stop, home: &Home, format: Format) -> Outcome {
    let means = match arguments.force {
        true => ipc::Means::Force,
        false => ipc::Means::Asking,
    };
    let stopped = end(home, means, arguments.patience, format)?;
    let answer = if stopped {
        let text = format!(
            "The daemon is stopped. {}. A browser with the extension starts it again.",
            kept(home)
        );
        Answer::new("stopped", text)
    } else {
        Answer::new("not_running", "The daemon is not running.")
    };
    answer.print(format)
}

/// Whether the session in progress is in a book. It is not if the book was removed from under the
/// daemon.
fn kept(home: &Home) -> &'static str {
    match files::is_there(&home.book()) {
        true => "The open session is kept",
        false => {
            "The book of reports is not in its place, so no open session is kept; put it back, or \
                make it anew with `onionmeter restore FILE`"
        }
    }
}

/// Ends the daemon. Returns whether one ran.
fn end(
    home: &Home,
    means: ipc::Means,
    patience: Patience,
    format: Format,
) -> Result<bool, CommandError> {
    let words =
        "waiting for the daemon's lock; a daemon that ends closes the relay, then stops Tor";
    patience.wait(wait::or_say(format, words, ipc::stop(home, means)))
}

/// Sends a request to stop something. Does not start the daemon for it: if none runs, nothing is to
/// be stopped.
pub(super) fn stop(
    home: &Home,
    request: &Request,
    patience: Patience,
    format: Format,
    stopped: Answer,
) -> Result<Answer, CommandError> {
    let asking = ipc::Connection::attach_and_ask(home, request);
    let words = "waiting for the daemon's answer; open connections or Tor may still be ending";
    let answered = patience.wait(wait::or_say(format, words, asking))?;
    Ok(match answered.is_some() {
        true => stopped,
        false => Answer::new(
            "not_running",
            "The daemon is not running, so there is nothing to stop.",
        ),
    })
}

/// Sends a request if a daemon runs. Returns whether there was one.
pub(super) fn if_running(
    home: &Home,
    request: &Request,
    patience: Patience,
) -> Result<bool, CommandError> {
    patience.wait(async {
        let answer = ipc::Connection::attach_and_ask(home, request).await;
        answer.map(|answer| answer.is_some())
    })
}
