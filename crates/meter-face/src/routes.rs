//! The routes, as a table. `docs/spec/http-face.md` describes them in words and
//! `docs/spec/http-face.json` for programs; a test compares both with this table.

use crate::{
    ask, events, login, metrics, monitoring, refusal::Refusal, sessions, state::State as Shared,
    tor,
};
use axum::{
    Router,
    extract::{OriginalUri, State},
    http::{Method, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use meter_wire::face::FaceCode;
use std::sync::Arc;

/// One route: its method, its path and what answers it.
type Route = (
    &'static str,
    &'static str,
    fn() -> MethodRouter<Arc<Shared>>,
);

const ROUTES: &[Route] = &[
    ("get", "/api/tor/status", || get(tor::status)),
    ("post", "/api/tor/start", || post(tor::start)),
    ("post", "/api/tor/stop", || post(tor::stop)),
    ("get", "/api/tor/traffic-config", || {
        get(tor::traffic_config)
    }),
    ("get", "/api/tor/traffic-stats", || get(tor::traffic_stats)),
    ("get", "/api/tor/activity", || get(tor::activity)),
    ("post", "/api/tor/monitoring/start", || {
        post(monitoring::start)
    }),
    ("post", "/api/tor/monitoring/stop", || {
        post(monitoring::stop)
    }),
    ("get", "/api/tor/monitoring/stats", || {
        get(monitoring::stats)
    }),
    ("get", "/api/tor/monitoring/sessions", || {
        get(monitoring::sessions)
    }),
    ("post", "/api/tor/thresholds", || {
        post(monitoring::thresholds)
    }),
    ("get", "/api/sessions/balance/{id}", || {
        get(sessions::balance)
    }),
    ("get", "/api/sessions/policy", || get(sessions::policy)),
    ("get", "/api/events", || get(events::events)),
    ("post", "/api/ask", || post(ask::ask)),
    ("post", "/api/login", || post(login::login)),
    ("get", "/api/openapi.json", || get(description)),
    ("get", "/metrics", || get(metrics::metrics)),
];

/// Paths that need no token, besides the page's own files: a link stands in for it.
pub const OPEN: &[&str] = &["/api/login"];

/// Method and path of every route.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|(method, path, _)| (*method, *path))
}

/// The description of the routes for programs (OpenAPI 3.1).
pub const DESCRIPTION: &str = include_str!("../../../docs/spec/http-face.json");

async fn description() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)
}

/// All routes, without the checks around them.
pub(crate) fn router(state: Arc<Shared>) -> Router {
    let add = |router: Router<Arc<Shared>>, (_, path, answer): &Route| router.route(path, answer());
    ROUTES
        .iter()
        .fold(Router::new(), add)
        .fallback(page)
        .method_not_allowed_fallback(not_this_method)
        .with_state(state)
}

/// A file of the page, or nothing.
async fn page(
    State(state): State<Arc<Shared>>,
    OriginalUri(uri): OriginalUri,
    method: Method,
) -> Response {
    match state.page.answer(uri.path()) {
        None => Refusal::from(FaceCode::NotFound).into_response(),
        Some(file) if matches!(method, Method::GET | Method::HEAD) => file,
        Some(_) => not_this_method().await.into_response(),
    }
}

async fn not_this_method() -> Refusal {
    FaceCode::Method.into()
}
