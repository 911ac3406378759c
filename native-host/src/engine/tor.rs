//! Between our configuration and messages and the crate that has Tor.

use crate::{
    config::{self, BackendChoice, Config, TorChoice},
    home::Home,
    problems,
};
use meter_tor::{BackendKind, Choice, Detour, Embedded, Tor, TorConfig, find_program};
use meter_wire::{ErrorCode, Problem, TorBackend, TorState, TorStatus, TorTrouble};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

/// How long a Tor without control may go unchecked when the engine's clock does not tell.
const WATCH_MAX: Duration = Duration::from_secs(60);

/// Tor with its settings, for the engine and its clients. What `config.toml` says of Tor is read anew
/// at each start.
#[derive(Clone)]
pub(crate) struct Steward {
    tor: Tor,
    home: Home,
    /// For the engine's clock.
    watch_now: Arc<Notify>,
    settings: watch::Sender<TorChoice>,
    /// The settings of Tor's last start.
    in_force: watch::Sender<TorChoice>,
    /// Who changes the settings has them in force before the next does.
    turn: Arc<Mutex<()>>,
    stops: Stops,
}

/// Counts the stops that clients asked for: what was asked for before one of them starts nothing after it.
#[derive(Clone, Default)]
struct Stops(Arc<AtomicU64>);

/// When a start was asked for, in stops.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct AskedAt(u64);

impl Stops {
    fn now(&self) -> AskedAt {
        AskedAt(self.0.load(Ordering::SeqCst))
    }

