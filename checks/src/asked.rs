//! Commands of the program that must succeed, also on a very busy machine.

use anyhow::{Result, bail};
use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// `onionmeter help exit-codes`: the daemon runs and does not answer, and it is too soon to repeat.
const SILENT: i32 = 7;
const TOO_SOON: i32 = 75;
/// Only an upper bound.
const LIMIT: Duration = Duration::from_secs(60);
/// How long a person waits before asking again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs a command and gives its standard output. A daemon that gets no processor for seconds
/// answers too late, and the command says that it does not answer: it is then given again, as a
/// person would. What was asked first may have been done.
///
/// # Errors
/// It exits with another status than 0; the text has what it printed.
pub(crate) fn until_answered(mut command: Command) -> Result<String> {
    let begun = Instant::now();
    let mut was_silent = false;
    loop {
        let output = command.output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        let code = output.status.code();
        was_silent |= code == Some(SILENT);
        let may_pass = was_silent && matches!(code, Some(SILENT | TOO_SOON));
        if !may_pass || begun.elapsed() > LIMIT {
            bail!(
                "{command:?}: {}\n{}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        thread::sleep(PAUSE);
    }
}
