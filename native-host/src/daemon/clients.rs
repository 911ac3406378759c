//! The clients of a daemon: one owner of every task that serves them, which waits for each.

use super::client;
use crate::{
    api::{Admission, Api, Browser, Departures, Offers},
    engine::EngineHandle,
    system::local_socket::{self, Stream},
};
use std::time::Duration;
use tokio::time;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

/// How long clients may take to read the rest.
const REST_MAX: Duration = Duration::from_secs(2);

/// Everybody who is served, and what they asked for that takes long.
pub(super) struct Clients {
    admission: Admission,
    departures: Departures,
    offers: Offers,
    tasks: TaskTracker,
    /// Sends each client the rest and ends with that.
    stop: CancellationToken,
    /// Ends those that do not read it.
    cut: CancellationToken,
}

impl Clients {
    pub(super) fn new(departures: Departures) -> Self {
        Self {
            admission: Admission::new(),
            departures,
            offers: Offers::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Serves one more.
    pub(super) fn serve(&self, stream: Stream, engine: &EngineHandle) {
        let peer = local_socket::peer(&stream).ok();
        let bridge = peer.and_then(|peer| peer.process);
        let presence = self.departures.presence(bridge.and_then(Browser::of));
        let api = Api::new(
            engine.clone(),
            self.admission.enter(),
            presence,
            self.offers.clone(),
            self.tasks.clone(),
        );
        let served = client::serve(stream, api, self.stop.clone());
        let cut = self.cut.clone();
        self.tasks.spawn(cut.run_until_cancelled_owned(served));
    }

    /// Whether nobody is served and nothing runs that somebody asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Sends each client what is still to be sent, cuts those that do not read it, and waits for
    /// every task.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        if time::timeout(REST_MAX, self.tasks.wait()).await.is_err() {
            warn!(left = self.tasks.len(), "clients were cut");
            self.cut.cancel();
            self.tasks.wait().await;
        }
    }
}
