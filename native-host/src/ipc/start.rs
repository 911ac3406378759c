//! Starts a daemon if none runs.

use super::{
    connection::{Connection, Introduction, gone},
    reach,
};
use crate::{
    EXIT_CANNOT_WRITE, EXIT_NO_DAEMON,
    config::Config,
    home::Home,
    lock, problems, program,
    system::{files, limits, local_socket::Stream},
};
use meter_wire::{ErrorCode, Problem};
use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
    time,
};

/// How long a client waits for a daemon that it started.
const START_MAX: Duration = Duration::from_secs(10);
/// How long to wait for the last output of a daemon that has ended, and how much of it is read.
const WORDS_MAX: Duration = Duration::from_millis(500);
const WORDS_BYTES_MAX: u64 = 2_000;
/// Most daemons that one client starts: more than one only if another daemon was faster and has
/// ended again.
const STARTS_MAX: u32 = 3;

/// A connection, and whether the daemon was started for it and may still be opening its book.
pub(crate) struct Attached {
    pub(crate) stream: Stream,
    pub(crate) is_fresh: bool,
}

/// Connects to the daemon, and starts it if none runs. Nothing was sent on the connection yet.
///
/// # Errors
/// When the home is unusable, another program is in the daemon's place, or no daemon starts in
/// time.
pub(crate) async fn connect_or_start(home: &Home) -> Result<Attached, Problem> {
    let (stream, is_fresh) = begin(home, async |stream| Ok(stream)).await?;
    Ok(Attached { stream, is_fresh })
}

/// Like [`connect_or_start`], and says hello.
pub(super) async fn attach_or_start(home: &Home) -> Result<Connection, Problem> {
    let greet = async |stream| Connection::introduce(home, stream, false).await;
    begin(home, greet).await.map(|(connection, _)| connection)
}

async fn begin<T>(
    home: &Home,
    greet: impl AsyncFn(Stream) -> Result<T, Introduction>,
) -> Result<(T, bool), Problem> {
    let deadline = time::Instant::now() + START_MAX;
    let mut daemon: Option<Child> = None;
    let mut starts = 0;
    loop {
        let patience = match daemon {
            Some(_) => deadline.saturating_duration_since(time::Instant::now()),
            None => reach::PATIENCE,
        };
        if let Some(reached) = reach::settle(home, patience, &greet).await? {
            return Ok((reached, starts > 0));
        }
        let ended = match &mut daemon {
            Some(daemon) => daemon.try_wait().ok().flatten(),
            None => None,
        };
        match ended {
            Some(status) if !status.success() && !found_the_lock_taken(status) => {
                return Err(ended_at_once(home, status, daemon).await);
            }
            // Another daemon, or a program that only looked, was faster, and has ended since.
            Some(_) => daemon = None,
            None => {}
        }
        if daemon.is_none() {
            if starts == STARTS_MAX {
                return Err(match lock::shared(home) {
                    Some(holder) => reach::locked(home, holder),
                    None => gone("daemons end as soon as they are started"),
                });
            }
            ready(home)?;
            daemon = Some(spawn(home).map_err(|error| not_started(&error))?);
            starts += 1;
        }
        if time::Instant::now() > deadline {
            return Err(gone("it did not begin in time"));
        }
        time::sleep(reach::POLL).await;
    }
}

/// Whether another program had the lock. What that is, a look at the lock says.
fn found_the_lock_taken(status: ExitStatus) -> bool {
    status.code() == Some(i32::from(EXIT_NO_DAEMON))
}

/// Checks what the daemon would refuse, too, but could not report.
fn ready(home: &Home) -> Result<(), Problem> {
    // The daemon inherits the limit.
    problems::check_files(limits::DAEMON_FILES_MIN)?;
    problems::check_threads(limits::DAEMON_THREADS)?;
    home.prepare().map_err(|error| problems::home(&error))?;
    for folder in [home.root().to_path_buf(), home.run()] {
        let checked = files::check_writable(&folder);
        checked.map_err(|error| problems::unwritable(&error, &folder))?;
    }
    Config::load(&home.config()).map_err(|error| problems::config(&error))?;
    Ok(())
}

/// Includes the daemon's own output, which may be missing in its log: a full disk accepts neither.
async fn ended_at_once(home: &Home, status: ExitStatus, daemon: Option<Child>) -> Problem {
    let mut words = Vec::new();
    if let Some(stderr) = daemon.and_then(|daemon| daemon.stderr) {
        let read = stderr.take(WORDS_BYTES_MAX);
        tokio::pin!(read);
        crate::ignore_because(
            "then without its words",
            time::timeout(WORDS_MAX, read.read_to_end(&mut words)).await,
        );
    }
    let words = String::from_utf8_lossy(&words);
    let words = words.trim().trim_start_matches("onionmeter: ");
    let log = home.log();
    let is_unwritable = status.code() == Some(i32::from(EXIT_CANNOT_WRITE));
    match words.is_empty() {
        _ if is_unwritable => Problem::with_detail(ErrorCode::HomeUnusable, words),
        true => gone(&format!("it ended with {status}; see {}", log.display())),
        false => gone(&format!("it ended: {words}")),
    }
}

fn not_started(error: &io::Error) -> Problem {
    let known = problems::too_many_files(error);
    let known = known.or_else(|| problems::no_more_processes(error));
    known.unwrap_or_else(|| gone(&error.to_string()))
}

/// The daemon makes itself a session leader, so that it does not end with the browser.
fn spawn(home: &Home) -> io::Result<Child> {
    Command::new(program::program()?)
        .arg("daemon")
        .env(crate::home::HOME_VARIABLE, home.root())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(false)
        .spawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_with_too_many_processes_is_told_that() {
        let told = not_started(&rustix::io::Errno::AGAIN.into());
        assert_eq!(told.code, ErrorCode::DaemonUnreachable);
        assert!(told.detail.expect("a reason").contains("ulimit -u"));
    }
}
