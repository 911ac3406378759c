//! What happens to every request before and after its route, from the outside to the inside:
//! headers of the answer, where the request comes from, its form and body, the token.

use crate::{
    address::{self, only},
    limits::BODY_BYTES_MAX,
    refusal::Refusal,
    routes::OPEN,
    state::State as Shared,
};
use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use meter_wire::face::FaceCode;
use std::sync::Arc;
use tokio::time::timeout;

/// Headers that every answer has, unless its route says otherwise.
pub(crate) async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
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
/// For data. The page has its own.
const NOTHING_IS_LOADED: &str = "default-src 'none'; frame-ancestors 'none'";

/// Refuses what no client of this server sends, then reads the body.
pub(crate) async fn admitted(
    State(state): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let checked = address::check(state.port, &parts.uri, &parts.headers)
        .and_then(|()| form(&parts.headers))
        .and_then(
            |()| match body.size_hint().lower() > BODY_BYTES_MAX as u64 {
                true => Err(FaceCode::TooLarge),
                false => Ok(()),
            },
        )
        .and_then(|()| media_type(&parts.method, &parts.headers, body.is_end_stream()));
    if let Err(code) = checked {
        return closing(code);
    }
    let body = match timeout(state.limits.body, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        // It sent more than it announced, or went away, and then nobody reads the answer.
        Ok(Err(_)) => return closing(FaceCode::TooLarge),
        Err(_) => return closing(FaceCode::TooSlow),
    };
    if !OPEN.contains(&parts.uri.path()) && state.page.answer(parts.uri.path()).is_none() {
        let shown = only(&parts.headers, &header::AUTHORIZATION);
        let shown = shown.and_then(bearer);
        if !shown.is_some_and(|shown| state.token.is(shown)) {
            return Refusal::from(FaceCode::Token).into_response();
        }
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// The token of a header; the name of the scheme may be in any case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// Refuses forms of HTTP that no client needs and that intermediaries read differently.
fn form(headers: &HeaderMap) -> Result<(), FaceCode> {
    let odd = [header::TRANSFER_ENCODING, header::UPGRADE, header::TRAILER];
    let length = &header::CONTENT_LENGTH;
    let is_odd = odd.iter().any(|name| headers.contains_key(name))
        || (headers.contains_key(length) && only(headers, length).is_none());
    match (is_odd, headers.contains_key(header::CONTENT_ENCODING)) {
        (true, _) => Err(FaceCode::BadRequest),
        (false, true) => Err(FaceCode::MediaType),
        (false, false) => Ok(()),
    }
}

/// A page of another site can send a form or plain text without asking; JSON it cannot.
fn media_type(method: &Method, headers: &HeaderMap, is_empty: bool) -> Result<(), FaceCode> {
    let is_named = headers.contains_key(header::CONTENT_TYPE);
    if *method != Method::POST || (is_empty && !is_named) {
        return Ok(());
    }
    let named = only(headers, &header::CONTENT_TYPE).unwrap_or_default();
    let named = named.split(';').next().unwrap_or_default().trim();
    match named.eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(FaceCode::MediaType),
    }
}

/// A refusal after which the connection ends, because what follows on it is not known.
fn closing(code: FaceCode) -> Response {
    let mut response = Refusal::from(code).into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}
