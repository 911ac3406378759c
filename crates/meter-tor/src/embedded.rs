//! The embedded Tor: a child that runs our own program. It talks to us in lines over its stdin and
//! stdout, and ends when its stdin ends.
//!
//! Nothing here depends on Arti; only the child uses it.

mod talk;

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use meter_core::{Backend, TorAddr};
use meter_embedded::{
    EmbeddedCommand, EmbeddedError, EmbeddedEvent, EmbeddedPath, EmbeddedProgress, EmbeddedSetup,
    EmbeddedWay,
};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use self::talk::Talk;
use crate::{
    Embedded, FolderFault, TorConfig, TorProblem, TorWarning,
    bootstrap::{Progress, connect_error_in},
    child::{Child, Start},
    circuit::{Built, Circuit, HOPS_MAX, Hop, HopRole, Question, short},
    control::{Event, Phase},
    folders::{check_socket_path, fault_inside, open_above, private_folder},
    publisher::Publisher,
    scrub::scrub,
};

/// How one run of the child ended.
enum Ended {
    Asked,
    Error(EmbeddedError),
    /// Its stdout ended, or sent a line that we do not understand.
    Lost,
    TimedOut,
    /// The detour failed.
    NoWay(TorProblem),
}

/// Runs one embedded Tor from start to end.
///
/// # Errors
/// The reason why it ended or could not start; `Ok` if `stop` was cancelled.
pub(crate) async fn run(
    config: &TorConfig,
    publisher: &Publisher,
    stop: &CancellationToken,
) -> Result<(), TorProblem> {
    let embedded = config.embedded.as_ref().ok_or(TorProblem::NotBuiltIn)?;
    // Opened before the child starts, so that no child runs without its detour.
    let mut detour = config.detour.open(Backend::Embedded).await?;
    let (setup, socks) = prepare(config, embedded, detour.way()?)?;
    let started = Child::start(&Start {
        program: &embedded.program,
        arguments: &embedded.arguments,
        folder: &embedded.data_dir,
        inherits_environment: false,
    });
    let (child, stdin, stdout) = started.map_err(|problem| match problem {
        // This is our own program, so no setting names it.
        TorProblem::ProgramUnusable { .. } => TorProblem::SpawnFailed {
            kind: std::io::ErrorKind::NotFound,
        },
        other => other,
    })?;
    let mut run = Run {
        talk: Talk::new(stdin, stdout),
        publisher,
        was_up: false,
        first: match config.detour.bridges.is_empty() {
            true => HopRole::Guard,
            false => HopRole::Bridge,
        },
    };
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => Ended::Asked,
        problem = detour.keep(publisher) => Ended::NoWay(problem),
        ended = run.begin_and_follow(setup, socks.clone(), config) => ended,
    };
    if matches!(ended, Ended::Asked) {
        publisher.stopping();
    }
    let (data_dir, limit) = (&embedded.data_dir, config.stop_max);
    let outcome = finish(child, run.talk, run.was_up, ended, data_dir, limit).await;
    if let Err(error) = std::fs::remove_file(&socks) {
        tracing::trace!(kind = %error.kind(), "the embedded tor's socket was gone already");
    }
    outcome
}

/// Makes and checks the folders. Returns the setup for the child and the path of its socket.
fn prepare(
    config: &TorConfig,
    embedded: &Embedded,
    way: EmbeddedWay,
) -> Result<(EmbeddedSetup, PathBuf), TorProblem> {
    let fault = |error: std::io::Error| FolderFault::of(&error);
    let run_dir = std::path::absolute(&config.run_dir)
        .map_err(|error| TorProblem::RunDirUnusable(fault(error)))?;
    let data_dir = std::path::absolute(&embedded.data_dir)
        .map_err(|error| TorProblem::DataDirUnusable(fault(error)))?;
    let socks = run_dir.join("socks");
    check_socket_path(&socks)?;
    private_folder(&data_dir).map_err(TorProblem::DataDirUnusable)?;
    private_folder(&run_dir).map_err(TorProblem::RunDirUnusable)?;
    // JSON can hold only paths that are UTF-8.
    let not_text = FolderFault::Io {
        kind: std::io::ErrorKind::InvalidFilename,
    };
    let text = |path: &PathBuf| path.to_str().map(str::to_owned);
    let setup = EmbeddedSetup {
        data_dir: text(&data_dir).ok_or(TorProblem::DataDirUnusable(not_text))?,
        socks: text(&socks).ok_or(TorProblem::RunDirUnusable(not_text))?,
        arti: embedded.arti.clone(),
        log_level: embedded.log_level.clone(),
        way,
    };
    Ok((setup, socks))
}

struct Run<'a> {
    talk: Talk,
    publisher: &'a Publisher,
    was_up: bool,
    /// The role of the first relay of every circuit.
    first: HopRole,
}

