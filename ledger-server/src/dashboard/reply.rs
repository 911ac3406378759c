//! Answers: a page with its headers, a file, a problem, and the way to another page.

use crate::pages::{self, HEADERS, HTML_TYPE, ICON, ProblemPage, STYLES};
use askama::Template;
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Seconds after which a browser may ask again while the database does not answer.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("2");
/// The stylesheet's address changes with its content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_A_DAY: &str = "public, max-age=86400";

/// What went wrong, as a page.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) ledger: Arc<str>,
    pub(super) status: StatusCode,
    /// Whether stored numbers contradict each other.
    pub(super) is_doubt: bool,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let page = match self.is_doubt {
            true => ProblemPage::under_audit(&self.ledger),
            false => ProblemPage::new(&self.ledger, self.status.as_u16()),
        };
        let mut response = (self.status, page_of(&page)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_S);
        }
        response
    }
}

/// A page with its headers.
pub(super) fn page_of(page: &impl Template) -> Response {
    dressed(HTML_TYPE, pages::html(page).into_response())
}

/// An answer with the headers of the dashboard.
fn dressed(media_type: &'static str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        headers.insert(name, HeaderValue::from_static(value));
    }
    let media_type = HeaderValue::from_static(media_type);
    headers.insert(header::CONTENT_TYPE, media_type);
    response
}

/// A file that the browser saves and never shows. `name` is made of letters, digits, points and
/// hyphens.
pub(super) fn file(media_type: &'static str, name: &str, content: impl IntoResponse) -> Response {
    let mut response = dressed(media_type, content.into_response());
    let value = format!("attachment; filename=\"{name}\"");
    if let Ok(value) = HeaderValue::from_str(&value) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// The answer to a form: the browser opens another page, which a reload does not send again.
pub(super) fn go_to(address: &'static str) -> Response {
    let place = [(header::LOCATION, HeaderValue::from_static(address))];
    (StatusCode::SEE_OTHER, place).into_response()
}

/// The same with a cookie.
pub(super) fn go_with_cookie(address: &'static str, cookie: &str) -> Response {
    let mut response = go_to(address);
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn kept(media_type: &'static str, content: &'static str, how_long: &'static str) -> Response {
    let mut response = dressed(media_type, content.into_response());
    let how_long = HeaderValue::from_static(how_long);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, how_long);
    response
}

pub(super) async fn styles() -> Response {
    kept("text/css; charset=utf-8", STYLES, FOR_EVER)
}

pub(super) async fn icon() -> Response {
    kept("image/svg+xml", ICON, FOR_A_DAY)
}
