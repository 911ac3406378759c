//! Limits of the system on files, processes and threads, as problems.

use crate::system::limits;
use meter_wire::{ErrorCode, Problem};
use std::io::{self, ErrorKind};

/// The problem if this process may open fewer files than it needs.
pub(crate) fn check_files(needed: u64) -> Result<(), Problem> {
    limits::check_files(needed).map_err(|files| too_few(files, needed))
}

/// The problem if this process may open fewer files than a command needs. It names what a daemon
/// needs: most commands start one, and the limit has to be raised only once.
pub(crate) fn check_files_of_command() -> Result<(), Problem> {
    limits::check_files(limits::COMMAND_FILES_MIN)
        .map_err(|files| too_few(files, limits::DAEMON_FILES_MIN))
}

fn too_few(files: u64, needed: u64) -> Problem {
    let detail = format!(
        "a process may open {files} files here, as `ulimit -Hn` prints, and this needs {needed}"
    );
    Problem::with_detail(ErrorCode::TooManyFiles, detail)
}

/// The problem if this process may start fewer threads than it needs.
pub(crate) fn check_threads(needed: usize) -> Result<(), Problem> {
    limits::check_threads(needed).map_err(|error| {
        let other = || Problem::with_detail(ErrorCode::DaemonUnreachable, error.to_string());
        no_more_processes(&error).unwrap_or_else(other)
    })
}

/// The problem if no process or thread could be started because the user has as many as allowed.
pub(crate) fn no_more_processes(error: &io::Error) -> Option<Problem> {
    (error.kind() == ErrorKind::WouldBlock)
        .then(|| Problem::with_detail(ErrorCode::DaemonUnreachable, NO_MORE_PROCESSES))
}

const NO_MORE_PROCESSES: &str = "the system lets this user start no more processes and threads \
    (`ulimit -u`); end some programs, then try again";
