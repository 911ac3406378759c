//! The daemon: one per home, owner of the engine, server of any number of clients.

mod budget;
mod client;
mod clients;
mod second_witness;
mod socket;

use crate::{
    EXIT_CANNOT_WRITE, EXIT_UNAVAILABLE, EXIT_USAGE,
    api::Departures,
    config::Config,
    engine::{Engine, EngineHandle},
    home::Home,
    ipc,
    lock::{self, DaemonLock, Lock},
    log, problems, program, restored,
    system::{
        core_dumps, limits,
        local_socket::{self, Listener, Stream},
        process::{self, Kind, Process},
        streams, user,
    },
};
use clients::Clients;
use meter_wire::{ErrorCode, Problem};
use socket::{ClientSocket, Lost};
use std::{
    io::{self, Write as _},
    time::Duration,
};
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

/// How a run of the daemon ends well.
pub(crate) enum Ended {
    /// It was asked to end, or was not needed any more.
    Served,
    /// This process runs as the daemon of the home already.
    RunsAlready(Process),
}

/// Why no daemon runs.
pub(crate) enum Failed {
    /// Exit code and reason.
    Exit(u8, String),
    /// Another program has the lock.
    Locked(Problem),
}

/// Runs the daemon of `home` until it is asked to end or is not needed any more. Returns at once if
/// one runs already.
///
/// # Errors
/// Why it cannot begin or go on.
pub(crate) fn run(home: &Home) -> Result<Ended, Failed> {
    program::note_program();
    // Fails only for the leader of a process group, which no terminal takes along anyway.
    crate::ignore_because("started from a terminal", process::leave_session());
    // Before the first file: each that cannot be opened would be called unusable.
    let checked = problems::check_files(limits::DAEMON_FILES_MIN);
    let checked = checked.and_then(|()| problems::check_threads(limits::DAEMON_THREADS));
    if let Err(problem) = checked {
        let detail = problem.detail.unwrap_or_default();
        let said = match problem.code {
            // Who started the daemon says that it cannot be started.
            ErrorCode::DaemonUnreachable => detail,
            _ => format!("{} {detail}", problem.message),
        };
        return Err(Failed::Exit(EXIT_UNAVAILABLE, said));
    }
    let Some(lock) = prepare(home)? else {
        return taken(home);
    };
    let config = Config::load(&home.config())
        .map_err(|error| Failed::Exit(EXIT_USAGE, problems::chain(&error)))?;
    // No log is no reason to have no Tor; `doctor` tells of it.
    if let Err(error) = log::init(home, config.log_level) {
        say(&format!(
            "no log is kept: {}: {error}",
            home.log().display()
        ));
    }
    if let Err(error) = core_dumps::forbid() {
        warn!(%error, "core dumps are not forbidden");
    }
    let connections = limits::raise_files();
    if connections < config.connections_max {
        warn!(
            connections,
            "the system allows too few open files for connections_max"
        );
    }
    // One thread is enough: the relay, the only part with much work, has its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = runtime.and_then(|runtime| runtime.block_on(serve(home, &config, lock)));
    outcome.map_err(|error| {
        error!(%error, "daemon ends");
        Failed::Exit(code_of(&error), error.to_string())
    })?;
    Ok(Ended::Served)
}

/// Makes the home and takes its lock; `None` when another process holds it.
fn prepare(home: &Home) -> Result<Option<DaemonLock>, Failed> {
    home.prepare()
        .map_err(|error| Failed::Exit(EXIT_USAGE, problems::chain(&error)))?;
    let lock = DaemonLock::take(home).map_err(|error| of_lock(home, &error))?;
    if lock.is_none() {
        return Ok(None);
    }
    restored::finish(home).map_err(|error| {
        let root = home.root().display();
        let said = format!("{root}: a backup cannot be put in place: {error}");
        Failed::Exit(code_of(&error), said)
    })?;
    Ok(lock)
}

/// Whether it is a daemon that has the lock, and otherwise who.
fn taken(home: &Home) -> Result<Ended, Failed> {
    let holder = match lock::look(home).map_err(|error| of_lock(home, &error))? {
        Lock::Held(Some(holder)) if holder.kind() == Kind::Daemon => {
            return Ok(Ended::RunsAlready(holder));
        }
        Lock::Held(holder) => holder,
        // A lock that others may share keeps a daemon out, too.
        Lock::Free => lock::shared(home).flatten(),
    };
    Err(Failed::Locked(ipc::locked(home, holder)))
}

