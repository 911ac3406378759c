//! Requests about Tor, done one after the other in the order in which they were made.

use super::start_settings;
use crate::{
    config::TorChoice,
    home::Home,
    pending::{PendingReply, Responder, reply},
    problems,
    settings::Settings,
};
use meter_core::Backend;
use meter_tor::{SiteCredentials, Tor, TorProblem, TorState};
use meter_wire::{ErrorCode, Problem};
use std::{collections::VecDeque, future::Future, sync::Arc};
use tokio::{
    sync::{
        Notify,
        mpsc::{self, error::TrySendError},
        watch,
    },
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

/// Most waiting orders, of all clients together.
const ORDERS_MAX: usize = 64;

enum Order {
    /// Start Tor with the settings at that time. If no caller waits for the answer, the log gets
    /// the reason of a failure.
    Start {
        /// A Tor that runs is ended first.
        anew: bool,
        done: Option<Responder<()>>,
    },
    /// Start after the damaged state of the embedded Tor was moved aside.
    StartWithoutState { done: Responder<()> },
    /// Let a running Tor of ours make all its connections anew, in the one way that works for all
    /// backends and detours. A Tor that is not ours is not restarted, and none is started if none
    /// runs.
    Restart,
    /// Stop Tor.
    Stop { done: Responder<()> },
    /// Use another backend from now on.
    Choose {
        backend: Option<Backend>,
        done: Responder<()>,
    },
}

impl Order {
    /// Refuses the order, because too many wait.
    fn refuse(self) {
        let done = match self {
            Self::Start { done, .. } => done,
            Self::Stop { done } | Self::StartWithoutState { done } | Self::Choose { done, .. } => {
                Some(done)
            }
            Self::Restart => None,
        };
        tell(done, Err(Problem::new(ErrorCode::Busy)));
    }
}

/// The handle for orders; cheap to clone.
#[derive(Clone)]
pub(crate) struct TorOrders {
    queue: mpsc::Sender<Order>,
    tor: Tor,
}

impl TorOrders {
    /// Starts Tor without waiting; the status shows the result.
    pub(crate) fn start_in_background(&self) {
        self.give(Order::Start {
            anew: false,
            done: None,
        });
    }

    /// Starts Tor; with `anew`, a running Tor of ours is ended first. Answered when a Tor is there
    /// (bootstrapping or ready) or the try has failed.
    pub(crate) fn start(&self, anew: bool) -> PendingReply<()> {
        self.ask(|done| Order::Start {
            anew,
            done: Some(done),
        })
    }

    /// Sets the damaged state of the embedded Tor aside and starts. Refused while that state is
    /// not what keeps Tor from running. Answered as [`Self::start`].
    pub(crate) fn start_without_state(&self) -> PendingReply<()> {
        self.ask(|done| Order::StartWithoutState { done })
    }

    /// Ends a Tor of ours.
    pub(crate) fn stop(&self) -> PendingReply<()> {
        self.ask(|done| Order::Stop { done })
    }

    /// Uses another Tor from now on, and stores the choice in `config.toml`.
    pub(crate) fn choose(&self, backend: Option<Backend>) -> PendingReply<()> {
        self.ask(|done| Order::Choose { backend, done })
    }

    /// Prevents later connections from sharing a circuit with earlier ones.
    pub(crate) fn new_identity(&self) {
        self.tor.new_identity();
    }

    /// The circuit of the connections with these credentials.
    pub(crate) async fn circuit(&self, site: SiteCredentials) -> meter_tor::Circuit {
        self.tor.circuit(site).await
    }

    pub(super) fn restart(&self) {
        self.give(Order::Restart);
    }

    /// When this returns, the order is in the queue or was refused.
    fn give(&self, order: Order) {
        match self.queue.try_send(order) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(order)) => order.refuse(),
        }
    }

    /// The call puts the order into the queue; the answer can be awaited elsewhere.
    fn ask(&self, order: impl FnOnce(Responder<()>) -> Order) -> PendingReply<()> {
        let (answer, asked) = PendingReply::new();
        self.give(order(answer));
        asked
    }
}

