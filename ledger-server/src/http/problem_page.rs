//! A refusal as a page, for a person who looks at it in a browser.

use super::guard::Guard;
use crate::pages::{self, HEADERS, HTML_TYPE, ProblemPage};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use meter_wire::ledger::LedgerCode;
use std::sync::Arc;

/// Puts a page in the place of a refusal's JSON, where a browser opens a page. The status and
/// headers such as `Retry-After` stay.
pub(crate) async fn as_page(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let wanted = wants_page(&request);
    let response = next.run(request).await;
    let is_refusal = response.extensions().get::<LedgerCode>().is_some();
    match is_refusal && wanted {
        true => page(guard.origins.shown(), response),
        false => response,
    }
}

fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    let is_data = path.starts_with("/api/") || ["/healthz", "/metrics"].contains(&path);
    let accept = request.headers().get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok());
    !is_data && accept.is_some_and(|types| types.contains("text/html"))
}

fn page(ledger: &str, response: Response) -> Response {
    let Some(page) = ProblemPage::of(ledger, response.status().as_u16()) else {
        return response;
    };
    let (mut parts, _) = response.into_parts();
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        parts.headers.insert(name, HeaderValue::from_static(value));
    }
    let html = HeaderValue::from_static(HTML_TYPE);
    parts.headers.insert(header::CONTENT_TYPE, html);
    // It was the length of the JSON.
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(pages::html(&page)))
}
