//! Finds out whether a daemon answers, and otherwise what is in its place.

use super::connection::{Connection, Introduction, gone, peer};
use crate::{
    files::FolderError,
    home::Home,
    lock,
    lock::Lock,
    problems,
    shell_word::shell_word,
    system::{
        local_socket::{self, Stream},
        process::{Kind, Process},
        user,
    },
};
use meter_wire::{ErrorCode, Problem};
use std::{io, path::Path, time::Duration};
use tokio::time;

/// How long a running daemon may leave a hello unanswered, or hold its lock without a socket.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Pause between two looks at a socket or lock.
pub(super) const POLL: Duration = Duration::from_millis(20);
/// How many looks at a lock of another program before it counts: a program that only looks releases
/// it at once.
const LOOKS: u32 = 10;

/// Connects to the daemon's socket; `None` if nothing listens. A Unix socket does not wait, so this
/// takes no time.
///
/// # Errors
/// When the socket cannot be used, or accepts no more connections.
pub(super) async fn dial(home: &Home) -> Result<Option<Stream>, Problem> {
    let error = match local_socket::connect(&home.socket()).await {
        Ok(stream) => return own(home, stream).map(Some),
        Err(error) => error,
    };
    match error.kind() {
        // The last kind comes from a listener that ended between the connection and its answer.
        io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset => Ok(None),
        // Its queue is full: it no longer accepts connections.
        io::ErrorKind::WouldBlock => Err(silent(home, None)),
        io::ErrorKind::PermissionDenied => Err(unusable(&home.socket(), &error)),
        io::ErrorKind::NotADirectory => {
            let error = FolderError::NotAFolder(home.run());
            let detail = problems::chain(&error);
            Err(Problem::with_detail(ErrorCode::HomeUnusable, detail))
        }
        _ => {
            if let Some(problem) = problems::too_many_files(&error) {
                return Err(problem);
            }
            let detail = format!("{}: {error}", home.socket().display());
            Err(Problem::with_detail(ErrorCode::DaemonUnreachable, detail))
        }
    }
}

/// Checks that the other side belongs to this user. The folder keeps others out; this check also
/// works if its mode was changed.
fn own(home: &Home, stream: Stream) -> Result<Stream, Problem> {
    let me = user::effective();
    match local_socket::peer(&stream) {
        Ok(peer) if peer.user != me && me != 0 => {
            let socket = home.socket();
            let detail = format!(
                "{} is held by a process of user {}, not yours",
                socket.display(),
                peer.user
            );
            Err(Problem::with_detail(ErrorCode::DaemonPlaceTaken, detail))
        }
        Ok(_) | Err(_) => Ok(stream),
    }
}

/// Returns a daemon that answers, or `None` if none runs. Waits for one that is starting or ending,
/// at most `patience` in total.
///
/// # Errors
/// The program in its place, and the remedy.
pub(super) async fn settle<T>(
    home: &Home,
    patience: Duration,
    greet: impl AsyncFn(Stream) -> Result<T, Introduction>,
) -> Result<Option<T>, Problem> {
    home.check_folder()
        .map_err(|error| problems::home(&error))?;
    let deadline = time::Instant::now() + patience;
    let mut strangers = 0;
    loop {
        let holder = if let Some(stream) = dial(home).await? {
            let listener = peer(&stream);
            match time::timeout_at(deadline, greet(stream)).await {
                Ok(Ok(reached)) => return Ok(Some(reached)),
                Ok(Err(Introduction::Refused(problem))) => return Err(problem),
                Ok(Err(Introduction::NotADaemon)) => return Err(displaced(home, listener)),
                // It was ending. Nothing was requested yet, so asking the next daemon asks only
                // once.
                Ok(Err(Introduction::Gone)) => listener,
                Err(_) => return Err(silent(home, listener)),
            }
        } else {
            match lock::look(home).map_err(|error| unusable(&home.lock(), &error))? {
                Lock::Free => return Ok(None),
                Lock::Held(holder) => {
                    let is_other = holder.is_some_and(|holder| holder.kind() == Kind::Other);
                    strangers = if is_other { strangers + 1 } else { 0 };
                    if strangers > LOOKS {
                        return Err(locked(home, holder));
                    }
                    holder
                }
            }
        };
        if time::Instant::now() >= deadline {
            return Err(silent(home, holder));
        }
        time::sleep(POLL).await;
    }
}