impl Run<'_> {
    async fn begin_and_follow(
        &mut self,
        setup: EmbeddedSetup,
        socks: PathBuf,
        config: &TorConfig,
    ) -> Ended {
        // If the child does not read any more, the loop below notices its end.
        self.talk.say(&EmbeddedCommand::Begin(setup)).await;
        let Ok(first) = timeout(config.start_max, self.talk.hear()).await else {
            return Ended::TimedOut;
        };
        match first {
            Some(EmbeddedEvent::Listening { version }) => {
                self.was_up = true;
                let address = TorAddr::Unix(socks);
                self.publisher
                    .found(Backend::Embedded, Some(&version), address);
                self.follow().await
            }
            Some(EmbeddedEvent::Failed { error }) => Ended::Error(error),
            Some(_) | None => Ended::Lost,
        }
    }

    async fn follow(&mut self) -> Ended {
        let mut progress = Progress::new(Instant::now());
        let mut identity = self.publisher.identity();
        let mut questions = self.publisher.questions();
        // One question at a time, so that the next answer belongs to it.
        let mut asked: Option<Question> = None;
        loop {
            self.publisher.progress(progress.state());
            let event = tokio::select! {
                event = self.talk.hear() => event,
                Ok(()) = identity.changed() => {
                    self.talk.say(&EmbeddedCommand::NewIdentity).await;
                    continue;
                }
                Some(question) = questions.recv(), if asked.is_none() => {
                    self.talk.say(&whose_circuit(&question)).await;
                    asked = Some(question);
                    continue;
                }
            };
            match event {
                Some(EmbeddedEvent::Progress(report)) => {
                    if let Some(seconds) = report.clock_skew_s {
                        self.publisher.warn(TorWarning::ClockSkew { seconds });
                    }
                    progress.take(Event::Bootstrap(phase(report)), Instant::now());
                }
                Some(EmbeddedEvent::NewIdentity | EmbeddedEvent::Circuits { .. }) => {}
                Some(EmbeddedEvent::Circuit { path }) => {
                    if let Some(question) = asked.take() {
                        question
                            .answer(path.map_or(Circuit::Unused, |path| circuit(path, self.first)));
                    }
                }
                Some(EmbeddedEvent::Failed { error }) => return Ended::Error(error),
                Some(EmbeddedEvent::Listening { .. }) | None => return Ended::Lost,
            }
        }
    }
}

fn whose_circuit(question: &Question) -> EmbeddedCommand {
    EmbeddedCommand::Circuit {
        user: question.site.user.clone(),
        password: question.site.password.clone(),
    }
}

/// Converts a path. Arti has no list of countries and stores no nicknames.
fn circuit(path: EmbeddedPath, first: HopRole) -> Circuit {
    let EmbeddedPath { mut relays, onion } = path;
    relays.truncate(HOPS_MAX);
    let count = relays.len();
    let hop = |(number, fingerprint): (usize, &String)| Hop {
        role: match HopRole::of(number, count, onion) {
            HopRole::Guard => first,
            other => other,
        },
        relay: short(fingerprint),
        country: None,
    };
    let way = relays.iter().enumerate().map(hop).collect();
    Circuit::Built(Built {
        ways: vec![way],
        onion,
    })
}

fn phase(report: EmbeddedProgress) -> Phase {
    let percent = if report.ready {
        100
    } else {
        report.percent.min(99)
    };
    let in_words = report.blocked.as_deref().and_then(connect_error_in);
    Phase {
        percent,
        tag: report.tag,
        summary: report.summary,
        connect_error: in_words.or(report.connect_error),
        warning: report.blocked.as_deref().map(scrub),
    }
}

/// Makes sure that the process has ended, and returns why.
async fn finish(
    mut child: Child,
    mut talk: Talk,
    was_up: bool,
    ended: Ended,
    data_dir: &Path,
    stop_max: Duration,
) -> Result<(), TorProblem> {
    if matches!(ended, Ended::Asked) {
        talk.say(&EmbeddedCommand::Stop).await;
    }
    // The end of its stdin is a second request to end, for a child that does not read the first.
    drop(talk);
    if matches!(ended, Ended::Lost | Ended::TimedOut | Ended::NoWay(_)) {
        child.terminate();
    }
    let status = child.wait_or_kill(stop_max).await;
    let outcome = match ended {
        Ended::Asked => Ok(()),
        Ended::NoWay(problem) => Err(problem),
        Ended::Lost => Err(exit(status, was_up, child.log_tail().await)),
        Ended::TimedOut => Err(TorProblem::StartTimedOut {
            log: child.log_tail().await,
        }),
        Ended::Error(error) => {
            let mut log = child.log_tail().await;
            match problem_of(error, data_dir) {
                Ok(problem) => Err(problem),
                Err(reason) => {
                    log.push(reason);
                    Err(exit(status, was_up, log))
                }
            }
        }
    };
    child.close().await;
    outcome
}

/// Returns the problem for a fault, or the last line if the child just ended.
fn problem_of(error: EmbeddedError, data_dir: &Path) -> Result<TorProblem, String> {
    match error {
        EmbeddedError::BadSetup => Ok(TorProblem::Bug("the embedded tor did not understand us")),
        EmbeddedError::BadConfig(reason) => Ok(TorProblem::BadOption {
            log: vec![scrub(&reason)],
        }),
        EmbeddedError::DataDir => Ok(refused(data_dir)),
        EmbeddedError::StateDamaged(file) => Ok(TorProblem::StateDamaged {
            file: data_dir.join(file),
        }),
        EmbeddedError::DataDirLocked => Ok(TorProblem::DataDirLocked),
        EmbeddedError::Socket => Ok(TorProblem::RunDirUnusable(FolderFault::RefusedByTor)),
        EmbeddedError::Other(kind) => Err(scrub(&kind)),
    }
}

/// Why Tor refused its data folder.
fn refused(data_dir: &Path) -> TorProblem {
    if let Some((folder, why)) = open_above(data_dir) {
        return TorProblem::OpenAbove { folder, why };
    }
    match fault_inside(data_dir) {
        Some((path, why)) => TorProblem::Inside { path, why },
        None => TorProblem::DataDirUnusable(FolderFault::RefusedByTor),
    }
}

fn exit(status: Option<ExitStatus>, was_up: bool, log: Vec<String>) -> TorProblem {
    let status = status.and_then(|status| status.code());
    if was_up {
        TorProblem::Exited { status, log }
    } else {
        TorProblem::ExitedAtStart { status, log }
    }
}
