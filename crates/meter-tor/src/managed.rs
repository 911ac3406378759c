//! Tor as our child: started, taken into ownership, followed, ended.
//!
//! It talks over Unix sockets in a folder of ours, so that no port is ever needed, and it dies
//! with us: by polling our process until the control connection owns it, by the connection's end
//! from then on.

mod paths;
mod torrc;

use std::{process::ExitStatus, time::Duration};

use meter_core::TorAddr;
use tokio::{
    io::AsyncWriteExt,
    process::ChildStdin,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use self::paths::Paths;
use crate::{
    BackendKind, ControlRefusal, FolderFault, TorConfig, TorProblem,
    bootstrap::{Whose, follow},
    child::{Child, Start},
    control::{Authenticated, Command, Control, ControlError, CookieRule, authenticate},
    dial::dial,
    folders::find_program,
    publisher::Publisher,
};

/// Pause between looks for the control socket; it is there 12 ms after the start (measured).
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How one life of a child ended.
enum Ended {
    Asked,
    Exited(Option<ExitStatus>),
    Lost(ControlError),
    TimedOut,
    /// Its detour is gone.
    NoWay(TorProblem),
}

/// Runs one Tor from start to end.
///
/// # Errors
/// Why it ended, or could not begin; `Ok` if `stop` asked for the end.
pub(crate) async fn live(
    config: &TorConfig,
    publisher: &Publisher,
    stop: &CancellationToken,
) -> Result<(), TorProblem> {
    let program = find_program(&config.program)?;
    let paths = Paths::prepare(&config.data_dir, &config.run_dir)?;
    // Before Tor, so that there is none without its detour.
    let mut detour = config.detour.open(BackendKind::Managed).await?;
    let torrc = torrc::torrc(
        &paths,
        &config.extra_torrc,
        &detour.torrc(&paths.data)?,
        std::process::id(),
    )?;
    let defaults = paths.defaults.clone().into_os_string();
    let (mut child, stdin, stdout) = Child::start(&Start {
        program: &program,
        arguments: &["-f".into(), "-".into(), "--defaults-torrc".into(), defaults],
        folder: &paths.data,
        inherits_environment: true,
    })?;
    child.also_log(stdout);
    let mut control = None;
    let session = async {
        configure(stdin, &torrc).await;
        let found = timeout(config.start_max, connect(&paths)).await;
        match found {
            Ok(Ok((connected, about))) => {
                let control = control.insert(connected);
                Ended::Lost(own_and_follow(control, &about, &paths, publisher).await)
            }
            Ok(Err(error)) => Ended::Lost(error),
            Err(_) => Ended::TimedOut,
        }
    };
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => Ended::Asked,
        // Before the session: an exit explains a lost connection, not the other way round.
        status = child.wait() => Ended::Exited(status),
        problem = detour.keep(publisher) => Ended::NoWay(problem),
        ended = session => ended,
    };
    if matches!(ended, Ended::Asked) {
        publisher.stopping();
    }
    let outcome = finish(child, control, ended, config.stop_max).await;
    paths.clear_best_effort();
    outcome
}

/// Sees to it that the process is gone, and says why it ended.
async fn finish(
    mut child: Child,
    control: Option<Control>,
    ended: Ended,
    stop_max: Duration,
) -> Result<(), TorProblem> {
    let was_up = control.is_some();
    match ended {
        Ended::Asked => {
            ask_to_end(control, &child, stop_max).await;
            child.wait_or_kill(stop_max).await;
            Ok(())
        }
        Ended::Exited(status) => Err(problem_of(child.last_words().await, status, was_up)),
        Ended::Lost(error) => {
            // Its owner's connection gone, Tor ends by itself; the signal is for all other cases.
            drop(control);
            child.terminate();
            let status = child.wait_or_kill(stop_max).await;
            match error {
                ControlError::Lost => Err(problem_of(child.last_words().await, status, was_up)),
                ControlError::Refused(_) => Err(error.into()),
            }
        }
        Ended::NoWay(problem) => {
            drop(control);
            child.terminate();
            child.wait_or_kill(stop_max).await;
            Err(problem)
        }
        Ended::TimedOut => {
            child.terminate();
            child.wait_or_kill(stop_max).await;
            Err(TorProblem::StartTimedOut {
                log: child.last_words().await,
            })
        }
    }
}