fn of_lock(home: &Home, error: &io::Error) -> Failed {
    let said = format!("{}: {error}", home.lock().display());
    Failed::Exit(code_of(error), said)
}

/// A disk that accepts nothing is told apart from everything else that keeps a daemon from running.
fn code_of(error: &io::Error) -> u8 {
    match problems::disk_of(error.kind()) {
        Some(_) => EXIT_CANNOT_WRITE,
        None => EXIT_UNAVAILABLE,
    }
}

/// Prints a message for a person who started the daemon in a terminal. A closed pipe does no harm.
fn say(message: &str) {
    let said = writeln!(io::stderr(), "onionmeter: {message}");
    crate::ignore_because("nobody reads it", said);
}

/// Serves until the end. The lock is released last.
async fn serve(home: &Home, config: &Config, mut lock: DaemonLock) -> io::Result<()> {
    let mut socket = ClientSocket::open(home)?;
    let (engine, handle) = Engine::new(home, config)?;
    let engine_stop = CancellationToken::new();
    let mut engines = JoinSet::new();
    engines.spawn(engine.run(engine_stop.clone()));
    info!(version = env!("CARGO_PKG_VERSION"), "daemon ready");
    // The client that started this daemon reads only why a start failed. A terminal stays open.
    crate::ignore_because("then it stays open", streams::close_pipe_of_stderr());

    let (departures, departed) = Departures::new();
    let clients = Clients::new(departures.clone());
    tokio::select! {
        () = second_witness::watch(departures, departed, handle.settings().clone()) => {}
        // Without an engine there is nothing to serve; the next client starts a new daemon.
        _ = engines.join_next() => {
            error!("the engine ended by itself");
        }
        () = keep_open(&mut socket, home, &mut lock, &handle, &clients) => {}
        () = process::asked_to_end() => info!("asked to end"),
        () = unused(config.idle_exit_s, &clients, &handle) => info!("nobody is left"),
    }
    // From here on a new client finds no socket, and waits for the lock.
    if socket.is_in_place(home) {
        crate::ignore_because(
            "it may be gone already",
            std::fs::remove_file(home.socket()),
        );
    }
    drop(socket);
    debug!("no client is taken any more");
    engine_stop.cancel();
    // A panic was logged by its hook.
    while engines.join_next().await.is_some() {}
    // After the engine: what clients asked of it has its replies now.
    clients.end().await;
    debug!("the clients have left");
    debug!("the lock is given back");
    drop(lock);
    Ok(())
}

/// Accepts clients until this daemon has lost its home or its lock.
async fn keep_open(
    socket: &mut ClientSocket,
    home: &Home,
    lock: &mut DaemonLock,
    engine: &EngineHandle,
    clients: &Clients,
) {
    loop {
        let lost = tokio::select! {
            () = accept(&socket.listener, engine, clients) => return,
            lost = socket.lost(home, lock, engine) => lost,
        };
        match lost {
            Lost::Home => {
                warn!("the home folder is gone or was moved");
                return;
            }
            Lost::Socket if socket::open_again(socket, home, lock, engine).await => {}
            Lost::Socket => return,
        }
    }
}

async fn accept(listener: &Listener, engine: &EngineHandle, clients: &Clients) {
    loop {
        match listener.accept().await {
            Ok(stream) if is_ours(&stream) => clients.serve(stream, engine),
            Ok(_) => warn!("a client of another user was refused"),
            // Out of file descriptors, for example; other clients will close theirs.
            Err(error) => {
                warn!(%error, "no client could be accepted");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Whether the client belongs to this user or to root. The folder keeps others out already; this
/// check also works if its mode was changed.
fn is_ours(stream: &Stream) -> bool {
    local_socket::peer(stream)
        .is_ok_and(|peer| [user::effective(), user::ROOT].contains(&peer.user))
}

/// Returns when there was neither a client nor a relayed connection nor a report to send for that
/// long. Reports that cannot be sent keep nothing running: after ten minutes that is a trouble.
async fn unused(idle_exit_s: Option<u64>, clients: &Clients, engine: &EngineHandle) {
    let Some(limit) = idle_exit_s else {
        return std::future::pending().await;
    };
    let mut idle_s = 0;
    while idle_s < limit {
        engine.next_second().await;
        let used =
            !clients.is_empty() || engine.connections_active() > 0 || engine.has_reports_to_send();
        idle_s = if used { 0 } else { idle_s + 1 };
    }
}