    fn another(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Steward {
    /// Nothing is started yet.
    pub(super) fn new(
        home: &Home,
        config: &Config,
        tracker: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let watch_now = Arc::new(Notify::new());
        let at_first = tor_config(home, config, Arc::clone(&watch_now));
        Self {
            tor: Tor::new(at_first, tracker, stop),
            home: home.clone(),
            watch_now,
            settings: watch::Sender::new(config.tor.clone()),
            in_force: watch::Sender::new(config.tor.clone()),
            turn: Arc::default(),
            stops: Stops::default(),
        }
    }

    pub(super) const fn tor(&self) -> &Tor {
        &self.tor
    }

    /// Changes whenever the settings do.
    pub(super) fn settings(&self) -> watch::Receiver<TorChoice> {
        self.settings.subscribe()
    }

    /// The settings of Tor's last start, which it goes by until its next.
    pub(super) fn in_force(&self) -> TorChoice {
        self.in_force.borrow().clone()
    }

    /// Tells a Tor without control that now is a good time to look after it.
    pub(super) fn look_now(&self) {
        self.watch_now.notify_waiters();
    }

    /// Starts Tor without waiting for it; how it goes can be read from the status.
    pub(super) fn start_in_background(&self, tracker: &TaskTracker) {
        let (steward, asked) = (self.clone(), self.stops.now());
        tracker.spawn(async move { told(steward.start_by_settings(asked).await) });
    }

    /// Has a Tor of ours that runs make all its connections anew, in the one way that all of them and all
    /// detours know: it is ended and started. Another's is left alone.
    pub(super) fn restart_in_background(&self, tracker: &TaskTracker) {
        if !self.is_anothers() {
            let (steward, asked) = (self.clone(), self.stops.now());
            tracker.spawn(async move { told(steward.restart(asked).await) });
        }
    }

    async fn restart(&self, asked: AskedAt) -> Result<(), Problem> {
        self.let_go().await?;
        self.start_by_settings(asked).await
    }

    /// For a client. A Tor in trouble is started anew: that is what somebody asks for who sees it.
    ///
    /// When it was asked for is when this is called, not when the future is first polled.
    pub(crate) fn start(
        self,
        seen: &TorStatus,
    ) -> impl Future<Output = Result<(), Problem>> + use<> {
        let asked = self.stops.now();
        let is_in_trouble = seen.trouble.as_ref().is_some_and(TorTrouble::hinders);
        async move {
            match is_in_trouble {
                true if self.is_anothers() => return Err(Problem::new(ErrorCode::TorNotOurs)),
                true => self.let_go().await?,
                false => {}
            }
            self.start_by_settings(asked).await
        }
    }

    /// For a client. Nothing that was asked for before it starts a Tor after it.
    pub(crate) fn stop(self) -> impl Future<Output = Result<(), Problem>> {
        let is_anothers = self.is_anothers();
        if !is_anothers {
            self.stops.another();
        }
        async move {
            match is_anothers {
                true => Err(Problem::new(ErrorCode::TorNotOurs)),
                false => self.let_go().await,
            }
        }
    }

    fn is_anothers(&self) -> bool {
        self.tor.status().borrow().backend == Some(BackendKind::Existing)
    }

    /// For a client: uses another Tor from now on, and keeps that in `config.toml`.
    pub(crate) fn choose(
        self,
        backend: BackendChoice,
    ) -> impl Future<Output = Result<(), Problem>> {
        let asked = self.stops.now();
        async move { self.choose_now(backend, asked).await }
    }

    async fn choose_now(&self, backend: BackendChoice, asked: AskedAt) -> Result<(), Problem> {
        {
            let _turn = self.turn.lock().await;
            let config = config::set_backend(&self.home.config(), backend)
                .map_err(|error| problems::config(&error))?;
            info!(backend = backend.name(), "tor is to be had in this way");
            // Told at once; ending a Tor takes its time.
            self.configure(&config).await?;
            self.let_go().await?;
            self.in_force.send_replace(config.tor.clone());
        }
        match self.begin(asked).await {
            // The choice is kept, and Tor is as the stop left it.
            Err(problem) if self.stops.now() != asked => {
                info!(code = ?problem.code, "tor was stopped before it began");
                Ok(())
            }
            other => other,
        }
    }

    async fn start_by_settings(&self, asked: AskedAt) -> Result<(), Problem> {
        {
            let _turn = self.turn.lock().await;
            let config =
                Config::load(&self.home.config()).map_err(|error| problems::config(&error))?;
            self.configure(&config).await?;
        }
        self.begin(asked).await
    }

    /// Starts Tor, unless somebody has asked for its end since. Nothing is waited for between the look and
    /// the order to Tor, which obeys in the order in which it is told: so a stop comes before both or after
    /// both.
    async fn begin(&self, asked: AskedAt) -> Result<(), Problem> {
        if self.stops.now() != asked {
            let detail = "it was stopped before it began";
            return Err(Problem::with_detail(ErrorCode::TorNotRunning, detail));
        }
        self.tor
            .start()
            .await
            .map_err(|problem| problems::tor(&problem))
    }

    async fn configure(&self, config: &Config) -> Result<(), Problem> {
        let settings = tor_config(&self.home, config, Arc::clone(&self.watch_now));
        let goes_on = !matches!(
            self.tor.status().borrow().state,
            meter_tor::TorState::Off | meter_tor::TorState::Failed(_)
        );
        let configured = self.tor.configure(settings).await;
        configured.map_err(|problem| problems::tor(&problem))?;
        self.settings.send_if_modified(|known| {
            let is_new = *known != config.tor;
            known.clone_from(&config.tor);
            is_new
        });
        if !goes_on {
            self.in_force.send_replace(config.tor.clone());
        }
        Ok(())
    }

    /// Ends a Tor of ours, and leaves another's alone.
    async fn let_go(&self) -> Result<(), Problem> {
        self.tor
            .stop()
            .await
            .map_err(|problem| problems::tor(&problem))
    }
}

/// Has the log say how Tor fares: states and reasons, no names and no places.
#[derive(Default)]
pub(super) struct Diary {
    last: Option<(&'static str, Option<ErrorCode>)>,
}

impl Diary {
    /// Says what is not as it was at the last look.
    pub(super) fn note(&mut self, state: &meter_tor::TorState, trouble: Option<ErrorCode>) {
        let now = (state.name(), trouble);
        if self.last.replace(now) == Some(now) {
            return;
        }
        match trouble {
            None => info!(state = now.0, "tor"),
            Some(trouble) => warn!(state = now.0, ?trouble, "tor"),
        }
    }
}

/// For the log: nobody waits for the outcome.
fn told(outcome: Result<(), Problem>) {
    if let Err(problem) = outcome {
        warn!(code = ?problem.code, detail = problem.detail, "tor did not start");
    }
}

fn tor_config(home: &Home, config: &Config, watch_now: Arc<Notify>) -> TorConfig {
    let choice = match config.tor.backend {
        BackendChoice::Auto => Choice::Auto,
        BackendChoice::Managed => Choice::Managed,
        BackendChoice::Embedded => Choice::Embedded,
        BackendChoice::Existing => Choice::Existing {
            socks: config.tor.socks_port.clone(),
            control: config.tor.control_port.clone(),
        },
    };
    TorConfig {
        choice,
        program: config.tor.program.clone(),
        detour: detour(home, config),
        extra_torrc: config.tor.extra_torrc.clone(),
        watch_every: WATCH_MAX,
        watch_now,
        embedded: embedded(home, config),
        ..TorConfig::new(home.tor_data(), home.tor_run())
    }
}

/// How to start ourselves once more, as Tor; `None` where there is none in this program.
fn embedded(home: &Home, config: &Config) -> Option<Embedded> {
    if !cfg!(feature = "embedded-tor") {
        return None;
    }
    // The very program that runs, even if another was installed in its place since: both ends of
    // the conversation must be of one version.
    let program = if cfg!(target_os = "linux") {
        PathBuf::from("/proc/self/exe")
    } else {
        std::env::current_exe().ok()?
    };
    Some(Embedded {
        program,
        arguments: vec!["embedded-tor".into()],
        data_dir: home.embedded_data(),
        arti: config.tor.arti.clone(),
        log_level: config.log_level.to_string(),
    })
}

/// The way that Tor's own connections are to take. A relative file lies in the home.
pub(crate) fn detour(home: &Home, config: &Config) -> Detour {
    let in_home = |file: &PathBuf| home.root().join(file);
    Detour {
        shadowsocks: config.tor.shadowsocks.as_ref().map(in_home),
        bridges: config.tor.bridges.clone(),
    }
}

/// Which Tor of ours it would be, if none is used that runs.
pub(crate) fn own_backend(config: &Config) -> BackendKind {
    let is_built_in = cfg!(feature = "embedded-tor");
    match config.tor.backend {
        BackendChoice::Embedded => BackendKind::Embedded,
        BackendChoice::Auto if is_built_in && find_program(&config.tor.program).is_err() => {
            BackendKind::Embedded
        }
        BackendChoice::Auto | BackendChoice::Existing | BackendChoice::Managed => {
            BackendKind::Managed
        }
    }
}

/// With the trouble that the watchdog sees, if any.
pub(super) fn status(
    status: &meter_tor::TorStatus,
    settings: &TorChoice,
    trouble: Option<TorTrouble>,
) -> TorStatus {
    let backend = status.backend.map(|backend| match backend {
        BackendKind::Existing => TorBackend::Existing,
        BackendKind::Managed => TorBackend::Managed,
        BackendKind::Embedded => TorBackend::Embedded,
    });
    TorStatus {
        backend,
        version: status.version.clone(),
        state: state(&status.state),
        trouble,
        chosen: settings.backend.backend(),
        offered: BackendChoice::ALL
            .into_iter()
            .filter(|backend| settings.allows(*backend))
            .filter_map(BackendChoice::backend)
            .collect(),
    }
}

fn state(state: &meter_tor::TorState) -> TorState {
    match state {
        meter_tor::TorState::Off => TorState::Off,
        meter_tor::TorState::Starting => TorState::Starting,
        meter_tor::TorState::Bootstrapping(step) => TorState::Bootstrapping {
            percent: step.percent,
            tag: step.tag.clone(),
            summary: step.summary.clone(),
            warning: step.warning.clone(),
        },
        meter_tor::TorState::Ready => TorState::Ready,
        meter_tor::TorState::Restarting {
            attempt,
            in_ms,
            reason,
        } => TorState::Restarting {
            attempt: *attempt,
            in_ms: *in_ms,
            problem: problems::tor(reason),
        },
        meter_tor::TorState::Stopping => TorState::Stopping,
        meter_tor::TorState::Failed(problem) => TorState::Failed(problems::tor(problem)),
    }
}
