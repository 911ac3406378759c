//! Observes a start: Arti's status, the results of its connections and, if the start makes no
//! progress, the time that relays tell.

use std::{pin::Pin, sync::Arc, time::Duration};

use arti_client::status::{Blockage, BlockageKind, BootstrapEvents, BootstrapStatus};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::{
    sync::watch,
    time::{Sleep, sleep},
};

use crate::{
    clock::Clock,
    dials::{Dialed, Dials},
    progress::Look,
    socks::Client,
};

/// How long a start may stand still before relays are asked for the time: half of the time after
/// which the daemon reports trouble.
const STILL: Duration = Duration::from_secs(5);
/// Pause before they are asked again.
const AGAIN: Duration = Duration::from_secs(60);
/// The same while no relay answers. An answer tells the daemon that relays can be reached again;
/// Arti itself would not notice, because it avoids relays that did not answer.
const AGAIN_AMID_SILENCE: Duration = Duration::from_secs(10);

/// A start that is in progress.
pub(crate) struct Start {
    client: Arc<Client>,
    statuses: BootstrapEvents,
    dials: watch::Receiver<Dialed>,
    clock: Arc<Clock>,
    look: Look,
    ask: Pin<Box<Sleep>>,
    answer: Option<Pin<Box<dyn Future<Output = Option<i64>> + Send>>>,
}

impl Start {
    pub(crate) fn new(client: Arc<Client>, dials: &Dials, clock: Clock) -> Self {
        Self {
            statuses: client.bootstrap_events(),
            client,
            dials: dials.hear(),
            clock: Arc::new(clock),
            look: Look::default(),
            ask: Box::pin(sleep(STILL)),
            answer: None,
        }
    }

    /// Waits until the status changes.
    ///
    /// # Cancel safety
    /// Nothing is lost: work in progress is kept in `self`.
    pub(crate) async fn next(&mut self) -> Look {
        loop {
            tokio::select! {
                Some(status) = self.statuses.next() => self.note(&status),
                Ok(()) = self.dials.changed() => {
                    self.look.connect_error = self.dials.borrow_and_update().connect_error;
                }
                () = self.ask.as_mut(), if self.answer.is_none() => {
                    self.ask_for_the_time();
                    continue;
                }
                answer = answer(&mut self.answer) => {
                    self.answer = None;
                    if answer.is_none() {
                        self.ask = Box::pin(sleep(AGAIN_AMID_SILENCE));
                    }
                    self.look.clock_skew_s = answer.or(self.look.clock_skew_s);
                }
            }
            return self.look.clone();
        }
    }

    fn note(&mut self, status: &BootstrapStatus) {
        let before = (self.look.fraction, self.look.is_connected);
        self.look.fraction = status.as_frac();
        self.look.is_connected = is_connected(&self.client);
        let blockage = status.blocked().filter(is_news);
        self.look.blocked = blockage.map(|blockage| blockage.to_string());
        if before != (self.look.fraction, self.look.is_connected) {
            self.ask = Box::pin(sleep(STILL));
        }
    }

    /// Asks for the time. Does nothing while no connection has ever succeeded.
    fn ask_for_the_time(&mut self) {
        if self.dials.borrow().made == 0 {
            self.ask = Box::pin(sleep(STILL));
            return;
        }
        self.ask = Box::pin(sleep(AGAIN));
        let (client, clock) = (Arc::clone(&self.client), Arc::clone(&self.clock));
        self.answer = Some(Box::pin(async move { clock.skew_s(&client).await }));
    }
}

async fn answer<F: Future + Unpin>(asked: &mut Option<F>) -> F::Output {
    match asked {
        Some(answer) => answer.await,
        None => std::future::pending().await,
    }
}

/// Whether a relay has answered. Arti's overall status does not show this separately.
fn is_connected(client: &Client) -> bool {
    let status = client.chanmgr().ok().and_then(|channels| {
        let mut events = channels.bootstrap_events();
        // The first event is the current status and is available at once.
        events.next().now_or_never().flatten()
    });
    status.is_some_and(|status| status.usable())
}

/// Before it is told to begin, Arti reports that it is disabled, which is not news.
fn is_news(blockage: &Blockage) -> bool {
    !matches!(blockage.kind(), BlockageKind::Disabled)
}
