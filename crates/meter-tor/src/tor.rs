//! The handle that the rest of the product uses.

use std::{sync::Arc, time::Duration};

use meter_core::TorAddr;
use meter_owner::Listener;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Circuit, SiteCredentials, TorConfig, TorProblem, TorState, TorStatus,
    actor::{Actor, Command},
    circuit::Question,
    dial::{greets, network_answers},
    publisher::Publisher,
};

/// Most commands in the actor's queue. Further callers wait for room.
const COMMANDS_MAX: usize = 16;
/// Tor answers within milliseconds. A Tor that needs longer than this has other problems.
const CIRCUIT_MAX: Duration = Duration::from_secs(5);

/// A handle to Tor. Cheap to clone. When the last one is dropped, a Tor of ours ends.
#[derive(Clone, Debug)]
pub struct Tor {
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<TorStatus>,
    upstream: watch::Receiver<Option<TorAddr>>,
    listener: watch::Receiver<Option<Arc<Listener>>>,
    identity: watch::Sender<u64>,
    questions: watch::Receiver<Option<mpsc::Sender<Question>>>,
}

impl Tor {
    /// Spawns, on `tracker`, the task that owns Tor. It does not start or look for a Tor yet.
    ///
    /// After `stop` is cancelled, a Tor of ours is ended (within twice [`TorConfig::stop_max`]) and
    /// the task returns. Wait for the tracker.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    #[must_use]
    pub fn new(config: TorConfig, tracker: &TaskTracker, stop: CancellationToken) -> Self {
        let publisher = Arc::new(Publisher::new());
        let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
        let handle = Self {
            commands,
            status: publisher.status(),
            upstream: publisher.upstream(),
            listener: publisher.listener(),
            identity: publisher.identity_asker(),
            questions: publisher.question_sender(),
        };
        tracker.spawn(Actor::new(config, publisher, inbox).run(stop));
        handle
    }

    /// Requests a Tor and waits until one is bootstrapping or ready, or until the try fails.
    ///
    /// Several requests still use one Tor. During a pause before a restart, the request ends the
    /// pause.
    ///
    /// # Errors
    /// The reason why this try failed. [`TorState::Restarting`] then means that tries continue,
    /// [`TorState::Failed`] that they do not. [`TorProblem::Stopped`] if it was stopped meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future stops the wait, not Tor.
    pub async fn start(&self) -> Result<(), TorProblem> {
        self.begin().await?.await
    }

    /// Like [`Self::start`], but in two steps: returns as soon as the search or start has begun or
    /// is under way. The returned future waits for the result.
    ///
    /// # Errors
    /// [`TorProblem::Stopped`] if the whole product is ending. The returned future has the errors
    /// of [`Self::start`].
    ///
    /// # Cancel safety
    /// If dropped early, the start may not have been requested.
    pub async fn begin(
        &self,
    ) -> Result<impl Future<Output = Result<(), TorProblem>> + use<>, TorProblem> {
        let (begun, wait) = oneshot::channel();
        let sent = self.commands.send(Command::Start { begun }).await;
        sent.map_err(|_| TorProblem::Stopped)?;
        wait.await.map_err(|_| TorProblem::Stopped)?;
        let mut status = self.status.clone();
        Ok(async move {
            let decided = status
                .wait_for(|status| outcome(&status.state).is_some())
                .await;
            let decided = decided.map_err(|_| TorProblem::Stopped)?;
            outcome(&decided.state)
                .unwrap_or(Err(TorProblem::Bug("an undecided state was awaited")))
        })
    }

    /// Changes the settings. They take effect when a Tor is chosen or started the next time.
    ///
    /// # Errors
    /// [`TorProblem::Stopped`] if the whole product is ending.
    ///
    /// # Cancel safety
    /// If dropped early, the settings may not have changed.
    pub async fn configure(&self, config: TorConfig) -> Result<(), TorProblem> {
        let command = Command::Configure(Box::new(config));
        let sent = self.commands.send(command).await;
        sent.map_err(|_| TorProblem::Stopped)
    }

