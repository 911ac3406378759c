//! `status`: one look at everything.

use super::{Outcome, block_on, print, whose::whose};
use crate::{EXIT_UNAVAILABLE, config::Config, home::Home, ipc};
use clap::Args;
use meter_wire::{Problem, RelayStatus, Request, Status, Success, TorState};
use std::{
    io::{self, Write as _, stdout},
    process::ExitCode,
};

#[derive(Args)]
pub(super) struct Arguments {
    /// Print the status as the daemon sends it (docs/spec/native-messages.md)
    #[arg(long)]
    json: bool,
}

/// Never starts the daemon: looking must not change what is looked at.
pub(super) fn run(arguments: &Arguments, home: &Home) -> Outcome {
    let status = block_on(async {
        let Some(mut daemon) = ipc::Connection::attach(home).await? else {
            return Ok(None);
        };
        match daemon.ask(Request::Status).await? {
            Success::Status(status) => Ok(Some(status)),
            Success::Hello(_) | Success::Reports(_) | Success::Done => Err(ipc::unexpected()),
        }
    })?;
    match (status, arguments.json) {
        (Some(status), true) => {
            let json = serde_json::to_string_pretty(&status).map_err(io::Error::other)?;
            writeln!(stdout(), "{json}")?;
        }
        (Some(status), false) => write!(stdout(), "{}", describe(&status, home))?,
        (None, true) => {
            writeln!(stdout(), "null")?;
            return Ok(ExitCode::from(EXIT_UNAVAILABLE));
        }
        (None, false) => {
            writeln!(
                stdout(),
                "The daemon is not running. The browser starts it, or `onionmeter monitor start`."
            )?;
            return Ok(ExitCode::from(EXIT_UNAVAILABLE));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(status: &Status, home: &Home) -> String {
    let mut text = format!(
        "Relay    {}\nTor      {}\nBalance  {} credits in {} reports\n",
        relay(&status.relay),
        tor(status, home),
        print::credits(status.balance),
        status.reports.0,
    );
    text += &match &status.session {
        None => "Session  none open; the first byte opens one\n".to_owned(),
        Some(session) => format!(
            "Session  {}, {} up, {} down, {}.{} % of the way to its report\n",
            print::duration(session.duration_ms.0),
            print::bytes(session.bytes_up.0),
            print::bytes(session.bytes_down.0),
            session.progress_permille / 10,
            session.progress_permille % 10,
        ),
    };
    if let Some(problem) = &status.problem {
        text += &format!("Problem  {}\n", sentence(problem));
    }
    text
}

fn relay(relay: &RelayStatus) -> String {
    match relay {
        RelayStatus::Stopped => "stopped".to_owned(),
        RelayStatus::Listening { port } => format!("127.0.0.1:{port}"),
        RelayStatus::Failed(problem) => sentence(problem),
    }
}

fn tor(status: &Status, home: &Home) -> String {
    let mut text = match &status.tor.state {
        TorState::Off => "off".to_owned(),
        TorState::Starting => "starting".to_owned(),
        TorState::Bootstrapping {
            percent,
            summary,
            warning,
            ..
        } => {
            let warning = warning
                .as_ref()
                .map(|warning| format!(" (Tor warns: {warning})"));
            format!(
                "connecting, {percent} %: {summary}{}",
                warning.unwrap_or_default()
            )
        }
        TorState::Ready => "ready".to_owned(),
        TorState::Restarting {
            attempt,
            in_ms,
            problem,
        } => format!(
            "starting again in {} (attempt {attempt}): {}",
            print::duration(*in_ms),
            sentence(problem)
        ),
        TorState::Stopping => "stopping".to_owned(),
        TorState::Failed(problem) => sentence(problem),
    };
    if let Some(version) = &status.tor.version {
        text += &format!(", version {version}");
    }
    let config = Config::load(&home.config()).unwrap_or_default();
    let whose = status
        .tor
        .backend
        .and_then(|backend| whose(&config, backend));
    if let Some(whose) = whose {
        text += &format!(", {whose}");
    }
    text
}

fn sentence(problem: &Problem) -> String {
    match &problem.detail {
        Some(detail) => format!("{} ({detail})", problem.message),
        None => problem.message.clone(),
    }
}
