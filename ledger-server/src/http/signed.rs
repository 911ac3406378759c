//! Signed bodies between the ledger's form and JSON.

use super::refusal::Refusal;
use meter_core::{SIGNATURE_BYTES, Signed};
use meter_wire::{
    HexBytes,
    ledger::{LedgerCode, WireSigned},
};

/// A signed body as JSON. Another length than the kind has would be a bug.
pub(crate) fn wire<T, const N: usize>(signed: &Signed<T>) -> Result<WireSigned<N>, Refusal> {
    WireSigned::try_from(signed).map_err(|_| Refusal(LedgerCode::Internal))
}

/// Body and signature, as they are stored, as JSON.
pub(crate) fn wire_stored<const N: usize>(stored: &[u8]) -> Result<WireSigned<N>, Refusal> {
    let split = stored.split_last_chunk::<SIGNATURE_BYTES>();
    let wire = split.and_then(|(body, signature)| {
        Some(WireSigned {
            body: HexBytes(body.try_into().ok()?),
            signature: HexBytes(*signature),
        })
    });
    wire.ok_or(Refusal(LedgerCode::Internal))
}