/// Checks on a separate connection whether the daemon still answers.
///
/// # Errors
/// The reason, if it does not.
pub(super) async fn probe(home: &Home) -> Result<(), Problem> {
    let greet = async |stream| match Connection::introduce(home, stream, false).await {
        // It is full or has another version, but it answers.
        Ok(_) | Err(Introduction::Refused(_)) => Ok(()),
        Err(other) => Err(other),
    };
    match settle(home, PATIENCE, greet).await? {
        Some(()) => Ok(()),
        None => Err(gone("it is gone")),
    }
}

/// The time after that much more patience.
pub(super) fn late_after(patience: Duration) -> time::Instant {
    time::Instant::now() + patience
}

/// Whether the daemon said that it is ending, or ended before it said anything, and `late` is not
/// reached yet.
pub(super) fn may_be_ending(problem: &Problem, late: time::Instant) -> bool {
    problem.code == ErrorCode::DaemonUnreachable && time::Instant::now() < late
}

/// The problem when a socket accepts connections or a lock is held, and nothing more happens.
fn silent(home: &Home, peer: Option<Process>) -> Problem {
    let holder = match lock::look(home) {
        Ok(Lock::Held(holder)) => holder,
        // Then it is the socket that somebody has.
        Ok(Lock::Free) if peer.is_none() => return displaced(home, None),
        Ok(Lock::Free) | Err(_) => None,
    };
    match peer.or(holder) {
        Some(process) if process.kind() == Kind::Other => match Some(process) == holder {
            true => locked(home, holder),
            false => displaced(home, Some(process)),
        },
        Some(process) => Problem::with_detail(ErrorCode::DaemonSilent, what_to_do(process)),
        None => locked(home, None),
    }
}

/// The remedy for a daemon that does not answer.
pub(super) fn what_to_do(process: Process) -> String {
    let number = process.number();
    match process.is_suspended() {
        true => format!(
            "{process} is suspended: `kill -CONT {number}` lets it go on, `onionmeter stop \
                --force` ends it"
        ),
        false => format!(
            "{process}; if this stays, `onionmeter stop --force` ends it, and the open session is \
                kept"
        ),
    }
}

/// The problem when another program has the socket.
fn displaced(home: &Home, process: Option<Process>) -> Problem {
    let socket = home.socket();
    let holder = process.map_or_else(
        || {
            format!(
                "a program that takes no connections; as root, `fuser -v {}` may name it",
                shell_word(&socket)
            )
        },
        whose,
    );
    let detail = format!("{} is held by {holder}", socket.display());
    Problem::with_detail(ErrorCode::DaemonPlaceTaken, detail)
}

/// A process that is no daemon of this user.
fn whose(process: Process) -> String {
    match process.daemon_of_another() {
        Some(user) => format!(
            "{process}, the Onionmeter daemon of another user (number {user}); run this as that \
                user"
        ),
        None => format!("{process}, which is no Onionmeter daemon"),
    }
}

/// The problem when another program has the lock.
pub(crate) fn locked(home: &Home, holder: Option<Process>) -> Problem {
    let lock = lock::held_at(home);
    let (word, lock) = (shell_word(&lock), lock.display());
    let detail = match holder {
        Some(process) if process.kind() == Kind::Hidden => {
            format!("{lock} is locked by {process}, of which this system does not say what it is")
        }
        Some(process) => format!("{lock} is locked by {}", whose(process)),
        None => format!(
            "{lock} is locked by a process that the system does not name: one of another user or \
                container (as root, `fuser -v {word}` may name it)"
        ),
    };
    Problem::with_detail(ErrorCode::DaemonPlaceTaken, detail)
}

fn unusable(path: &Path, error: &io::Error) -> Problem {
    let detail = match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "{}: {error}; the home folder and what is in it must be yours alone",
            path.display()
        ),
        _ => format!("{}: {error}", path.display()),
    };
    Problem::with_detail(ErrorCode::HomeUnusable, detail)
}
