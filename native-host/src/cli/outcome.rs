//! How a command ends: with an exit status, or with the reason why it did not do what it was asked.

use crate::{EXIT_USAGE, problems};
use meter_wire::Problem;
use std::{io, process::ExitCode};

/// The reason why a command did not do what it was asked.
pub(super) enum CommandError {
    /// An exit status and a text.
    Exit(u8, String),
    /// The daemon refused.
    Problem(Problem),
    /// stdout or stderr cannot be written: the reader has closed, or a disk is full. No other
    /// system error is converted to this one automatically.
    Output(io::Error),
}

impl From<Problem> for CommandError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl CommandError {
    /// Wrong usage, with the text of the error.
    pub(super) fn usage(error: &dyn std::error::Error) -> Self {
        Self::Exit(EXIT_USAGE, problems::chain(error))
    }
}

/// The exit status of a command, or the reason why it did not do what it was asked.
pub(super) type Outcome = Result<ExitCode, CommandError>;
