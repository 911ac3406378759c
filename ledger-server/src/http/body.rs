//! The body of a request as its route takes it.

use super::{guard::WholeBody, origins::only, refusal::Refusal};
use axum::{
    body::Bytes,
    extract::{FromRequestParts, Path},
    http::{HeaderMap, header, request::Parts},
};
use meter_wire::ledger::{LedgerCode, LedgerParseError, RECORDS_MEDIA_TYPE, parse};
use serde::{Serialize, de::DeserializeOwned};

/// A body of JSON, read strictly.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

/// No body at all, for a request that says everything with its path.
#[derive(Debug)]
pub(crate) struct NoBody;

/// One piece of the path. Text that cannot be one names nothing, like any other unknown name.
#[derive(Debug)]
pub(crate) struct Piece(pub(crate) String);

fn whole(parts: &Parts) -> Result<&WholeBody, Refusal> {
    let body = parts.extensions.get();
    body.ok_or(Refusal(LedgerCode::Internal))
}

fn is_json(headers: &HeaderMap) -> bool {
    only(headers, &header::CONTENT_TYPE).is_some_and(|media_type| {
        let mut pieces = media_type.split(';').map(str::trim);
        let is_json = pieces
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
        is_json && pieces.all(|parameter| parameter.eq_ignore_ascii_case("charset=utf-8"))
    })
}

impl<S: Sync, T: DeserializeOwned + Serialize> FromRequestParts<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        if !is_json(&parts.headers) {
            return Err(Refusal(LedgerCode::MediaType));
        }
        parse(&whole(parts)?.0)
            .map(Self)
            .map_err(|error| match error {
                LedgerParseError::Json => Refusal(LedgerCode::BadJson),
                LedgerParseError::Field => Refusal(LedgerCode::BadField),
            })
    }
}

impl<S: Sync> FromRequestParts<S> for NoBody {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        match whole(parts)?.0.is_empty() {
            true => Ok(Self),
            false => Err(Refusal(LedgerCode::MediaType)),
        }
    }
}

/// The bytes of a body that is a row of records. `None` if it is of another type.
pub(crate) fn records(parts: &Parts) -> Result<Option<Bytes>, Refusal> {
    match only(&parts.headers, &header::CONTENT_TYPE) {
        Some(RECORDS_MEDIA_TYPE) => Ok(Some(whole(parts)?.0.clone())),
        _ => Ok(None),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Piece {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let piece = Path::<String>::from_request_parts(parts, state).await;
        match piece {
            Ok(Path(piece)) => Ok(Self(piece)),
            Err(_) => Err(Refusal(LedgerCode::NotFound)),
        }
    }
}