/// The waiting orders.
struct Inbox {
    queue: mpsc::Receiver<Order>,
    /// Orders that were taken out of the queue to look at them.
    seen: VecDeque<Order>,
}

impl Inbox {
    /// The next order; `None` when no handle is left.
    ///
    /// # Cancel safety
    /// No order is lost.
    async fn next(&mut self) -> Option<Order> {
        match self.seen.pop_front() {
            Some(order) => Some(order),
            None => self.queue.recv().await,
        }
    }

    /// Whether a stop waits: a start before it would only make a Tor that ends at once.
    fn has_stop(&mut self) -> bool {
        while let Ok(order) = self.queue.try_recv() {
            self.seen.push_back(order);
        }
        let mut orders = self.seen.iter();
        orders.any(|order| matches!(order, Order::Stop { .. }))
    }
}

/// Does the orders.
pub(super) struct Runner {
    pub(super) tor: Tor,
    pub(super) home: Home,
    pub(super) settings: Settings,
    pub(super) watch_now: Arc<Notify>,
    /// The settings of Tor's last start.
    pub(super) in_force: watch::Sender<TorChoice>,
    pub(super) tor_stop: CancellationToken,
}

impl Runner {
    pub(super) fn spawn(self, tasks: &TaskTracker, stop: CancellationToken) -> TorOrders {
        let (queue, orders) = mpsc::channel(ORDERS_MAX);
        let tor = self.tor.clone();
        let inbox = Inbox {
            queue: orders,
            seen: VecDeque::new(),
        };
        tasks.spawn(self.run(inbox, stop));
        TorOrders { queue, tor }
    }

