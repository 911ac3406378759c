//! Runs the embedded Tor: one client, one socket, one exchange of lines with the daemon.

use std::{io, path::Path, pin::pin, sync::Arc, time::Duration};

use arti_client::{BootstrapBehavior, ErrorKind, HasKind, TorClient};
use meter_embedded::{
    EmbeddedCommand, EmbeddedError, EmbeddedEvent, EmbeddedSetup, write_embedded_event,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tor_rtcompat::tokio::TokioRustlsRuntime;
use tor_socksproto::SocksAuth;

use crate::{
    VERSION,
    circuits::Circuits,
    clock::Clock,
    config::client_config,
    dials::{self, Dials},
    isolation::Identity,
    lines::{Commands, Line},
    progress::Progress,
    secrets::Secrets,
    socks::{self, Client, SocksServer},
    start::Start,
    storage,
};

/// First and longest pause after Arti gave up a bootstrap.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How the embedded Tor ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// It was asked to end, or the daemon has ended.
    Asked,
    /// It could not continue, and told the daemon why.
    Failed,
}

/// Runs the embedded Tor until it is told to stop, `commands` ends, or it cannot continue.
///
/// `commands` and `events` are lines as `meter_embedded` describes them; the first command is
/// `begin`. `set_up_log` is called once, before anything of Arti runs, with the requested level and
/// the secrets that must not be written ([`Discreet`](crate::Discreet)). Opens connections to Tor
/// relays and a Unix socket, and nothing else.
pub async fn run(
    commands: impl AsyncRead + Unpin,
    events: impl AsyncWrite + Unpin,
    set_up_log: impl FnOnce(&str, Secrets),
) -> Ended {
    let (mut commands, mut events) = (Commands::new(commands), Events(events));
    let setup = match commands.next().await {
        Line::Command(EmbeddedCommand::Begin(setup)) => setup,
        Line::End => return Ended::Asked,
        Line::Command(_) | Line::NotUnderstood => {
            return events.failed(EmbeddedError::BadSetup).await;
        }
    };
    set_up_log(&setup.log_level, Secrets::of(&setup.way));
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let outcome = match open(&setup, &tasks, &stop).await {
        Ok((server, start)) => {
            let folder = Path::new(&setup.data_dir);
            converse(&server, folder, start, &mut commands, &mut events).await
        }
        Err(error) => Err(End::Error(error)),
    };
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    match outcome {
        Err(End::DamagedCache(error)) => {
            // The next start must not fail because of the same cache.
            forget_cache(Path::new(&setup.data_dir));
            events.failed(error).await
        }
        Err(End::Error(error)) => events.failed(error).await,
        Err(End::EventsClosed) | Ok(()) => Ended::Asked,
    }
}

/// The reason why a run ends without a request.
enum End {
    Error(EmbeddedError),
    /// A fault that another start with the same cache would have, too.
    DamagedCache(EmbeddedError),
    /// The daemon no longer reads our events.
    EventsClosed,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::EventsClosed
    }
}

