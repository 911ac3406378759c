//! The routes of the API, as a table. `docs/spec/ledger-http.md` describes them in words and
//! `docs/spec/ledger-api.json` for programs; a test compares both with this table.

use super::{
    Http, account, api::Api, challenge, cookie::CookieName, device_rates::DeviceRates, devices,
    enrol, export, info, manage, origins::Origin, submit,
};
use crate::ledger::Ledger;
use axum::{
    Router,
    http::header,
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};
use meter_core::{Vkey, VkeyError};
use std::sync::Arc;

/// One route: its method, its path and what answers it.
type Route = (&'static str, &'static str, fn() -> MethodRouter<Arc<Api>>);

/// Every route of the API but `/healthz` and `/metrics`.
const ROUTES: &[Route] = &[
    ("get", "/api/ledger", || get(info::ledger)),
    ("get", "/api/openapi.json", || get(description)),
    ("post", "/api/challenge", || post(challenge::challenge)),
    ("get", "/api/chains/{chain}", || get(devices::chain)),
    ("get", "/api/devices", || get(devices::devices)),
    ("post", "/api/devices/enrol", || post(enrol::enrol)),
    ("post", "/api/devices/invite", || post(manage::invite)),
    ("post", "/api/devices/{key}/remove", || post(manage::remove)),
    ("post", "/api/sessions/submit", || post(submit::submit)),
    ("get", "/api/sessions/balance/{account}", || {
        get(account::balance)
    }),
    ("get", "/api/sessions/policy", || get(info::policy)),
    ("get", "/api/sessions/{report}", || get(account::session)),
    ("get", "/api/sessions", || get(account::sessions)),
    ("post", "/api/login", || post(manage::login)),
    ("post", "/api/account/recovery", || post(manage::recovery)),
    ("post", "/api/account/delete", || post(manage::delete)),
    ("get", "/api/account/export", || get(export::export)),
];

/// Method and path of every route that an [`Http`] can have.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let state = [("get", "/healthz"), ("get", "/metrics")];
    let api = ROUTES.iter().map(|(method, path, _)| (*method, *path));
    api.chain(state)
}

/// The description of the API for programs (OpenAPI 3.1).
pub const DESCRIPTION: &str = include_str!("../../../docs/spec/ledger-api.json");

async fn description() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)
}

impl Http {
    /// The routes of the API. The first of `shown` gives the name in the ledger's vkey line.
    ///
    /// # Errors
    /// When the host of `shown` cannot stand in a vkey line.
    pub fn api_routes(&self, ledger: Arc<Ledger>, shown: &Origin) -> Result<Router, VkeyError> {
        let api = Api {
            challenges: ledger.challenges(),
            vkey: Vkey::new(shown.host(), ledger.key())?,
            cookie: CookieName::new(shown, ledger.key()),
            reports: DeviceRates::new(),
            requests: DeviceRates::new(),
            guard: self.guard.clone(),
            ledger,
        };
        let add =
            |router: Router<Arc<Api>>, (_, path, answer): &Route| router.route(path, answer());
        Ok(ROUTES
            .iter()
            .fold(Router::new(), add)
            .with_state(Arc::new(api)))
    }
}
