//! Whether the server works, for the operator's own tools: `/healthz` and `/metrics`.

use super::{
    guard::Guard,
    rates::Client,
    refusal::Refusal,
    seats::{Seat, Seats},
};
use axum::{
    Extension, Json, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use meter_wire::ledger::{Healthy, LedgerCode};
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

/// OpenMetrics, as the text of [`super::Metrics`] is written.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Writes something to the store and commits it. It blocks; `true` if the commit worked.
pub type Commits = Arc<dyn Fn() -> bool + Send + Sync>;

pub(crate) struct Health {
    pub(crate) commits: Commits,
    pub(crate) last: Mutex<Option<(Instant, bool)>>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) seats: Arc<Seats>,
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").finish_non_exhaustive()
    }
}

pub(crate) fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .with_state(Arc::new(health))
}

async fn healthz(State(health): State<Arc<Health>>) -> Response {
    // Whoever asks at the same time waits for the one answer.
    let mut last = health.last.lock().await;
    let recent = last.filter(|(at, _)| at.elapsed() < REPEATED_FOR);
    let commits = match recent {
        Some((_, commits)) => commits,
        None => {
            let ask = health.commits.clone();
            let asked = timeout(STORE_WAIT, spawn_blocking(move || ask())).await;
            let commits = matches!(asked, Ok(Ok(true)));
            *last = Some((Instant::now(), commits));
            commits
        }
    };
    match commits {
        true => Json(Healthy { healthy: true }).into_response(),
        false => Refusal(LedgerCode::Store).into_response(),
    }
}

async fn metrics(
    State(health): State<Arc<Health>>,
    Extension(seat): Extension<Arc<Seat>>,
) -> Response {
    // Over the onion service come strangers.
    if matches!(seat.client(), Client::Circuit(_)) {
        return Refusal(LedgerCode::NotFound).into_response();
    }
    match health.guard.metrics.text(health.seats.taken()) {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(fmt::Error) => Refusal(LedgerCode::Internal).into_response(),
    }
}
