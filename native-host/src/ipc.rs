//! The socket between the daemon and its clients: frames, connecting, starting on demand.

mod connection;
mod frames;
mod notices;
mod reach;
mod silence;
mod start;
mod stop;

use crate::home::Home;
use connection::{Failed, gone};
use meter_wire::{ErrorCode, Problem, Request, Success};
use std::time::Duration;
use tokio::time;

pub(crate) use connection::COMMANDS;
pub use connection::Connection;
pub(crate) use frames::{HEADER_BYTES, codec, codec_with_header};
pub(crate) use reach::locked;
pub(crate) use silence::{Patience, until_silent};
pub(crate) use start::{Attached, connect_or_start};
pub(crate) use stop::{Means, stop};

/// How long a command waits for one answer while the daemon still answers others.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Longest wait for the answer to a request that a ledger must answer.
const LEDGER_MAX: Duration = Duration::from_secs(600);

/// How long to repeat a request that daemons did not answer because they ended.
const ENDING_MAX: Duration = Duration::from_secs(10);

impl Connection {
    /// Connects to a running daemon; `None` if none runs.
    ///
    /// # Errors
    /// When a daemon runs and does not answer, or another program is in its place. Known within
    /// three seconds.
    pub async fn attach(home: &Home) -> Result<Option<Self>, Problem> {
        let greet = async |stream| Self::introduce(home, stream, false).await;
        reach::settle(home, reach::PATIENCE, greet).await
    }

    /// Connects to the daemon, and starts it if none runs.
    ///
    /// # Errors
    /// When it cannot be started, or the errors of [`Self::attach`].
    pub async fn attach_or_start(home: &Home) -> Result<Self, Problem> {
        start::attach_or_start(home).await
    }

    /// Attaches to a running daemon and sends a request; `None` when none runs. A daemon that is
    /// just ending counts as none, or the next daemon is asked, so the request must be repeatable.
    ///
    /// # Errors
    /// As [`Self::attach`] and [`Self::ask`].
    pub(crate) async fn attach_and_ask(
        home: &Home,
        request: &Request,
    ) -> Result<Option<(Self, Success)>, Problem> {
        Self::ask_until_answered(async || Self::attach(home).await, request).await
    }

    /// The same, but starts a daemon if none runs, and does not return the answer.
    ///
    /// # Errors
    /// As [`Self::attach_or_start`] and [`Self::ask`].
    pub(crate) async fn start_and_ask(home: &Home, request: &Request) -> Result<(), Problem> {
        let connect = async || Self::attach_or_start(home).await.map(Some);
        Self::ask_until_answered(connect, request).await.map(drop)
    }

    /// Repeats connection and request while daemons end before they answer.
    async fn ask_until_answered(
        connect: impl AsyncFn() -> Result<Option<Self>, Problem>,
        request: &Request,
    ) -> Result<Option<(Self, Success)>, Problem> {
        let late = reach::late_after(ENDING_MAX);
        loop {
            let Some(mut daemon) = connect().await? else {
                return Ok(None);
            };
            match daemon.ask(request.clone()).await {
                Err(problem) if reach::may_be_ending(&problem, late) => {
                    time::sleep(reach::POLL).await;
                }
                answer => return answer.map(|answer| Some((daemon, answer))),
            }
        }
    }

    /// Sends a request and waits for the answer as long as the daemon answers others.
    ///
    /// # Errors
    /// The daemon's own error, or that it does not answer.
    pub async fn ask(&mut self, request: Request) -> Result<Success, Problem> {
        let home = self.home.clone();
        let answer_max = answer_max(&request);
        let answer = async {
            tokio::select! {
                answer = self.exchange(request) => answer.map_err(Failed::problem),
                problem = until_silent(&home, Patience::Command) => Err(problem),
            }
        };
        time::timeout(answer_max, answer)
            .await
            .map_err(|_| gone("it did not answer in time"))?
    }
}

/// Longest wait for the answer to a request. A ledger is asked several times for one request,
/// through Tor, and the daemon has a limit of its own for each time.
const fn answer_max(request: &Request) -> Duration {
    match request {
        Request::LedgerLook(_)
        | Request::LedgerEnrol(_)
        | Request::LedgerInvite
        | Request::LedgerDevices
        | Request::LedgerRemove(_)
        | Request::LedgerRecovery
        | Request::LedgerLogin
        | Request::LedgerOpen => LEDGER_MAX,
        _ => ANSWER_MAX,
    }
}

pub(crate) fn unexpected() -> Problem {
    Problem::with_detail(
        ErrorCode::Internal,
        "the daemon answered something else than was asked",
    )
}
