//! What the system limits for this process: open files (two for each connection, and some more),
//! threads, memory, and how large the files that it writes may become.

use nix::sys::signal::{SigSet, Signal};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::{
    hint,
    io::{self, ErrorKind},
    sync::{Mutex, PoisonError},
    thread,
};

/// Files without which a daemon is of no use: those beside the connections, and 32 connections.
pub(crate) const DAEMON_FILES_MIN: u64 = FILES_BESIDE + 2 * 32;
/// Files of a command that asks the daemon: standard streams, the runtime, sockets, pipes, a book.
pub(crate) const COMMAND_FILES_MIN: u64 = 32;

/// Threads of a daemon beside its first: the book's, the relay's, the Shadowsocks server's, and one
/// for what waits on files.
pub(crate) const DAEMON_THREADS: usize = 4;

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

/// Checks that this process may start as many threads at once. A runtime that cannot start its own
/// panics.
///
/// # Errors
/// The error of the system.
pub(crate) fn check_threads(count: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        // Each thread waits until the last has started.
        let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = || drop(gate.lock());
        for _ in 0..count {
            thread::Builder::new().spawn_scoped(scope, wait)?;
        }
        drop(closed);
        Ok(())
    })
}

/// Checks that this process may have as much memory at once. An allocation that fails in code of
/// others ends the process.
///
/// # Errors
/// `OutOfMemory`.
pub(crate) fn check_memory(bytes: usize) -> io::Result<()> {
    let mut room: Vec<u8> = Vec::new();
    let reserved = room.try_reserve_exact(bytes);
    // Otherwise the compiler could leave the allocation out.
    hint::black_box(&room);
    reserved.map_err(|_| ErrorKind::OutOfMemory.into())
}

/// Makes a write beyond the limit on the size of files (`ulimit -f`) an error, which can be told.
/// Otherwise the system ends the process. Call this before there is another thread.
///
/// The signal is blocked, because a handler needs `unsafe`. Programs that this one starts inherit
/// that, and get the error, too.
pub(crate) fn survive_large_files() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGXFSZ);
    crate::ignore_because("such a write then ends the process", signals.thread_block());
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
