//! How a command ends: with an exit status, or with the reason why it did not do what it was asked.

use super::exit;
use crate::{EXIT_USAGE, home::HomeError, problems};
use meter_wire::Problem;
use std::{io, path::Path, process::ExitCode};

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

    /// A home that cannot be used: its name is wrong usage, and a folder must be repaired first.
    pub(super) fn home(error: &HomeError) -> Self {
        match error {
            HomeError::Folder(_) => Self::Problem(problems::home(error)),
            _ => Self::usage(error),
        }
    }

    /// Nothing can be written at `path`.
    pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Self {
        let is_of_the_disk = problems::disk_of(error.kind()).is_some();
        match problems::too_many_files(error) {
            Some(problem) => Self::Problem(problem),
            None if is_of_the_disk => Self::Problem(problems::unwritable(error, path)),
            None => {
                let text = format!("{} cannot be written: {error}", path.display());
                Self::Exit(exit::CANNOT_WRITE, text)
            }
        }
    }
}

/// The exit status of a command, or the reason why it did not do what it was asked.
pub(super) type Outcome = Result<ExitCode, CommandError>;
