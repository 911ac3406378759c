//! Reads the body of a request to a ledger.

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
