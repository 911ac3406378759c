//! The task that owns Tor's state: it takes commands, keeps at most one Tor running and restarts it
//! when it ends. Only this task publishes.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    TorConfig, TorProblem, TorState,
    chosen::ChosenTor,
    publisher::Publisher,
    restarts::{Next, Restarts},
};

/// Commands that handles send.
#[derive(Debug)]
pub(crate) enum Command {
    /// Starts a Tor. Answered when the search or start has begun or is already under way.
    Start { begun: oneshot::Sender<()> },
    /// Sets the settings for the next start.
    Configure(Box<TorConfig>),
    /// Stops the Tor in use. Answered when it has ended.
    Stop { done: oneshot::Sender<()> },
}

/// The owner of Tor's state.
pub(crate) struct Actor {
    config: watch::Sender<Arc<TorConfig>>,
    publisher: Arc<Publisher>,
    commands: mpsc::Receiver<Command>,
    kept: Option<KeptTor>,
}

/// One start request: the running Tor and its restarts.
struct KeptTor {
    running: Pin<Box<dyn Future<Output = Result<(), TorProblem>> + Send>>,
    stop: CancellationToken,
    /// Ends the pause before a restart.
    nudge: Arc<Notify>,
}

impl Actor {
    pub(crate) fn new(
        config: TorConfig,
        publisher: Arc<Publisher>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            config: watch::Sender::new(Arc::new(config)),
            publisher,
            commands,
            kept: None,
        }
    }

    /// Runs until `stop` is cancelled or the last handle is dropped. No Tor of ours remains then.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                command = self.commands.recv() => match command {
                    Some(Command::Start { begun }) => {
                        self.start();
                        answer(begun);
                    }
                    Some(Command::Configure(config)) => {
                        self.config.send_replace(Arc::from(config));
                    }
                    Some(Command::Stop { done }) => {
                        self.end().await;
                        answer(done);
                    }
                    None => break,
                },
                outcome = outcome_of(&mut self.kept) => self.ended(outcome),
            }
        }
        self.end().await;
    }

    fn start(&mut self) {
        match &self.kept {
            None => self.kept = Some(KeptTor::begin(&self.config, &self.publisher)),
            Some(kept) => {
                // A start was requested during a pause: start now.
                let status = self.publisher.status();
                if matches!(status.borrow().state, TorState::Restarting { .. }) {
                    self.publisher.without_tor(TorState::Starting);
                    kept.nudge.notify_one();
                }
            }
        }
    }

    /// Ends the Tor in use, if any. The wait is bounded, since each backend ends within its own
    /// limits.
    async fn end(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.publisher.stopping();
            kept.stop.cancel();
            if let Err(problem) = kept.running.await {
                tracing::debug!(%problem, "tor ended while it was being stopped");
            }
        }
        self.publisher.without_tor(TorState::Off);
    }

    fn ended(&mut self, outcome: Result<(), TorProblem>) {
        self.kept = None;
        match outcome {
            Ok(()) => self.publisher.without_tor(TorState::Off),
            Err(problem) => {
                tracing::error!(%problem, "there is no tor to use");
                self.publisher.failed(problem);
            }
        }
    }
}

impl KeptTor {
    fn begin(config: &watch::Sender<Arc<TorConfig>>, publisher: &Arc<Publisher>) -> Self {
        publisher.without_tor(TorState::Starting);
        let (stop, nudge) = (CancellationToken::new(), Arc::new(Notify::new()));
        let running = Box::pin(keep_alive(
            config.subscribe(),
            Arc::clone(publisher),
            stop.clone(),
            Arc::clone(&nudge),
        ));
        Self {
            running,
            stop,
            nudge,
        }
    }
}

/// Runs one Tor after another, until asked to stop or until another try cannot help.
async fn keep_alive(
    config: watch::Receiver<Arc<TorConfig>>,
    publisher: Arc<Publisher>,
    stop: CancellationToken,
    nudge: Arc<Notify>,
) -> Result<(), TorProblem> {
    let mut restarts = Restarts::new(config.borrow().restart);
    loop {
        let began = Instant::now();
        let settings = Arc::clone(&config.borrow());
        publisher.without_tor(TorState::Starting);
        let Err(problem) = run_once(&settings, &publisher, &stop).await else {
            return Ok(());
        };
        match restarts.ended(problem, began, Instant::now()) {
            Next::GiveUp(problem) => return Err(problem),
            Next::Again {
                attempt,
                pause,
                reason,
            } => {
                tracing::info!(%reason, attempt, "tor is tried again after a pause");
                let in_ms = millis(pause);
                publisher.without_tor(TorState::Restarting {
                    attempt,
                    in_ms,
                    reason,
                });
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = nudge.notified() => {}
                    () = sleep(pause) => {}
                }
            }
        }
    }
}

async fn run_once(
    config: &TorConfig,
    publisher: &Publisher,
    stop: &CancellationToken,
) -> Result<(), TorProblem> {
    let chosen = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(()),
        chosen = ChosenTor::choose(config) => chosen?,
    };
    chosen.run(config, publisher, stop).await
}

/// Waits for the end of the Tor in use. Pending for ever while no Tor is in use.
async fn outcome_of(kept: &mut Option<KeptTor>) -> Result<(), TorProblem> {
    match kept {
        Some(kept) => kept.running.as_mut().await,
        None => std::future::pending().await,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn answer(slot: oneshot::Sender<()>) {
    if slot.send(()).is_err() {
        tracing::trace!("nobody waits for the answer any more");
    }
}
