//! Enrols at an onion service, as a person does it.

use anyhow::Result;
use meter_tor::LedgerDialError;
use std::time::{Duration, Instant};

/// What can be said of an onion service that runs: while a small network is busy, its descriptor,
/// its meeting point or one circuit may fail. Nothing was sent then.
pub const MAY_PASS: [LedgerDialError; 4] = [
    LedgerDialError::Down,
    LedgerDialError::NotFound,
    LedgerDialError::TimedOut,
    LedgerDialError::Unreachable,
];
/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(240);

/// Runs the command again for as long as it does not reach the onion service: the first circuit to
/// one can take longer than the command waits.
///
/// # Errors
/// It says something else, or never reaches it.
pub fn until_reached(command: impl Fn() -> Result<String>) -> Result<String> {
    let deadline = Instant::now() + LIMIT;
    loop {
        match command() {
            Err(error) if says_that_it_may_pass(&error) && Instant::now() < deadline => {}
            outcome => return outcome,
        }
    }
}

fn says_that_it_may_pass(error: &anyhow::Error) -> bool {
    let text = error.to_string();
    MAY_PASS.iter().any(|one| text.contains(&one.to_string()))
}
