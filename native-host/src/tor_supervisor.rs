//! The one owner of Tor's life: its choice, start, end and restarts, and whether it can be used.
//!
//! Its own decisions are made in [`core`], which is pure: observations go in, actions come out.
//! Requests go through one queue ([`orders`]) and are done in their order. So a request from before
//! a stop never starts a Tor after it.

mod core;
mod network_changes;
mod orders;
mod seen;
mod stalled_start;
mod start_settings;
mod status;
mod unusable;
mod watchdog;

use self::{
    core::{Action, Core},
    seen::Seen,
};
use crate::{
    config::TorChoice,
    home::Home,
    settings::Settings,
    system::{clock::Clock, network},
};
use meter_core::{MonotonicMs, TorAddr};
use meter_relay::CounterSnapshot;
use meter_tor::{Listener, Tor};
use meter_wire::TorStatus;
pub(crate) use orders::TorOrders;
pub(crate) use start_settings::{detour, own_backend};
use std::sync::Arc;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};
pub(crate) use unusable::{NAMING, unusable};

/// Seconds between two checks of a Tor without control.
const WATCH_TOR_S: u8 = 5;

pub(crate) struct TorSupervisor {
    tor: Tor,
    orders: TorOrders,
    core: Core,
    changes: watch::Receiver<meter_tor::TorStatus>,
    settings: watch::Receiver<crate::config::Config>,
    in_force: watch::Receiver<TorChoice>,
    /// At most one test of the network at a time.
    probe: JoinSet<bool>,
    /// Its result, until the next look.
    answered: Option<bool>,
    /// At most one greeting of Tor at a time.
    greeting: JoinSet<bool>,
    /// Its result, until the next look.
    greeted: Option<bool>,
    /// Requests a check of a Tor without control.
    watch_now: Arc<Notify>,
    /// Seconds since the last check.
    unwatched_s: u8,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl TorSupervisor {
    /// Nothing is started yet.
    pub(crate) fn new(home: &Home, settings: &Settings) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let watch_now = Arc::new(Notify::new());
        let at_first = settings.subscribe().borrow().clone();
        let config = start_settings::tor_config(home, &at_first, Arc::clone(&watch_now));
        // A separate token: it must end a Tor only after the last order was done.
        let tor_stop = CancellationToken::new();
        let tor = Tor::new(config, &tasks, tor_stop.clone());
        let in_force = watch::Sender::new(at_first.tor);
        let in_force_now = in_force.subscribe();
        let runner = orders::Runner {
            tor: tor.clone(),
            home: home.clone(),
            settings: settings.clone(),
            watch_now: Arc::clone(&watch_now),
            in_force,
            tor_stop,
        };
        let orders = runner.spawn(&tasks, stop.clone());
        Self {
            changes: tor.status(),
            tor,
            orders,
            core: Core::default(),
            settings: settings.subscribe(),
            in_force: in_force_now,
            probe: JoinSet::new(),
            answered: None,
            greeting: JoinSet::new(),
            greeted: None,
            watch_now,
            unwatched_s: 0,
            stop,
            tasks,
        }
    }

    /// The handle for requests.
    pub(crate) const fn orders(&self) -> &TorOrders {
        &self.orders
    }

    /// The address to connect to; `None` whenever Tor is not usable.
    pub(crate) fn upstream(&self) -> watch::Receiver<Option<TorAddr>> {
        self.tor.upstream()
    }

    /// How the Tor there is known again, if another program could take its place.
    pub(crate) fn listener(&self) -> watch::Receiver<Option<Arc<Listener>>> {
        self.tor.listener()
    }

    /// The settings of Tor's last start, which apply until its next.
    pub(crate) fn in_force(&self) -> TorChoice {
        self.in_force.borrow().clone()
    }

    /// The status for clients.
    pub(crate) fn status(&self) -> TorStatus {
        let settings = &self.settings.borrow().tor;
        status::of(&self.tor.status().borrow(), settings, self.core.trouble())
    }

    /// Waits until there is a reason to [look](Self::look).
    ///
    /// # Cancel safety
    /// No reason is lost.
    pub(crate) async fn changed(&mut self) {
        tokio::select! {
            Ok(()) = self.changes.changed() => {}
            Ok(()) = self.settings.changed() => {}
            Some(answered) = self.probe.join_next() => {
                self.answered = Some(answered.unwrap_or(false));
            }
            Some(greeted) = self.greeting.join_next() => {
                self.greeted = Some(greeted.unwrap_or(true));
            }
        }
    }

    /// Makes decisions from the current observations, and carries them out. `counted`: the relay's
    /// counters.
    pub(crate) fn look(&mut self, now: MonotonicMs, counted: &CounterSnapshot) {
        let actions = self.core.look(&Seen {
            now,
            counted,
            tor: &self.tor.status().borrow(),
            slept_ms: Clock::slept_ms(),
            network: &network::SystemNetwork,
            answered: self.answered.take(),
            greeted: self.greeted.take(),
        });
        for action in actions {
            self.act(&action);
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Restart(why) => {
                info!("{}", why.words());
                self.orders.restart();
            }
            Action::Probe(patience) => {
                let (tor, patience) = (self.tor.clone(), *patience);
                self.probe
                    .spawn(async move { tor.network_answers(patience).await });
            }
            Action::Watch => self.watch_now.notify_waiters(),
            Action::Greet => {
                let tor = self.tor.clone();
                self.greeting.spawn(async move { tor.greets().await });
            }
            Action::Log { state, trouble } => match trouble {
                None => info!(state, "tor"),
                Some(trouble) => warn!(state, ?trouble, "tor"),
            },
        }
    }

    /// Passes the engine's clock on, so that no other clock with more wake-ups is needed.
    pub(crate) fn second_passed(&mut self) {
        self.unwatched_s += 1;
        if self.unwatched_s >= WATCH_TOR_S {
            self.unwatched_s = 0;
            self.watch_now.notify_waiters();
        }
    }

    /// Does the remaining orders, ends a Tor of ours and waits for every task.
    pub(crate) async fn end(mut self) {
        self.probe.shutdown().await;
        self.greeting.shutdown().await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