    async fn run(self, mut inbox: Inbox, stop: CancellationToken) {
        // Waits for results of starts, which block no other order.
        let mut waiting = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(order) = inbox.next() => self.execute(order, &mut inbox, &mut waiting).await,
                Some(_) = waiting.join_next() => {}
                else => break,
            }
        }
        // Later orders are answered by the end of the channel.
        drop(inbox);
        if let Err(problem) = self.end_tor().await {
            info!(code = ?problem.code, "tor was not stopped");
        }
        self.tor_stop.cancel();
        waiting.join_all().await;
    }

    async fn execute(&self, order: Order, inbox: &mut Inbox, waiting: &mut JoinSet<()>) {
        match order {
            Order::Start { anew, done } => {
                let begun = self.start(anew, inbox).await;
                waiting.spawn(tell_when_decided(begun, done));
            }
            Order::StartWithoutState { done } => {
                let begun = self.start_without_state(inbox).await;
                waiting.spawn(tell_when_decided(begun, Some(done)));
            }
            Order::Restart => {
                if self.has_one_of_ours()
                    && let Err(problem) = self.restart(inbox).await
                {
                    tell(None, Err(problem));
                }
            }
            Order::Stop { done } => {
                let outcome = match self.is_existing() {
                    true => Err(Problem::new(ErrorCode::TorNotOurs)),
                    false => self.end_tor().await,
                };
                tell(Some(done), outcome);
            }
            Order::Choose { backend, done } => {
                let begun = self.choose(backend, inbox).await;
                waiting.spawn(async move {
                    let outcome = match begun {
                        Ok(decided) => match decided.await {
                            // The choice is stored, and a later stop decides about Tor.
                            Ok(()) | Err(TorProblem::Stopped) => Ok(()),
                            Err(problem) => Err(problems::tor(&problem)),
                        },
                        Err(problem) => Err(problem),
                    };
                    tell(Some(done), outcome);
                });
            }
        }
    }

    /// Begins a start. The returned future tells whether it succeeds.
    async fn start(
        &self,
        anew: bool,
        inbox: &mut Inbox,
    ) -> Result<impl Future<Output = Result<(), TorProblem>> + use<>, Problem> {
        if anew && self.is_existing() {
            return Err(Problem::new(ErrorCode::TorNotOurs));
        }
        // Read before anything ends: a mistake in the file must not end a running Tor.
        let config = self.settings.read_again()?;
        if anew {
            self.end_tor().await?;
        }
        self.configure(&config).await?;
        self.begin(inbox).await
    }

    /// As [`Self::start`], after the state that keeps the embedded Tor from starting was moved
    /// aside.
    async fn start_without_state(
        &self,
        inbox: &mut Inbox,
    ) -> Result<impl Future<Output = Result<(), TorProblem>> + use<>, Problem> {
        let TorState::Failed(TorProblem::StateDamaged { .. }) = self.tor.status().borrow().state
        else {
            return Err(Problem::new(ErrorCode::TorStateSound));
        };
        let config = self.settings.read_again()?;
        let aside = self.home.set_embedded_state_aside();
        aside.map_err(|error| problems::embedded_data(&self.home.embedded_data(), &error))?;
        info!("the state of the embedded tor was set aside");
        self.configure(&config).await?;
        self.begin(inbox).await
    }

    /// No person requested this restart and could correct the file, so a mistake in it is no reason
    /// to be without a Tor.
    async fn restart(&self, inbox: &mut Inbox) -> Result<(), Problem> {
        let config = self.settings.read_again();
        let config = config.unwrap_or_else(|_| self.settings.current());
        self.end_tor().await?;
        self.configure(&config).await?;
        self.begin(inbox).await.map(drop)
    }

    async fn choose(
        &self,
        backend: Option<Backend>,
        inbox: &mut Inbox,
    ) -> Result<impl Future<Output = Result<(), TorProblem>> + use<>, Problem> {
        let config = self.settings.choose_backend(backend)?;
        info!(
            backend = Backend::choice_name(backend),
            "another tor was chosen"
        );
        self.configure(&config).await?;
        self.end_tor().await?;
        self.in_force.send_replace(config.tor.clone());
        self.begin(inbox).await
    }

    async fn begin(
        &self,
        inbox: &mut Inbox,
    ) -> Result<impl Future<Output = Result<(), TorProblem>> + use<>, Problem> {
        let begun = match inbox.has_stop() {
            true => None,
            false => {
                let begun = self.tor.begin().await;
                Some(begun.map_err(|problem| problems::tor(&problem))?)
            }
        };
        Ok(async move {
            match begun {
                Some(decided) => decided.await,
                None => Err(TorProblem::Stopped),
            }
        })
    }

    async fn configure(&self, config: &crate::config::Config) -> Result<(), Problem> {
        let tor = start_settings::tor_config(&self.home, config, Arc::clone(&self.watch_now));
        let goes_on = self.goes_on();
        let configured = self.tor.configure(tor).await;
        configured.map_err(|problem| problems::tor(&problem))?;
        if !goes_on {
            self.in_force.send_replace(config.tor.clone());
        }
        Ok(())
    }

    /// Ends a Tor of ours; one that is not ours is not stopped.
    async fn end_tor(&self) -> Result<(), Problem> {
        let ended = self.tor.stop().await;
        ended.map_err(|problem| problems::tor(&problem))
    }

    fn is_existing(&self) -> bool {
        self.tor.status().borrow().backend == Some(Backend::Existing)
    }

    fn goes_on(&self) -> bool {
        !matches!(
            self.tor.status().borrow().state,
            TorState::Off | TorState::Failed(_)
        )
    }

    fn has_one_of_ours(&self) -> bool {
        self.goes_on() && !self.is_existing()
    }
}

/// Answers with the result of a start, as soon as it is known.
async fn tell_when_decided(
    begun: Result<impl Future<Output = Result<(), TorProblem>>, Problem>,
    done: Option<Responder<()>>,
) {
    let outcome = match begun {
        Ok(decided) => decided.await.map_err(|problem| problems::tor(&problem)),
        Err(problem) => Err(problem),
    };
    tell(done, outcome);
}

fn tell(done: Option<Responder<()>>, outcome: Result<(), Problem>) {
    match (done, outcome) {
        (Some(done), outcome) => reply(done, outcome),
        (None, Ok(())) => {}
        (None, Err(problem)) => {
            warn!(code = ?problem.code, detail = problem.detail, "tor did not start");
        }
    }
}

#[cfg(test)]
mod tests;
