//! Whether the server works, for the operator's own tools: `/healthz` and `/metrics`.

use super::{
    guard::not_found, places::ConnectionPlace, rates::Client, refusal::Refusal, watch::Watch,
};
use axum::{
    Extension, Json, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use meter_wire::ledger::{Healthy, LedgerCode};
use std::{fmt, sync::Arc};

/// OpenMetrics, as the text of [`super::Metrics`] is written.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn routes(watch: Arc<Watch>, is_local: bool) -> Router {
    let metrics = match is_local {
        true => get(metrics),
        false => get(not_found),
    };
    Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", metrics)
        .with_state(watch)
}

async fn healthz(State(watch): State<Arc<Watch>>) -> Response {
    match watch.commits().await {
        true => Json(Healthy { healthy: true }).into_response(),
        false => Refusal(LedgerCode::Store).into_response(),
    }
}

async fn metrics(
    State(watch): State<Arc<Watch>>,
    Extension(place): Extension<Arc<ConnectionPlace>>,
) -> Response {
    // Over the onion service come strangers.
    if matches!(place.client(), Client::Circuit(_)) {
        return Refusal(LedgerCode::NotFound).into_response();
    }
    let reading = watch.read().await;
    match watch.metrics().text(&reading) {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(fmt::Error) => Refusal(LedgerCode::Internal).into_response(),
    }
}
