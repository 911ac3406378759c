//! Notices that a daemon has stopped answering while a request waits for its answer.

use super::reach;
use crate::{
    home::Home,
    lock::{self, Lock},
    system::process::Process,
};
use meter_wire::{ErrorCode, Problem};
use std::time::Duration;
use tokio::time;

/// How long an answer may take before the daemon is checked. Starting Tor takes longer, but a
/// daemon that does that answers others meanwhile.
const SILENCE_MAX: Duration = Duration::from_secs(1);

/// How certain the result must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Patience {
    /// For a command: a person waits for it and can repeat it.
    Command,
    /// For a bridge, whose end also ends the browser's connection: a daemon that waits for a slow
    /// disk gets some seconds more. A suspended daemon does not.
    Bridge,
}

impl Patience {
    /// Number of checks in a row without an answer.
    const fn silences_max(self) -> u32 {
        match self {
            Self::Command => 1,
            Self::Bridge => 3,
        }
    }
}

/// Checks until the daemon no longer answers, and returns why. Ends only then.
pub(crate) async fn until_silent(home: &Home, patience: Patience) -> Problem {
    let mut silences = 0;
    loop {
        time::sleep(SILENCE_MAX).await;
        match reach::probe(home).await {
            Ok(()) => silences = 0,
            Err(problem) => {
                silences += 1;
                let may_pass = problem.code == ErrorCode::DaemonSilent && !is_suspended(home);
                if !may_pass || silences >= patience.silences_max() {
                    return problem;
                }
            }
        }
    }
}

fn is_suspended(home: &Home) -> bool {
    matches!(lock::look(home), Ok(Lock::Held(Some(holder))) if Process::is_suspended(holder))
}
