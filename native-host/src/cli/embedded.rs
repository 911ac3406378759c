//! This program as the embedded Tor of its daemon, which starts it. `meter_arti` does the work.

use super::outcome::{CommandError, Outcome};
use crate::{
    EXIT_BUG, EXIT_UNAVAILABLE, EXIT_USAGE, ignore_because, log,
    system::{core_dumps, limits},
};
use meter_arti::{Discreet, Ended, Secrets};
use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};
use tracing::warn;

/// One worker passes on more than the public network delivers; the other keeps circuits running.
const WORKERS: usize = 2;

/// Runs until the daemon ends it, or the daemon has ended.
pub(super) fn run() -> Outcome {
    if io::stdin().is_terminal() {
        let text = "the daemon starts this itself; `onionmeter tor use embedded` chooses this Tor";
        return Err(CommandError::Exit(EXIT_USAGE, text.to_owned()));
    }
    limits::raise_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| CommandError::Exit(EXIT_BUG, error.to_string()))?;
    let conversation = meter_arti::run(tokio::io::stdin(), tokio::io::stdout(), begin_log);
    let ended = runtime.block_on(conversation);
    // A thread that reads stdin cannot be interrupted; waiting for it would block the end.
    runtime.shutdown_background();
    Ok(match ended {
        Ended::Asked => ExitCode::SUCCESS,
        Ended::Failed => ExitCode::from(EXIT_UNAVAILABLE),
    })
}

/// Sends events and panics to stderr. The daemon scrubs them and logs them with its own time.
fn begin_log(level: &str, secrets: Secrets) {
    let level = level.parse().unwrap_or(tracing::Level::WARN);
    let begun = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .without_time()
        .with_writer(move || Discreet::new(secrets.clone(), io::stderr()))
        .try_init();
    ignore_because("this process begins one log", begun);
    log::report_panics();
    if let Err(error) = core_dumps::forbid() {
        warn!(%error, "core dumps are not forbidden");
    }
}
