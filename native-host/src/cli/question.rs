//! A question to the person at the terminal.

use super::{outcome::CommandError, print};
use crate::EXIT_USAGE;
use std::io::{self, Write as _};

/// Asks a question that ends with `[y/N]`, and returns whether the answer is `y` or `yes`.
pub(super) fn is_agreed(question: &str) -> Result<bool, CommandError> {
    let answer = asked(question)?;
    Ok(["y", "yes"].contains(&answer.to_lowercase().as_str()))
}

/// Asks a person at the terminal, and returns the answer without surrounding blanks.
pub(super) fn asked(question: &str) -> Result<String, CommandError> {
    let mut terminal = io::stderr().lock();
    let asked = terminal
        .write_all(print::harmless(question).as_bytes())
        .and_then(|()| terminal.flush());
    asked.map_err(CommandError::Output)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| {
        let text =
            format!("nothing was done: the answer cannot be read from standard input: {error}");
        CommandError::Exit(EXIT_USAGE, text)
    })?;
    Ok(answer.trim().to_owned())
}
