//! `version`: the versions of all parts that may differ.

use super::{
    ask::{self, Patience},
    outcome::Outcome,
    output::{Answer, Format},
};
use crate::{
    home::Home,
    ipc::Connection,
    program::{self, EMBEDDED_TOR, VERSION as OURS},
    versions::Daemon,
};
use clap::Args;
use meter_wire::{PROTOCOL, ProtocolRange, Status};
use serde_json::json;
use std::path::Path;

const HELP: &str = "\
`onionmeter --version` prints one line, for scripts.

Exit status: 0 also when no daemon runs, 7 it does not answer, 124 not within --timeout.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    patience: Patience,
}

pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    let program = program::program().unwrap_or_default();
    let asked = arguments.patience.wait(async {
        let Some(mut daemon) = Connection::attach(home).await? else {
            return Ok(None);
        };
        let status = ask::status(&mut daemon).await?;
        let about = Daemon::of(&daemon, &program);
        Ok(Some((about, daemon.hello().protocol, status)))
    });
    // What this program knows itself is told in any case.
    let (running, failure) = match asked {
        Ok(running) => (running, None),
        Err(failure) => (None, Some(failure)),
    };
    let is_known = failure.is_none();
    let daemon = running.as_ref().map(|(daemon, ..)| daemon);
    let protocol = running.as_ref().map(|(_, protocol, _)| *protocol);
    let tor = running.as_ref().and_then(|(.., status)| tor_in_use(status));
    let extensions = daemon.and_then(|daemon| daemon.parts.as_ref());
    let extensions = extensions
        .map(|parts| parts.extensions.clone())
        .unwrap_or_default();
    let attached = match extensions.as_slice() {
        _ if !is_known => UNKNOWN.to_owned(),
        [] => "none is attached".to_owned(),
        versions => versions.join(", "),
    };
    let running_words = match daemon {
        Some(daemon) => daemon_words(daemon),
        None if is_known => "not running".to_owned(),
        None => UNKNOWN.to_owned(),
    };
    let tor_words = match &tor {
        Some(tor) => tor,
        None if is_known => "none",
        None => UNKNOWN,
    };
    let text = lines(&program, &running_words, &attached, tor_words);
    let state = match daemon {
        None => "not_running",
        Some(daemon) if daemon.difference.is_none() => "same",
        Some(_) => "differs",
    };
    let answer = Answer::new(state, text)
        .with(
            "program",
            json!({"version": OURS, "path": program.to_string_lossy()}),
        )
        .with(
            "daemon",
            daemon.map(|daemon| {
                json!({
                    "version": daemon.version,
                    "protocol": protocol,
                    "process": daemon.process,
                })
            }),
        )
        .with("extensions", extensions)
        .with("tor", tor)
        .with("built_in_tor", EMBEDDED_TOR)
        .with(
            "protocol",
            json!({"min": ProtocolRange::OURS.min, "max": PROTOCOL}),
        );
    match failure {
        Some(failure) => answer.failed(failure),
        None => answer,
    }
    .print(format)
}

fn lines(program: &Path, daemon: &str, extensions: &str, tor: &str) -> String {
    format!(
        "Program       {OURS}  {}\nDaemon        {daemon}\nExtension     {extensions}\n\
            Tor in use    {tor}\nBuilt-in Tor  {}\nProtocol      {} to {PROTOCOL}\n",
        program.display(),
        EMBEDDED_TOR.unwrap_or("none, this program was built without"),
        ProtocolRange::OURS.min,
    )
}

/// Only the daemon knows it, and it gives no answer.
const UNKNOWN: &str = "not known, because the daemon gives no answer";

fn daemon_words(daemon: &Daemon) -> String {
    match daemon.advice() {
        None => daemon.version.clone(),
        Some(advice) => format!("{}\n              {advice}", daemon.version),
    }
}

fn tor_in_use(status: &Status) -> Option<String> {
    let whose = status.tor.whose()?;
    let version = status.tor.version.as_deref().unwrap_or("version unknown");
    Some(format!("{version}, {whose}"))
}
