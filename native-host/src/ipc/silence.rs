//! Notices that a daemon has stopped answering, while something waits for its answer.

use super::reach;
use crate::home::Home;
use meter_wire::Problem;
use std::time::Duration;
use tokio::time;

/// How long an answer may take before the daemon is asked whether it is there at all. Starting Tor takes
/// longer; a daemon that does that answers others meanwhile.
const SILENCE_MAX: Duration = Duration::from_secs(1);

/// Asks until it does not answer any more, and says why. Ends only then.
pub(crate) async fn until_silent(home: &Home) -> Problem {
    loop {
        time::sleep(SILENCE_MAX).await;
        if let Err(problem) = reach::probe(home).await {
            return problem;
        }
    }
}
