//! What happens to every request before and after its route. The order is that of
//! [`surround`](super::surround), from the outside to the inside.

use super::{
    limits::{BODY_BYTES_MAX, Limits},
    metrics::Metrics,
    origins::{Origins, only},
    places::ConnectionPlace,
    rates::Rates,
    refusal::Refusal,
};
use crate::pages::{ICON_PATH, styles_path};
use axum::{
    Extension,
    body::{Body, Bytes, HttpBody as _, to_bytes},
    extract::{MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Response as HttpResponse, StatusCode, header,
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use meter_wire::ledger::LedgerCode;
use std::{any::Any, sync::Arc};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};

/// What the checks around the routes need.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) limits: Limits,
    pub(crate) origins: Origins,
    pub(crate) rates: Rates,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) at_once: Semaphore,
}

impl Guard {
    /// Counts a signature that is not valid, or a device that is not known. `true`: this client
    /// makes too many, and its connection has to end.
    pub(crate) fn mistake(&self, place: &ConnectionPlace) -> bool {
        self.metrics.mistake();
        place.hold_answer(self.rates.wait_of(place.client()));
        self.rates.mistake(place.client()).is_err()
    }
}

/// The answer to a bug. The panic hook has logged its place already; its message stays here.
pub(crate) fn panicked(_message: Box<dyn Any + Send>) -> HttpResponse<Body> {
    Refusal(LedgerCode::Internal).into_response()
}

/// One line in the log and one count for each request, with its route as the routing table writes
/// it. The target itself may hold an account.
pub(crate) async fn observed(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let place = request.extensions().get::<Arc<ConnectionPlace>>().cloned();
    let response = next.run(request).await;
    let route = path.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status();
    let took = began.elapsed();
    let code = response.extensions().get::<LedgerCode>();
    guard.metrics.answered(route, status, code.copied(), took);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(%method, route, status = status.as_u16(), ?code, ms, "answered");
    } else {
        tracing::debug!(%method, route, status = status.as_u16(), ?code, ms, "answered");
    }
    // The request has given back what it held, so its connection may be closed meanwhile.
    if let Some(wait) = place.and_then(|place| place.take_wait()) {
        sleep(wait).await;
    }
    response
}

/// Headers that every answer has, unless its route says otherwise.
pub(crate) async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        // With `no-referrer` a browser sends `Origin: null` from the ledger's own forms.
        (header::REFERRER_POLICY, "same-origin"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, NOTHING_IS_LOADED),
    ] {
        let value = HeaderValue::from_static(value);
        headers.entry(name).or_insert(value);
    }
    response
}

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
/// For data. The pages have their own.
const NOTHING_IS_LOADED: &str = "default-src 'none'; frame-ancestors 'none'";

/// Refuses what no client of a ledger sends, before its body is read. Then it counts the request
/// for its connection and for the whole server.
pub(crate) async fn admitted(
    State(guard): State<Arc<Guard>>,
    Extension(place): Extension<Arc<ConnectionPlace>>,
    request: Request,
    next: Next,
) -> Response {
    if guard.rates.request(place.client()).is_err() {
        return closing(LedgerCode::TooMany);
    }
    let origin = guard
        .origins
        .check(request.method(), request.uri(), request.headers());
    let checked = match origin {
        // So that the page that says so looks like one. They are the same for everybody.
        Err(LedgerCode::WrongHost) if is_look(&request) => Ok(()),
        checked => checked,
    };
    let checked = checked.and_then(|()| form(request.headers()));
    if let Err(code) = checked {
        return closing(code);
    }
    if request.body().size_hint().lower() > BODY_BYTES_MAX as u64 {
        return closing(LedgerCode::TooLarge);
    }
    let (parts, body) = request.into_parts();
    let body = match timeout(guard.limits.body, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        // The client went away, or sent more than it announced: nobody reads the answer.
        Ok(Err(_)) => return closing(LedgerCode::TooLarge),
        Err(_) => return closing(LedgerCode::TooSlow),
    };
    let Ok(_one) = guard.at_once.try_acquire() else {
        guard.metrics.overloaded();
        return Refusal(LedgerCode::Busy).into_response();
    };
    let _answering = place.answering();
    next.run(whole(parts, body)).await
}

/// Whether it asks for the stylesheet or the icon.
fn is_look(request: &Request) -> bool {
    request.method() == Method::GET && [styles_path(), ICON_PATH].contains(&request.uri().path())
}

fn whole(mut parts: Parts, body: Bytes) -> Request {
    // What is signed is these bytes; the route reads the same ones.
    parts.extensions.insert(WholeBody(body.clone()));
    Request::from_parts(parts, Body::from(body))
}

/// The bytes of the body, for the check of a signature.
#[derive(Clone, Debug)]
pub(crate) struct WholeBody(pub(crate) Bytes);

/// Refuses forms of HTTP that no client of a ledger uses and that intermediaries read differently.
fn form(headers: &HeaderMap) -> Result<(), LedgerCode> {
    let odd = [header::TRANSFER_ENCODING, header::UPGRADE, header::TRAILER];
    if odd.iter().any(|name| headers.contains_key(name)) {
        return Err(LedgerCode::BadRequest);
    }
    let length = &header::CONTENT_LENGTH;
    if headers.contains_key(length) && only(headers, length).is_none() {
        return Err(LedgerCode::BadRequest);
    }
    match headers.contains_key(header::CONTENT_ENCODING) {
        true => Err(LedgerCode::Encoding),
        false => Ok(()),
    }
}

/// A refusal after which the connection ends, because what follows on it is not known.
pub(crate) fn closing(code: LedgerCode) -> Response {
    let mut response = Refusal(code).into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

/// No route has this path.
pub(crate) async fn not_found() -> Refusal {
    Refusal(LedgerCode::NotFound)
}

/// A route has this path, but not with this method.
pub(crate) async fn not_this_method() -> Refusal {
    Refusal(LedgerCode::Method)
}
