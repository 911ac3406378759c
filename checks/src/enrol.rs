//! Enrols at an onion service, as a person does it.

use anyhow::Result;
use std::time::{Duration, Instant};

/// What the command says when there is no circuit to the onion service yet. Nothing was sent then.
const NOT_REACHED: &str = "there was no connection to the ledger's onion service in time";
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
            Err(error) if error.to_string().contains(NOT_REACHED) && Instant::now() < deadline => {}
            outcome => return outcome,
        }
    }
}
