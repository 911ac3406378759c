//! How the server is now: one reading, for `/metrics` and for the operator's page, so that both say
//! the same.

use super::{metrics::Metrics, places::ConnectionPlaces, reading::Reading};
use crate::ledger::Vitals;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    task::spawn_blocking,
    time::{Instant, timeout},
};

/// Longest wait for the store's answer.
const STORE_WAIT: Duration = Duration::from_secs(5);

/// A result is repeated for so long, so that questions cannot keep the store busy.
const REPEATED_FOR: Duration = Duration::from_secs(1);

/// Writes something to the store and commits it. It blocks; `true` if the commit worked.
pub type Commits = Arc<dyn Fn() -> bool + Send + Sync>;

/// Looks at the ledger. It blocks.
pub type Look = Arc<dyn Fn() -> Vitals + Send + Sync>;

/// Where readings come from.
pub struct Watch {
    commits: Commits,
    look: Look,
    metrics: Arc<Metrics>,
    places: Arc<ConnectionPlaces>,
    committed: Mutex<Option<(Instant, bool)>>,
    looked: Mutex<Option<(Instant, Vitals)>>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Watch {
    pub(super) fn new(
        commits: Commits,
        look: Look,
        metrics: Arc<Metrics>,
        places: Arc<ConnectionPlaces>,
    ) -> Self {
        Self {
            commits,
            look,
            metrics,
            places,
            committed: Mutex::default(),
            looked: Mutex::default(),
        }
    }

    /// Whether a transaction could be committed within the last second.
    pub async fn commits(&self) -> bool {
        let ask = self.commits.clone();
        recent(&self.committed, move || ask()).await
    }

    /// A reading that is a second old at most.
    pub async fn read(&self) -> Reading {
        let look = self.look.clone();
        let ledger = recent(&self.looked, move || look()).await;
        let now = std::time::Instant::now();
        Reading {
            connections: self.places.taken(),
            taken_in_one_minute: self.metrics.taken(now, 1),
            taken_in_five_minutes: self.metrics.taken(now, 5),
            refused: self.metrics.refusals(),
            ledger,
        }
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

/// Asks, unless there is an answer of the last second. A caller that asks at the same time waits
/// for the one answer. The default if none comes in time.
async fn recent<T: Clone + Default + Send + 'static>(
    last: &Mutex<Option<(Instant, T)>>,
    ask: impl FnOnce() -> T + Send + 'static,
) -> T {
    let mut last = last.lock().await;
    if let Some((_, answer)) = last.as_ref().filter(|(at, _)| at.elapsed() < REPEATED_FOR) {
        return answer.clone();
    }
    let answer = match timeout(STORE_WAIT, spawn_blocking(ask)).await {
        Ok(Ok(answer)) => answer,
        // It panicked, or it takes too long.
        Ok(Err(_)) | Err(_) => T::default(),
    };
    *last = Some((Instant::now(), answer.clone()));
    answer
}