async fn ask_to_end(control: Option<Control>, child: &Child, stop_max: Duration) {
    let Some(mut control) = control else {
        return child.terminate();
    };
    // Whatever is answered, the end of the process is what counts.
    if !matches!(
        timeout(stop_max, control.ask(Command::Shutdown)).await,
        Ok(Ok(_))
    ) {
        child.terminate();
    }
}

/// Gives the configuration. An error means that Tor has ended: that is reported by its end.
async fn configure(mut stdin: ChildStdin, torrc: &str) {
    if stdin.write_all(torrc.as_bytes()).await.is_err() || stdin.shutdown().await.is_err() {
        tracing::debug!("tor ended before it read its configuration");
    }
}

/// Connects as soon as the socket is there and answers.
async fn connect(paths: &Paths) -> Result<(Control, Authenticated), ControlError> {
    let address = TorAddr::Unix(paths.control.clone());
    let rule = CookieRule::Exactly(paths.cookie.clone());
    loop {
        if let Ok(io) = dial(&address).await {
            let mut control = Control::new(io);
            match authenticate(&mut control, &rule).await {
                Ok(about) => return Ok((control, about)),
                // It listens before it answers; on a busy machine that takes its time.
                Err(ControlError::Lost | ControlError::Refused(ControlRefusal::NotControlPort)) => {
                }
                Err(error @ ControlError::Refused(_)) => return Err(error),
            }
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn own_and_follow(
    control: &mut Control,
    about: &Authenticated,
    paths: &Paths,
    publisher: &Publisher,
) -> ControlError {
    // Ownership first, then the poll for our process may go; events before the network, so that
    // none is missed.
    for command in [
        Command::TakeOwnership,
        Command::ForgetOwningProcess,
        Command::SubscribeStatusAndWarnings,
        Command::EnableNetwork,
    ] {
        if let Err(error) = control.demand(command).await {
            return error;
        }
    }
    let socks = TorAddr::Unix(paths.socks.clone());
    publisher.found(BackendKind::Managed, about.version.as_deref(), socks);
    follow(control, publisher, Whose::Ours).await
}

/// Reads the reason out of Tor's last words (texts of 0.4.9; unknown ones stay an exit).
fn problem_of(log: Vec<String>, status: Option<ExitStatus>, was_up: bool) -> TorProblem {
    let status = status.and_then(|status| status.code());
    if was_up {
        return TorProblem::Exited { status, log };
    }
    let says = |text: &str| log.iter().any(|line| line.contains(text));
    if says("another Tor process is running with the same data directory") {
        TorProblem::DataDirLocked
    } else if says("private data directory") || says("is not owned by this user") {
        TorProblem::DataDirUnusable(FolderFault::RefusedByTor)
    } else if says("Failed to bind one of the listener ports") {
        TorProblem::RunDirUnusable(FolderFault::RefusedByTor)
    } else if says("Failed to parse/validate config") || says("Reading config failed") {
        TorProblem::BadOption { log }
    } else {
        TorProblem::ExitedAtStart { status, log }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &TorProblem) {
        assert_eq!(&problem_of(vec![line.into()], None, false), expected);
    }

    #[test]
    fn tors_last_words_name_the_problem() {
        check(
            "[err] It looks like another Tor process is running with the same data directory.",
            &TorProblem::DataDirLocked,
        );
        let refused = TorProblem::DataDirUnusable(FolderFault::RefusedByTor);
        check(
            "[warn] Failed to parse/validate config: Couldn't create private data directory x",
            &refused,
        );
        let option = "[warn] Failed to parse/validate config: Unknown option 'Foo'.  Failing.";
        check(
            option,
            &TorProblem::BadOption {
                log: vec![option.into()],
            },
        );
        let other = "[err] something new";
        check(
            other,
            &TorProblem::ExitedAtStart {
                status: None,
                log: vec![other.into()],
            },
        );
        assert!(matches!(
            problem_of(Vec::new(), None, true),
            TorProblem::Exited { .. }
        ));
    }
}
