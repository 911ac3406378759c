//! Notices that a daemon has stopped answering, while something waits for its answer.

use super::reach;
use crate::{
    home::Home,
    lock::{self, Lock},
    system::process::Process,
};
use meter_wire::{ErrorCode, Problem};
use std::time::Duration;
use tokio::time;

/// How long an answer may take before the daemon is asked whether it is there at all. Starting Tor
/// takes longer; a daemon that does that answers others meanwhile.
const SILENCE_MAX: Duration = Duration::from_secs(1);

/// How sure one has to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Patience {
    /// A command, which a person waits for and can repeat.
    Command,
    /// A bridge, which takes the browser's connection along: a daemon that waits for a slow disk is
    /// given some seconds more. One that is suspended is not.
    Bridge,
}

impl Patience {
    /// Questions in a row without an answer.
    const fn silences_max(self) -> u32 {
        match self {
            Self::Command => 1,
            Self::Bridge => 3,
        }
    }
}

/// Asks until it does not answer any more, and says why. Ends only then.
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
