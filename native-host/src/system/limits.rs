//! How many files this process may open: two for each connection, and some more.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Files that are not for connections: standard streams, listeners, the runtime's own, the book,
/// clients, pipes.
const FILES_BESIDE: u64 = 192;

/// Raises the limit to the system's maximum. Returns how many connections that allows.
///
/// Most systems start programs with a limit of 1,024, for old programs, and allow far more.
pub(crate) fn raise_files() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    crate::ignore_because(
        "the limit stays as it was",
        setrlimit(Resource::Nofile, limit),
    );
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let connections = files.saturating_sub(FILES_BESIDE) / 2;
    usize::try_from(connections).unwrap_or(usize::MAX)
}
