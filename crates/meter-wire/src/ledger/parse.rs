//! Bodies of requests to a ledger and of its answers, as bytes. Strict towards a client, tolerant
//! towards a ledger.

use crate::codec::has_one_spelling;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::error::Category;

/// Why a body is not what its route takes. It quotes nothing of the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LedgerParseError {
    /// Not JSON.
    #[error("this is not JSON")]
    Json,
    /// JSON, but not of this form.
    #[error("a field is missing, unknown, repeated, of the wrong type or spelled in another way")]
    Field,
}

/// Reads a body strictly: apart from white space and order it must be exactly what this crate would
/// write.
///
/// # Errors
/// It is not JSON, or not the JSON of a `T`.
pub fn parse<T: DeserializeOwned + Serialize>(body: &[u8]) -> Result<T, LedgerParseError> {
    let value: T = serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => LedgerParseError::Field,
        Category::Syntax | Category::Eof | Category::Io => LedgerParseError::Json,
    })?;
    match has_one_spelling(&value, body) {
        true => Ok(value),
        false => Err(LedgerParseError::Field),
    }
}

/// Reads an answer of a ledger: fields that this version does not know are ignored. `None` if it is
/// another message, or none.
#[must_use]
pub fn read_answer<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// Writes the body of a request to a ledger.
#[must_use]
pub fn write_request(message: &impl Serialize) -> Vec<u8> {
    crate::write_json(message).into_bytes()
}
