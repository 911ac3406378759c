//! The daemon: one per home, owner of the engine, server of any number of clients.

mod budget;
mod client;

use crate::{
    EXIT_BUG, EXIT_UNAVAILABLE, EXIT_USAGE,
    config::Config,
    dumps,
    engine::{Engine, EngineHandle},
    home::Home,
    limits, log, problems,
};
use rustix::fs as rfs;
use std::{
    fs::File,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::UnixListener,
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
    time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

/// Bridges and command lines at once.
const CLIENTS_MAX: usize = 64;
/// How long clients may take to notice the end.
const CLIENTS_GRACE: Duration = Duration::from_secs(2);

/// Runs the daemon of `home` until it is asked to end or nobody needs it. Returns at once, with
/// success, when one is running already.
#[must_use]
pub fn run(home: &Home) -> ExitCode {
    // Fails only for the leader of a process group, which already is nobody's to take along.
    crate::ignore_because("started from a terminal", rustix::process::setsid());
    let lock = match prepare(home) {
        Ok(Some(lock)) => lock,
        Ok(None) => return ExitCode::SUCCESS,
        Err(code) => return ExitCode::from(code),
    };
    let config = match Config::load(&home.config()) {
        Ok(config) => config,
        Err(error) => return report(EXIT_USAGE, &problems::chain(&error)),
    };
    if let Err(error) = log::init(home, config.log_level) {
        return report(EXIT_USAGE, &error.to_string());
    }
    if let Err(error) = dumps::forbid() {
        warn!(%error, "core dumps are not forbidden");
    }
    let connections = limits::raise_files();
    if connections < config.connections_max {
        warn!(
            connections,
            "the system allows too few open files for connections_max"
        );
    }
    // One thread is plenty: the relay, which is all that could keep it busy, has its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = runtime.and_then(|runtime| runtime.block_on(serve(home, &config)));
    drop(lock);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(%error, "daemon ends");
            ExitCode::from(EXIT_BUG)
        }
    }
}

/// Makes the home and takes its lock; `None` when another daemon holds it. The kernel frees the
/// lock with the process, however that ends.
fn prepare(home: &Home) -> Result<Option<File>, u8> {
    home.prepare().map_err(|error| {
        say(&problems::chain(&error));
        EXIT_USAGE
    })?;
    let open = || {
        let mut lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(home.lock())?;
        match rfs::flock(&lock, rfs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(errno) => return Err(io::Error::from(errno)),
        }
        // For people and scripts that look for the process; the lock itself needs no content.
        lock.set_len(0)?;
        writeln!(lock, "{}", std::process::id())?;
        Ok(Some(lock))
    };
    open().map_err(|error| {
        say(&error.to_string());
        EXIT_UNAVAILABLE
    })
}

fn report(code: u8, message: &str) -> ExitCode {
    say(message);
    ExitCode::from(code)
}

/// For a person who started the daemon in a terminal; on demand stderr leads nowhere.
#[expect(
    clippy::print_stderr,
    reason = "before the log is open; stdout is not touched"
)]
fn say(message: &str) {
    eprintln!("onionmeter: {message}");
}

async fn serve(home: &Home, config: &Config) -> io::Result<()> {
    let listener = listen(home)?;
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let (engine, handle) = Engine::new(home, config, &tracker)?;
    let engine_stop = CancellationToken::new();
    let mut engine = tracker.spawn(engine.run(engine_stop.clone()));
    info!(version = env!("CARGO_PKG_VERSION"), "daemon ready");

    let clients = TaskTracker::new();
    let mut engine_ended = false;
    tokio::select! {
        // Without an engine there is nothing to serve; the next client gets a fresh daemon.
        _ = &mut engine => {
            error!("the engine ended by itself");
            engine_ended = true;
        }
        () = accept(&listener, &handle, &clients, &stop) => {}
        () = asked_to_end() => info!("asked to end"),
        () = unused(config.idle_exit_s, &clients, &handle) => info!("nobody is left"),
    }
    // From here on a new client finds no socket and starts a daemon, which waits for the lock.
    crate::ignore_because(
        "it may be gone already",
        std::fs::remove_file(home.socket()),
    );
    drop(listener);
    engine_stop.cancel();
    if !engine_ended {
        crate::ignore_because("a panic was logged by its hook", engine.await);
    }
    stop.cancel();
    clients.close();
    if time::timeout(CLIENTS_GRACE, clients.wait()).await.is_err() {
        warn!(left = clients.len(), "clients were cut");
    }
    Ok(())
}

fn listen(home: &Home) -> io::Result<UnixListener> {
    // We hold the lock: what is left here belongs to a daemon that was killed.
    crate::ignore_because("there is usually none", std::fs::remove_file(home.socket()));
    let listener = UnixListener::bind(home.socket())?;
    std::fs::set_permissions(home.socket(), std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn accept(
    listener: &UnixListener,
    engine: &EngineHandle,
    clients: &TaskTracker,
    stop: &CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) if is_ours(&stream) => {
                let session = client::serve(stream, engine.clone(), stop.child_token());
                clients.spawn(async move {
                    session.await;
                    drop(permit);
                });
            }
            Ok(_) => warn!("a client of another user was refused"),
            // Out of descriptors, for example: others close theirs sooner or later.
            Err(error) => {
                warn!(%error, "no client could be accepted");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// The folder keeps others out already; this also holds when somebody loosened its mode.
fn is_ours(stream: &tokio::net::UnixStream) -> bool {
    let me = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == me || peer.uid() == 0)
}

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn asked_to_end() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Returns once there was neither a client nor a relayed connection for that long.
async fn unused(idle_exit_s: Option<u64>, clients: &TaskTracker, engine: &EngineHandle) {
    let Some(limit) = idle_exit_s else {
        return std::future::pending().await;
    };
    let mut idle_s = 0;
    while idle_s < limit {
        engine.next_second().await;
        let used = !clients.is_empty() || engine.connections_active() > 0;
        idle_s = if used { 0 } else { idle_s + 1 };
    }
}
