//! Ends the daemon. The kernel alone identifies its process, as the peer of its socket or the
//! holder of its lock: a number in a file may belong to another process by now.

use super::{connection::peer, reach};
use crate::{
    home::Home,
    lock::{self, Lock},
    problems,
    system::process::{Held, Kind, Process, Signal},
};
use meter_wire::{ErrorCode, Problem};
use std::{io, time::Duration};
use tokio::time;

/// How long a daemon may take to end: connections are drained, then Tor is stopped.
const STOP_MAX: Duration = Duration::from_secs(20);
/// How long it may take to begin its end, which closes its socket; also the time before a daemon
/// that is ended by force is killed.
const OBEY_MAX: Duration = Duration::from_millis(2_500);

/// How long to look at a lock that is not a daemon's: an ending process has no command line any
/// more, a program that only looks releases the lock at once, and a daemon whose run folder was
/// removed makes it again.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// How to end it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Means {
    /// Ask, and wait.
    Asking,
    /// Kill a daemon that does not end when asked.
    Force,
}

/// Ends the daemon of `home` in order: the relay is drained, the open session kept. `false` if none
/// ran. A suspended daemon is continued for that.
///
/// # Errors
/// When another program is in its place, or it still runs at the end.
pub(crate) async fn stop(home: &Home, means: Means) -> Result<bool, Problem> {
    let Some((process, daemon)) = hold(home).await? else {
        return nobody(home).await;
    };
    let signal = |signal| {
        let sent = daemon.signal(signal);
        sent.map_err(|error| failed(process, &error.to_string()))
    };
    signal(Signal::End)?;
    signal(Signal::GoOn)?;
    let socket = home.socket();
    let obeys = || !socket.try_exists().unwrap_or(true);
    let need_not_wait = || means == Means::Asking && obeys();
    let mut has_ended = is_gone_within(home, process, OBEY_MAX, need_not_wait).await?;
    if !has_ended && obeys() && means == Means::Asking {
        has_ended = is_gone_within(home, process, STOP_MAX, || false).await?;
    }
    if !has_ended && means == Means::Force {
        signal(Signal::Kill)?;
        has_ended = is_gone_within(home, process, OBEY_MAX, || false).await?;
    }
    match has_ended {
        true => Ok(true),
        false => Err(failed(process, why_it_goes_on(means))),
    }
}

/// Only a process that waits in the kernel survives a kill.
const fn why_it_goes_on(means: Means) -> &'static str {
    match means {
        Means::Asking => "it was asked to end and goes on; `onionmeter stop --force` ends it",
        Means::Force => {
            "it was killed and is still there, so it waits for the system, mostly for a disk or \
                network folder that does not answer; it ends as soon as that answers, or when the \
                computer restarts"
        }
    }
}

/// No daemon has the lock; another program may still have its socket.
async fn nobody(home: &Home) -> Result<bool, Problem> {
    match reach::probe(home).await {
        Err(problem) if problem.code == ErrorCode::DaemonPlaceTaken => Err(problem),
        Ok(()) | Err(_) => Ok(false),
    }
}

/// Whether this daemon is still there. Another may have its lock by now: somebody who waits for a
/// daemon starts the next one at once.
fn is_there(home: &Home, daemon: Process) -> Result<bool, Problem> {
    match lock::look(home) {
        Ok(Lock::Free) => Ok(false),
        Ok(Lock::Held(Some(holder))) if holder != daemon => Ok(daemon.kind() == Kind::Daemon),
        Ok(Lock::Held(_)) => Ok(true),
        Err(error) => Err(unreadable(home, &error)),
    }
}

/// The daemon's process, held; `None` if it has ended.
async fn hold(home: &Home) -> Result<Option<(Process, Held)>, Problem> {
    let Some(process) = daemon_of(home).await? else {
        return Ok(None);
    };
    let Ok(held) = process.hold() else {
        return Ok(None);
    };
    // The number was the daemon's before; if it still is, the held process is the daemon.
    match daemon_of(home).await? {
        Some(still) if still == process => Ok(Some((process, held))),
        Some(_) | None => Ok(None),
    }
}

async fn daemon_of(home: &Home) -> Result<Option<Process>, Problem> {
    let late = time::Instant::now() + LOOK_MAX;
    loop {
        match look_for_daemon(home).await {
            Err(problem)
                if problem.code == ErrorCode::DaemonPlaceTaken && time::Instant::now() < late => {}
            other => return other,
        }
        time::sleep(reach::POLL).await;
    }
}

async fn look_for_daemon(home: &Home) -> Result<Option<Process>, Problem> {
    home.check_folder()
        .map_err(|error| problems::home(&error))?;
    let Lock::Held(holder) = lock::look(home).map_err(|error| unreadable(home, &error))? else {
        return Ok(None);
    };
    let process = match holder {
        Some(holder) => Some(holder),
        // The lock of an older daemon does not show its holder.
        None => listener(home).await,
    };
    match process.map(|process| (process, process.kind())) {
        Some((process, Kind::Daemon)) => Ok(Some(process)),
        // If the system hides the process, it must be both: the holder of the lock and the
        // listener.
        Some((process, Kind::Hidden)) if listener(home).await == Some(process) => Ok(Some(process)),
        other => Err(reach::locked(home, other.map(|(process, _)| process))),
    }
}

async fn listener(home: &Home) -> Option<Process> {
    let stream = reach::dial(home).await.ok().flatten();
    stream.and_then(|stream| peer(&stream))
}

/// Whether the daemon ended in time. Stops waiting when `enough` is true.
async fn is_gone_within(
    home: &Home,
    daemon: Process,
    patience: Duration,
    enough: impl Fn() -> bool,
) -> Result<bool, Problem> {
    let deadline = time::Instant::now() + patience;
    while is_there(home, daemon)? {
        if enough() || time::Instant::now() > deadline {
            return Ok(false);
        }
        time::sleep(reach::POLL).await;
    }
    Ok(true)
}

fn failed(process: Process, why: &str) -> Problem {
    Problem::with_detail(ErrorCode::DaemonSilent, format!("{process}: {why}"))
}

fn unreadable(home: &Home, error: &io::Error) -> Problem {
    let detail = format!("{}: {error}", home.lock().display());
    Problem::with_detail(ErrorCode::HomeUnusable, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn force_is_advised_only_where_it_was_not_used() {
        assert!(why_it_goes_on(Means::Asking).contains("--force"));
        assert!(!why_it_goes_on(Means::Force).contains("--force"));
    }
}
