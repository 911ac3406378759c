//! The ledger over HTTP/1: the listener, the checks around every route, and the routes.
//!
//! From the outside to the inside: a place for the connection (`places`), its timers (`server`,
//! `connection`), counting and logging, headers, the checks of one request (`guard`, `origins`,
//! `rates`), and the route.

mod account;
mod api;
mod body;
mod challenge;
mod circuit_line;
mod connection;
mod cookie;
mod device_rates;
mod devices;
mod enrol;
mod export;
mod gauges;
mod guard;
mod info;
mod limits;
mod manage;
mod metrics;
mod origins;
mod pieces;
mod places;
mod problem_page;
mod rates;
mod reading;
mod recent;
mod refusal;
mod routes;
mod server;
mod signed;
mod state;
mod submit;
mod watch;
mod who;

pub use cookie::CookieName;
pub use limits::{BODY_BYTES_MAX, HEAD_BYTES_MAX, HEADERS_MAX, Limits};
pub use metrics::Metrics;
pub use origins::{ENROL_SOMEWHERE, Origin, OriginError, Origins, enrol_command};
pub(crate) use pieces::{CutOff, in_pieces};
pub use reading::{Reading, Refused};
pub use routes::{DESCRIPTION, routes};
pub use server::{Tls, Transport, listen};
pub use watch::{Commits, Look, Watch};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use guard::Guard;
use std::{future::Future, io, net::TcpListener, sync::Arc};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

/// A server that is not listening yet.
#[derive(Debug)]
pub struct Http {
    guard: Arc<Guard>,
    places: Arc<places::ConnectionPlaces>,
}

impl Http {
    /// A server for the given addresses.
    #[must_use]
    pub fn new(origins: Origins, limits: Limits) -> Self {
        let guard = Guard {
            origins,
            rates: rates::Rates::new(&limits),
            metrics: Arc::default(),
            at_once: Semaphore::new(limits.requests_at_once),
            limits,
        };
        Self {
            places: places::ConnectionPlaces::new(&guard.limits),
            guard: Arc::new(guard),
        }
    }

    /// Answers requests with `routes`, each of them inside the checks, until `end` is ready. Then
    /// it accepts nothing more, finishes what it has, and returns within [`Limits::drain`].
    ///
    /// # Errors
    /// The listener cannot be used.
    pub async fn serve(
        &self,
        listener: TcpListener,
        transport: Transport,
        routes: Router,
        end: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let routes = self.surround(routes);
        let limits = &self.guard.limits;
        server::serve(
            listener,
            transport,
            limits,
            self.places.clone(),
            routes,
            end,
        )
        .await
    }

    /// How this server and its ledger are, for the routes and pages that say so.
    #[must_use]
    pub fn watch(&self, commits: Commits, look: Look) -> Arc<Watch> {
        let metrics = self.guard.metrics.clone();
        Arc::new(Watch::new(commits, look, metrics, self.places.clone()))
    }

    /// `/healthz`, which fails when commits fail, and `/metrics`, which is not there for others
    /// than this computer: an onion service and a proxy bring them from this computer, too, so
    /// only the addresses that clients are meant to use can tell.
    pub fn state_routes(&self, watch: Arc<Watch>) -> Router {
        state::routes(watch, self.guard.origins.are_local())
    }

    fn surround(&self, routes: Router) -> Router {
        routes
            .fallback(guard::not_found)
            .method_not_allowed_fallback(guard::not_this_method)
            .layer(CatchPanicLayer::custom(guard::panicked))
            .layer(from_fn_with_state(self.guard.clone(), guard::admitted))
            .layer(from_fn_with_state(
                self.guard.clone(),
                problem_page::as_page,
            ))
            .layer(from_fn(guard::with_headers))
            .layer(from_fn_with_state(self.guard.clone(), guard::observed))
    }
}
