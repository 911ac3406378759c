//! How many files this process may open: two for each connection, and some more.

use rustix::{
    io::Errno,
    process::{Resource, getrlimit, setrlimit},
};
use std::io;

/// Files without which a daemon is of no use: those beside the connections, and 32 connections.
pub(crate) const DAEMON_FILES_MIN: u64 = FILES_BESIDE + 2 * 32;
/// Files of a command that asks the daemon: standard streams, the runtime, sockets, pipes, a book.
pub(crate) const COMMAND_FILES_MIN: u64 = 32;

/// Files that are not for connections: standard streams, listeners, the runtime's own, the book,
/// clients, pipes.
const FILES_BESIDE: u64 = 192;

/// Raises the limit to the system's maximum. Returns how many connections that allows.
///
/// Most systems start programs with a limit of 1,024, for old programs, and allow far more.
pub(crate) fn raise_files() -> usize {
    let files = files();
    let connections = files.saturating_sub(FILES_BESIDE) / 2;
    usize::try_from(connections).unwrap_or(usize::MAX)
}

/// Checks that this process, with its limit raised as far as it goes, may open as many files.
///
/// # Errors
/// How many it may open.
pub(crate) fn check_files(needed: u64) -> Result<(), u64> {
    match files() {
        files if files < needed => Err(files),
        _ => Ok(()),
    }
}

/// Whether this process, or the whole system, may open no more files. Such an error says nothing
/// about the file that was to be opened.
pub(crate) fn no_more_files(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

fn files() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    crate::ignore_because(
        "the limit stays as it was",
        setrlimit(Resource::Nofile, limit),
    );
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_open_files_are_told_from_what_is_wrong_with_a_file() {
        for errno in [Errno::MFILE, Errno::NFILE] {
            assert!(no_more_files(&errno.into()), "{errno}");
        }
        for errno in [Errno::NOENT, Errno::ACCESS, Errno::LOOP, Errno::ROFS] {
            assert!(!no_more_files(&errno.into()), "{errno}");
        }
        assert!(!no_more_files(&io::ErrorKind::Other.into()));
    }
}
