//! A signed body of any kind in JSON. It is a claim until it is verified.

use crate::HexBytes;
use meter_core::{SIGNATURE_BYTES, Signable, Signed};
use serde::{Deserialize, Serialize};

/// A body of `N` bytes and its signature in hexadecimal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WireSigned<const N: usize> {
    /// The body.
    pub body: HexBytes<N>,
    /// The Ed25519 signature.
    pub signature: HexBytes<SIGNATURE_BYTES>,
}

/// The body has another length than its kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the body has {found} bytes instead of {expected}")]
pub struct WireSignedError {
    found: usize,
    expected: usize,
}

impl<T: Signable, const N: usize> From<&WireSigned<N>> for Signed<T> {
    fn from(wire: &WireSigned<N>) -> Self {
        Self::new(wire.body.0.to_vec(), wire.signature.0)
    }
}

impl<T, const N: usize> TryFrom<&Signed<T>> for WireSigned<N> {
    type Error = WireSignedError;

    fn try_from(signed: &Signed<T>) -> Result<Self, WireSignedError> {
        let body = signed.body();
        let body = body.try_into().map_err(|_| WireSignedError {
            found: body.len(),
            expected: N,
        })?;
        Ok(Self {
            body: HexBytes(body),
            signature: HexBytes(*signed.signature()),
        })
    }
}
