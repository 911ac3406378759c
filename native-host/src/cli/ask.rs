//! Asks the daemon, with a time limit.

use super::{exit, outcome::CommandError};
use crate::{EXIT_BUG, config::quantity, ipc, problems};
use clap::Args;
use meter_wire::{Problem, Request, Settings, Status, Success};
use std::time::Duration;

/// The time limit, for every command that asks the daemon.
#[derive(Args, Clone, Copy, Default)]
pub(super) struct Patience {
    /// Give up after this long, for example 5s or 2min (exit status 124)
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = quantity::duration,
        global = true,
        allow_hyphen_values = true,
    )]
    timeout: Option<Duration>,
}

impl Patience {
    /// Sets a limit for commands that may take long, if the person set none.
    pub(super) const fn at_most(self, default: Duration) -> Self {
        let timeout = match self.timeout {
            Some(timeout) => timeout,
            None => default,
        };
        Self {
            timeout: Some(timeout),
        }
    }

    /// Runs the async code of one request.
    pub(super) fn wait<T>(
        self,
        future: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, CommandError> {
        self.wait_or(String::new, future)
    }

    /// Like [`Self::wait`]; when the time limit passes, `so_far` is added to the message.
    pub(super) fn wait_or<T>(
        self,
        so_far: impl FnOnce() -> String,
        future: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, CommandError> {
        // The runtime itself panics where it cannot open its files.
        problems::check_files_of_command()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::Exit(EXIT_BUG, error.to_string()))?;
        let Some(timeout) = self.timeout else {
            return runtime.block_on(future).map_err(CommandError::Problem);
        };
        let outcome = runtime.block_on(async { tokio::time::timeout(timeout, future).await });
        outcome
            .map_err(|_| {
                let limit =
                    quantity::show_ms(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
                let so_far = so_far();
                let message = format!(
                    "not done within {limit} (--timeout).{so_far} What was asked may still happen: \
                     see `onionmeter status`."
                );
                CommandError::Exit(exit::TIMED_OUT, message)
            })?
            .map_err(CommandError::Problem)
    }
}

/// Asks for the state of relay, Tor, session and book.
pub(super) async fn status(daemon: &mut ipc::Connection) -> Result<Status, Problem> {
    match daemon.ask(Request::Status).await? {
        Success::Status(status) => Ok(*status),
        _ => Err(ipc::unexpected()),
    }
}

/// Asks for the settings in force; `None` for an older daemon, which does not know the request.
pub(super) async fn settings(daemon: &mut ipc::Connection) -> Option<Settings> {
    match daemon.ask(Request::Settings).await {
        Ok(Success::Settings(settings)) => Some(settings),
        Ok(_) | Err(_) => None,
    }
}

/// The failure when no daemon runs and the command needs one.
pub(super) fn not_running(why: &str) -> CommandError {
    CommandError::Exit(exit::NOT_RUNNING, format!("the daemon is not running{why}"))
}