    /// Ends a Tor of ours, or stops using another one. The state is [`TorState::Off`] then.
    ///
    /// # Errors
    /// [`TorProblem::Stopped`] if the whole product is ending.
    ///
    /// # Cancel safety
    /// Dropping the future stops the wait; Tor still ends.
    pub async fn stop(&self) -> Result<(), TorProblem> {
        let (done, wait) = oneshot::channel();
        let sent = self.commands.send(Command::Stop { done }).await;
        sent.map_err(|_| TorProblem::Stopped)?;
        wait.await.map_err(|_| TorProblem::Stopped)
    }

    /// Asks a Tor of ours to use new circuits for later connections.
    ///
    /// Returns at once, without an answer when it is done. A caller that needs certainty also
    /// changes the SOCKS credentials, which every backend follows at once. A Tor that is not ours
    /// gets no command, because other programs use it, too.
    pub fn new_identity(&self) {
        self.identity
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Asks for the circuit of the connections with these credentials. The answer is not stored.
    ///
    /// # Cancel safety
    /// Dropping the future stops the wait.
    pub async fn circuit(&self, site: SiteCredentials) -> Circuit {
        let questions = self.questions.borrow().clone();
        let Some(questions) = questions else {
            return Circuit::Untold;
        };
        let (answer, wait) = oneshot::channel();
        let asked = async {
            let question = Question { site, answer };
            questions.send(question).await.ok()?;
            wait.await.ok()
        };
        let circuit = timeout(CIRCUIT_MAX, asked).await;
        circuit.ok().flatten().unwrap_or(Circuit::Untold)
    }

    /// Whether the Tor network answers through this Tor. It asks an exit for a name that cannot
    /// exist, on a separate circuit. This does not touch the sites that a person visits, and does
    /// not pass our relay. Use it only in doubt: it costs a stream, and a new circuit and the
    /// lookup may take seconds.
    ///
    /// Also `false` when there is no usable Tor, and after `patience`.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the question.
    pub async fn network_answers(&self, patience: Duration) -> bool {
        let upstream = self.upstream.borrow().clone();
        match upstream {
            Some(socks) => timeout(patience, network_answers(&socks))
                .await
                .unwrap_or(false),
            None => false,
        }
    }

    /// Whether this Tor answers a greeting at its SOCKS port. It asks the network nothing. `true`
    /// when there is no usable Tor: then its state says more.
    pub async fn greets(&self) -> bool {
        let upstream = self.upstream.borrow().clone();
        match upstream {
            Some(socks) => greets(&socks).await,
            None => true,
        }
    }

    /// The current status of Tor, and every change of it.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<TorStatus> {
        self.status.clone()
    }

    /// The address to connect to; `None` whenever Tor is known not to be usable.
    #[must_use]
    pub fn upstream(&self) -> watch::Receiver<Option<TorAddr>> {
        self.upstream.clone()
    }

    /// The listener at the upstream's address that was identified as Tor's; `None` where no other
    /// program could take it over, or where the system does not tell. A caller that dials reads the
    /// address first, then this, and asks for nothing unless it [is there](Listener::is_there)
    /// after the connection was made.
    #[must_use]
    pub fn listener(&self) -> watch::Receiver<Option<Arc<Listener>>> {
        self.listener.clone()
    }
}

/// What a state means for a caller that requested a start; `None` while it is not decided.
fn outcome(state: &TorState) -> Option<Result<(), TorProblem>> {
    match state {
        TorState::Starting => None,
        TorState::Bootstrapping(_) | TorState::Ready => Some(Ok(())),
        TorState::Restarting { reason, .. } => Some(Err(reason.clone())),
        TorState::Failed(problem) => Some(Err(problem.clone())),
        TorState::Off | TorState::Stopping => Some(Err(TorProblem::Stopped)),
    }
}
