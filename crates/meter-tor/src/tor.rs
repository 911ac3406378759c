//! The handle that the rest of the product holds.

use std::{sync::Arc, time::Duration};

use meter_core::TorAddr;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Circuit, SiteCredentials, TorConfig, TorProblem, TorState, TorStatus,
    actor::{Actor, Command},
    circuit::Question,
    dial::network_answers,
    publisher::Publisher,
};

/// Commands waiting for the actor; more askers wait for a place.
const COMMANDS_MAX: usize = 16;
/// A Tor answers within milliseconds; one that does not within this has other worries.
const CIRCUIT_MAX: Duration = Duration::from_secs(5);

/// A handle on Tor. Cheap to clone; when the last one is gone, a Tor of ours ends.
#[derive(Clone, Debug)]
pub struct Tor {
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<TorStatus>,
    upstream: watch::Receiver<Option<TorAddr>>,
    identity: watch::Sender<u64>,
    teller: watch::Receiver<Option<mpsc::Sender<Question>>>,
}

impl Tor {
    /// Spawns the task that owns Tor on `tracker`. Nothing is started or looked for yet.
    ///
    /// Once `stop` is cancelled, a Tor of ours is ended (within twice
    /// [`TorConfig::stop_max`]) and the task returns: wait for the tracker.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(config: TorConfig, tracker: &TaskTracker, stop: CancellationToken) -> Self {
        let publisher = Arc::new(Publisher::new());
        let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
        let handle = Self {
            commands,
            status: publisher.status(),
            upstream: publisher.upstream(),
            identity: publisher.identity_asker(),
            teller: publisher.teller(),
        };
        tracker.spawn(Actor::new(config, publisher, inbox).run(stop));
        handle
    }

    /// Asks for a Tor and waits until one is there (bootstrapping or ready) or the try fails.
    ///
    /// However many ask, there is one Tor. During a pause before a restart it is tried at once.
    ///
    /// # Errors
    /// Why this try failed. [`TorState::Restarting`] then says that it goes on by itself,
    /// [`TorState::Failed`] that it does not. [`TorProblem::Stopped`] if someone stopped it.
    ///
    /// # Cancel safety
    /// Dropping it gives up waiting, not Tor.
    pub async fn start(&self) -> Result<(), TorProblem> {
        self.begin().await?.await
    }

    /// As [`Self::start`], in two steps: returns as soon as the search or start has begun, or goes
    /// on; the future that it gives waits for the outcome.
    ///
    /// # Errors
    /// [`TorProblem::Stopped`] if the whole is ending already. The future's are those of
    /// [`Self::start`].
    ///
    /// # Cancel safety
    /// Dropping it early may leave the start not asked for.
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

    /// Gives other settings, which take effect when a Tor is chosen or started the next time.
    ///
    /// # Errors
    /// [`TorProblem::Stopped`] if the whole is ending already.
    ///
    /// # Cancel safety
    /// Dropping it early may leave the settings as they were.
    pub async fn configure(&self, config: TorConfig) -> Result<(), TorProblem> {
        let command = Command::Configure(Box::new(config));
        let sent = self.commands.send(command).await;
        sent.map_err(|_| TorProblem::Stopped)
    }

    /// Ends a Tor of ours, or leaves someone else's alone; the state is [`TorState::Off`] then.
    ///
    /// # Errors
    /// [`TorProblem::Stopped`] if the whole is ending already.
    ///
    /// # Cancel safety
    /// Dropping it gives up waiting; the end goes on.
    pub async fn stop(&self) -> Result<(), TorProblem> {
        let (done, wait) = oneshot::channel();
        let sent = self.commands.send(Command::Stop { done }).await;
        sent.map_err(|_| TorProblem::Stopped)?;
        wait.await.map_err(|_| TorProblem::Stopped)
    }

    /// Asks a Tor of ours to let later connections share no circuit with earlier ones.
    ///
    /// Returns at once, and no answer says when it is done: whoever needs certainty changes the
    /// SOCKS credentials as well, which every backend honours at once. A Tor of someone else's is
    /// not commanded; others use it, too.
    pub fn new_identity(&self) {
        self.identity
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Asks for the circuit of the connections with these credentials. Nothing of it is kept.
    ///
    /// # Cancel safety
    /// Dropping it gives up waiting.
    pub async fn circuit(&self, site: SiteCredentials) -> Circuit {
        let teller = self.teller.borrow().clone();
        let Some(teller) = teller else {
            return Circuit::Untold;
        };
        let (answer, wait) = oneshot::channel();
        let asked = async {
            let question = Question { site, answer };
            teller.send(question).await.ok()?;
            wait.await.ok()
        };
        let told = timeout(CIRCUIT_MAX, asked).await;
        told.ok().flatten().unwrap_or(Circuit::Untold)
    }

    /// Whether the Tor network answers through this Tor. It asks an exit for a name that cannot
    /// exist, on a circuit of its own; nothing that a person visits is touched, and nothing of it
    /// passes a relay of ours. For moments of doubt: it costs a stream. A new circuit and a look
    /// for a name may take seconds.
    ///
    /// `false` also when there is no usable Tor, and after `patience`.
    ///
    /// # Cancel safety
    /// Dropping it gives up the question.
    pub async fn network_answers(&self, patience: Duration) -> bool {
        let upstream = self.upstream.borrow().clone();
        match upstream {
            Some(socks) => timeout(patience, network_answers(&socks))
                .await
                .unwrap_or(false),
            None => false,
        }
    }

    /// Tor as it is now, and every change.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<TorStatus> {
        self.status.clone()
    }

    /// Where to connect; `None` whenever Tor is not usable, from the moment it is known.
    #[must_use]
    pub fn upstream(&self) -> watch::Receiver<Option<TorAddr>> {
        self.upstream.clone()
    }
}

/// What a state means for someone who asked for a start; `None`: not decided yet.
fn outcome(state: &TorState) -> Option<Result<(), TorProblem>> {
    match state {
        TorState::Starting => None,
        TorState::Bootstrapping(_) | TorState::Ready => Some(Ok(())),
        TorState::Restarting { reason, .. } => Some(Err(reason.clone())),
        TorState::Failed(problem) => Some(Err(problem.clone())),
        TorState::Off | TorState::Stopping => Some(Err(TorProblem::Stopped)),
    }
}