async fn open(
    setup: &EmbeddedSetup,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<(Arc<SocksServer>, Start), EmbeddedError> {
    let config = client_config(setup)?;
    let ring = rustls::crypto::ring::default_provider();
    if ring.install_default().is_err() {
        tracing::debug!("a crypto provider was there already");
    }
    let clock = Clock::of(&config, &setup.way);
    let dials = Dials::default();
    let runtime = TokioRustlsRuntime::current()
        .map_err(|error| EmbeddedError::Other(error.kind().to_string()))?;
    let runtime = dials::watched(&runtime, &dials);
    let folder = Path::new(&setup.data_dir);
    storage::check_state(folder)?;
    if storage::is_no_cache(folder) {
        forget_cache(folder);
    }
    let create = async || {
        TorClient::with_runtime(runtime.clone())
            .config(config.clone())
            .bootstrap_behavior(BootstrapBehavior::Manual)
            .create_unbootstrapped_async()
            .await
    };
    let client = match create().await {
        Err(error) if storage::may_be_the_cache(error.kind()) && forget_cache(folder) => {
            create().await
        }
        outcome => outcome,
    };
    let client =
        client.map_err(|error| error_of(&error, folder).unwrap_or_else(|| other(error.kind())))?;
    let listener = socks::listen(Path::new(&setup.socks)).map_err(|error| {
        tracing::error!(kind = %error.kind(), "the SOCKS socket cannot be made");
        EmbeddedError::Socket
    })?;
    let server = Arc::new(SocksServer {
        client,
        identity: Identity::default(),
        circuits: Circuits::default(),
    });
    tasks.spawn(socks::serve(listener, Arc::clone(&server), stop.clone()));
    let start = Start::new(Arc::clone(&server.client), &dials, clock);
    Ok((server, start))
}

/// Removes the cache. Returns whether there was one.
fn forget_cache(folder: &Path) -> bool {
    let removed = storage::remove_cache(folder);
    match &removed {
        Ok(()) => tracing::warn!("the cache of the directory is removed and made anew"),
        Err(error) => tracing::info!(kind = %error.kind(), "there is no cache to make anew"),
    }
    removed.is_ok()
}

/// Exchanges lines with the daemon until asked to end.
async fn converse(
    server: &SocksServer,
    folder: &Path,
    mut start: Start,
    commands: &mut Commands<impl AsyncRead + Unpin>,
    events: &mut Events<impl AsyncWrite + Unpin>,
) -> Result<(), End> {
    let version = VERSION.to_owned();
    events.tell(&EmbeddedEvent::Listening { version }).await?;
    let mut bootstrap = pin!(bootstrap(&server.client, folder));
    let mut progress = Progress::default();
    let (mut has_directory, mut is_ready) = (false, false);
    loop {
        // With a directory from an earlier run no network is needed, so `ready` also requires an
        // answer from a relay.
        if has_directory && !is_ready && server.client.bootstrap_status().ready_for_traffic() {
            is_ready = true;
            if let Some(ready) = progress.ready() {
                events.tell(&EmbeddedEvent::Progress(ready)).await?;
            }
        }
        let news = tokio::select! {
            biased;
            line = commands.next() => match line {
                Line::Command(EmbeddedCommand::Stop) | Line::End => return Ok(()),
                Line::Command(EmbeddedCommand::Begin(_)) | Line::NotUnderstood => {
                    return Err(End::Error(EmbeddedError::BadSetup));
                }
                Line::Command(EmbeddedCommand::NewIdentity) => {
                    server.identity.renew();
                    Some(EmbeddedEvent::NewIdentity)
                }
                Line::Command(EmbeddedCommand::Circuits) => {
                    let in_use = server.circuits.in_use();
                    Some(EmbeddedEvent::Circuits { in_use })
                }
                Line::Command(EmbeddedCommand::Circuit { user, password }) => {
                    let auth = SocksAuth::Username(user.into_bytes(), password.into_bytes());
                    let group = server.identity.group(&server.identity.key(&auth));
                    let path = server.circuits.path_of(group);
                    Some(EmbeddedEvent::Circuit { path })
                }
            },
            outcome = bootstrap.as_mut(), if !has_directory => {
                outcome?;
                has_directory = true;
                None
            }
            look = start.next(), if !is_ready => {
                progress.look(look).map(EmbeddedEvent::Progress)
            }
        };
        if let Some(news) = news {
            events.tell(&news).await?;
        }
    }
}

/// Bootstraps, and repeats it while waiting may help: Arti gives up after some tries.
async fn bootstrap(client: &Client, folder: &Path) -> Result<(), End> {
    let (mut pause, longest) = PAUSES;
    loop {
        let Err(error) = client.bootstrap().await else {
            return Ok(());
        };
        if let Some(lasting) = error_of(&error, folder) {
            return Err(match storage::is_damaged_cache(error.kind()) {
                true => End::DamagedCache(lasting),
                false => End::Error(lasting),
            });
        }
        tracing::info!(kind = %error.kind(), "bootstrapping is tried again after a pause");
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(longest);
    }
}

/// Returns the error if waiting cannot help; `None` otherwise.
fn error_of(error: &arti_client::Error, folder: &Path) -> Option<EmbeddedError> {
    let kind = error.kind();
    match kind {
        ErrorKind::FsPermissions
        | ErrorKind::CacheAccessFailed
        | ErrorKind::PersistentStateAccessFailed => Some(EmbeddedError::DataDir),
        ErrorKind::PersistentStateCorrupted => Some(storage::not_understood(folder, error)),
        ErrorKind::LocalResourceAlreadyInUse => Some(EmbeddedError::DataDirLocked),
        ErrorKind::InvalidConfig => Some(EmbeddedError::BadConfig(kind.to_string())),
        ErrorKind::Internal
        | ErrorKind::CacheCorrupted
        | ErrorKind::BadApiUsage
        | ErrorKind::SoftwareDeprecated => Some(other(kind)),
        _ => None,
    }
}

fn other(kind: ErrorKind) -> EmbeddedError {
    EmbeddedError::Other(kind.to_string())
}

/// Writes events as lines.
struct Events<W>(W);

impl<W: AsyncWrite + Unpin> Events<W> {
    async fn tell(&mut self, event: &EmbeddedEvent) -> io::Result<()> {
        self.0.write_all(&write_embedded_event(event)).await?;
        self.0.flush().await
    }

    async fn failed(&mut self, error: EmbeddedError) -> Ended {
        if self.tell(&EmbeddedEvent::Failed { error }).await.is_err() {
            tracing::debug!("nobody hears why the embedded tor ended");
        }
        Ended::Failed
    }
}
