//! A refusal as an HTTP answer.

use crate::store::StoreError;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use meter_wire::ledger::{LedgerCode, LedgerProblem};
use std::time::Duration;

/// Seconds after which a client that was too fast, or that came at a bad time, may ask again.
const RETRY_AFTER_S: u16 = 2;

/// Why a request is not answered with what it asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal(pub(crate) LedgerCode);

impl From<StoreError> for Refusal {
    /// The text of the error may quote a value, so the log gets its kind.
    fn from(error: StoreError) -> Self {
        let kind = match error {
            StoreError::Lost => "lost",
            StoreError::Unavailable(_) => "unavailable",
            StoreError::Held(_) => "read-only",
            StoreError::Statement(_) => "statement",
            StoreError::Damaged(_) => "damaged",
            StoreError::Fault(_) => "fault",
        };
        tracing::warn!(kind, "the store did not answer a request");
        Self(LedgerCode::Store)
    }
}

impl From<LedgerCode> for Refusal {
    fn from(code: LedgerCode) -> Self {
        Self(code)
    }
}

/// The status of a refusal. One code has one status.
pub(crate) const fn status(code: LedgerCode) -> StatusCode {
    match code {
        LedgerCode::BadRequest | LedgerCode::BadJson | LedgerCode::BadSignatureHeader => {
            StatusCode::BAD_REQUEST
        }
        LedgerCode::SignIn | LedgerCode::Challenge | LedgerCode::Signature => {
            StatusCode::UNAUTHORIZED
        }
        LedgerCode::UnknownDevice
        | LedgerCode::Removed
        | LedgerCode::Invitation
        | LedgerCode::ForeignOrigin => StatusCode::FORBIDDEN,
        LedgerCode::NotFound => StatusCode::NOT_FOUND,
        LedgerCode::Method => StatusCode::METHOD_NOT_ALLOWED,
        LedgerCode::TooSlow => StatusCode::REQUEST_TIMEOUT,
        LedgerCode::DeviceLimit => StatusCode::CONFLICT,
        LedgerCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        LedgerCode::MediaType | LedgerCode::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        LedgerCode::WrongHost => StatusCode::MISDIRECTED_REQUEST,
        LedgerCode::BadField => StatusCode::UNPROCESSABLE_ENTITY,
        LedgerCode::TooMany | LedgerCode::AccountsLimit => StatusCode::TOO_MANY_REQUESTS,
        LedgerCode::Busy | LedgerCode::Store => StatusCode::SERVICE_UNAVAILABLE,
        LedgerCode::Internal | LedgerCode::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Adds `Retry-After` to an answer that says "later".
pub(crate) fn with_retry(mut response: Response) -> Response {
    let is_later = matches!(
        response.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    );
    if is_later {
        let after = HeaderValue::from(RETRY_AFTER_S);
        response.headers_mut().insert(header::RETRY_AFTER, after);
    }
    response
}

/// A refusal that says when to come again.
pub(crate) fn later(code: LedgerCode, wait: Duration) -> Response {
    let mut response = Refusal(code).into_response();
    let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let response = (status(self.0), Json(LedgerProblem::from(self.0))).into_response();
        let mut response = with_retry(response);
        // For the log and the metrics, which must not read bodies.
        response.extensions_mut().insert(self.0);
        response
    }
}
