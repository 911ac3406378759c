//! How a command ends: with an exit status, or with why it did not do what it was asked.

use crate::{EXIT_USAGE, problems};
use meter_wire::Problem;
use std::{io, process::ExitCode};

/// Why a command did not do what it was asked.
pub(super) enum CommandError {
    /// With the code to exit with.
    Exit(u8, String),
    /// The daemon said no.
    Problem(Problem),
    /// What is written does not reach stdout or stderr: nobody reads any more, or a disk is full.
    /// No other error of the system becomes this one by itself.
    Output(io::Error),
}

impl From<Problem> for CommandError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl CommandError {
    /// Wrong usage, in the words of the error.
    pub(super) fn usage(error: &dyn std::error::Error) -> Self {
        Self::Exit(EXIT_USAGE, problems::chain(error))
    }
}

/// The exit status of a command, or why it did not do what it was asked.
pub(super) type Outcome = Result<ExitCode, CommandError>;
