//! How many files this process may have open: two for each connection, and some beside.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Files for all but the connections: standard streams, listeners, the runtime's own, the book,
/// clients, pipes.
const FILES_BESIDE: u64 = 192;

/// Takes all that the system allows; says how many connections they are good for.
///
/// Most systems start programs with 1,024, for the sake of old ones, and allow far more.
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
