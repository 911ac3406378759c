//! Tor as our child: starts it, takes ownership, follows it, ends it.
//!
//! It uses Unix sockets in a folder of ours, so it needs no port. It ends when we end: first
//! because it polls our process, and later, once the control connection owns it, because that
//! connection ends.

mod paths;
mod torrc;

use std::{process::ExitStatus, time::Duration};

use meter_core::{Backend, TorAddr};
use tokio::{
    io::AsyncWriteExt,
    process::ChildStdin,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use self::paths::Paths;
use crate::{
    ControlRefusal, FolderFault, TorConfig, TorProblem,
    bootstrap::{Whose, follow},
    child::{Child, Start},
    control::{Authenticated, Command, Control, ControlError, CookieRule, authenticate},
    dial::dial,
    folders::find_program,
    publisher::Publisher,
};

/// Pause between looks for the control socket. The socket exists 12 ms after the start (measured).
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How one run of a child ended.
enum Ended {
    Asked,
    Exited(Option<ExitStatus>),
    Lost(ControlError),
    TimedOut,
    /// The detour failed.
    NoWay(TorProblem),
}

/// Runs one Tor from start to end.
///
/// # Errors
/// The reason why it ended or could not start; `Ok` if `stop` was cancelled.
pub(crate) async fn run(
    config: &TorConfig,
    publisher: &Publisher,
    stop: &CancellationToken,
) -> Result<(), TorProblem> {
    let program = find_program(&config.program)?;
    let paths = Paths::prepare(&config.data_dir, &config.run_dir)?;
    // Opened before Tor starts, so that no Tor runs without its detour.
    let mut detour = config.detour.open(Backend::Managed).await?;
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
        // Checked before the session: an exit explains a lost connection, and not the reverse.
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

/// Makes sure that the process has ended, and returns why.
async fn finish(
    mut child: Child,
    control: Option<Control>,
    ended: Ended,
    stop_max: Duration,
) -> Result<(), TorProblem> {
    let was_up = control.is_some();
    let outcome = match ended {
        Ended::Asked => {
            ask_to_end(control, &child, stop_max).await;
            child.wait_or_kill(stop_max).await;
            Ok(())
        }
        Ended::Exited(status) => Err(problem_of(child.log_tail().await, status, was_up)),
        Ended::Lost(error) => {
            // Tor ends when its owner's connection ends. The signal is for all other cases.
            drop(control);
            child.terminate();
            let status = child.wait_or_kill(stop_max).await;
            match error {
                ControlError::Lost => Err(problem_of(child.log_tail().await, status, was_up)),
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
                log: child.log_tail().await,
            })
        }
    };
    child.close().await;
    outcome
}

async fn ask_to_end(control: Option<Control>, child: &Child, stop_max: Duration) {
    let Some(mut control) = control else {
        return child.terminate();
    };
    // Whatever the answer is, the wait below is for the end of the process.
    if !matches!(
        timeout(stop_max, control.ask(Command::Shutdown)).await,
        Ok(Ok(_))
    ) {
        child.terminate();
    }
}

/// Sends the configuration. An error means that Tor has ended, and its end is reported elsewhere.
async fn configure(mut stdin: ChildStdin, torrc: &str) {
    if stdin.write_all(torrc.as_bytes()).await.is_err() || stdin.shutdown().await.is_err() {
        tracing::debug!("tor ended before it read its configuration");
    }
}

/// Connects as soon as the socket exists and answers.
async fn connect(paths: &Paths) -> Result<(Control, Authenticated), ControlError> {
    let address = TorAddr::Unix(paths.control.clone());
    let rule = CookieRule::Exactly(paths.cookie.clone());
    loop {
        if let Ok(io) = dial(&address).await {
            let mut control = Control::new(io);
            match authenticate(&mut control, &rule).await {
                Ok(about) => return Ok((control, about)),
                // Tor listens before it answers. On a busy machine this can take a while.
                Err(ControlError::Lost) => {}
                Err(ControlError::Refused(refusal)) if may_answer_yet(&refusal) => {}
                Err(error @ ControlError::Refused(_)) => return Err(error),
            }
        }
        sleep(LOOK_EVERY).await;
    }
}

const fn may_answer_yet(refusal: &ControlRefusal) -> bool {
    matches!(
        refusal,
        ControlRefusal::NotControlPort | ControlRefusal::Silent
    )
}

async fn own_and_follow(
    control: &mut Control,
    about: &Authenticated,
    paths: &Paths,
    publisher: &Publisher,
) -> ControlError {
    // Ownership comes first; then Tor may stop polling our process. Events come before the network,
    // so that none is missed.
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
    publisher.found(Backend::Managed, about.version.as_deref(), socks);
    follow(control, publisher, Whose::Ours).await
}

/// Finds the reason in Tor's last log lines (texts of 0.4.9). Unknown texts remain a plain exit.
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
