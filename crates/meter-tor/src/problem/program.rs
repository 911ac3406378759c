//! What is wrong with a program that the settings name.

/// Why a program cannot be run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProgramFault {
    /// There is nothing at its path, or its path cannot be looked into.
    #[error("is not there")]
    NotThere,
    /// It is a folder, a socket or another thing that is no file.
    #[error("is not a file")]
    NotAFile,
    /// Nobody may run it.
    #[error("is not a program that may be run")]
    NotRunnable,
    /// It is a script, and the program that its first line names is not there; or a library that it
    /// needs is not.
    #[error("needs another program that is not there")]
    NoInterpreter,
    /// The system knows no way to run such a file: it is empty, a text, or for another computer.
    #[error("is not a program for this computer")]
    NotAProgram,
}
