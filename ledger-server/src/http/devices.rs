//! The devices of an account, and the chains of one device.

use super::{
    api::Api,
    body::{NoBody, Piece},
    refusal::Refusal,
    signed::wire,
    who::Who,
};
use crate::{ledger::Ledger, store::StoreError};
use axum::{Json, extract::State};
use meter_core::{AccountId, ChainId};
use meter_wire::{
    HexBytes, U64Text,
    ledger::{ChainAnswer, DeviceInfo, Devices, LedgerCode},
};
use std::sync::Arc;

/// `GET /api/devices`.
pub(crate) async fn devices(
    State(api): State<Arc<Api>>,
    who: Who,
    _: NoBody,
) -> Result<Json<Devices>, Refusal> {
    let devices = api.ask(move |ledger| devices_of(ledger, who.account)).await;
    devices.map(|devices| Json(Devices { devices }))
}

/// The devices of an account, in the order in which they came.
pub(crate) fn devices_of(
    ledger: &Ledger,
    account: AccountId,
) -> Result<Vec<DeviceInfo>, StoreError> {
    let totals = ledger.device_totals(account)?;
    let last = |key| totals.iter().find(|device| device.key == key)?.last;
    let entries = ledger.devices(account)?.into_iter();
    let devices = entries.map(|entry| DeviceInfo {
        key: HexBytes(entry.key.0),
        name: entry.name,
        enrolled_ms: U64Text(entry.enrolled.get()),
        removed_ms: entry.revoked.map(|at| U64Text(at.get())),
        last_report_ms: last(entry.key).map(|at| U64Text(at.get())),
    });
    Ok(devices.collect())
}

/// `GET /api/chains/{chain}`: where a chain of the device that asks stands. A chain is named by a
/// device and an id together, so no device sees another one's.
pub(crate) async fn chain(
    State(api): State<Arc<Api>>,
    who: Who,
    Piece(chain): Piece,
    _: NoBody,
) -> Result<Json<ChainAnswer>, Refusal> {
    let device = who.device.ok_or(LedgerCode::SignIn)?;
    let chain = chain_id(&chain).ok_or(LedgerCode::NotFound)?;
    let state = api
        .ask(move |ledger| ledger.chain_state(device, chain))
        .await?;
    Ok(Json(ChainAnswer {
        head: wire(state.signed())?,
    }))
}

/// An id in its one spelling: 32 lower-case digits.
fn chain_id(text: &str) -> Option<ChainId> {
    let mut id = [0; 16];
    hex::decode_to_slice(text, &mut id).ok()?;
    (!text.bytes().any(|byte| byte.is_ascii_uppercase())).then_some(ChainId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h_12_a_name_of_a_chain_has_one_spelling() {
        let text = "00112233445566778899aabbccddeeff";
        assert_eq!(
            chain_id(text).map(|id| hex::encode(id.0)).as_deref(),
            Some(text)
        );
        for bad in [
            "",
            "00",
            "..",
            "0x112233445566778899aabbccddeeff",
            "\u{1f9c5}",
        ] {
            assert_eq!(chain_id(bad), None, "{bad}");
        }
        assert_eq!(chain_id(&text.to_uppercase()), None);
        assert_eq!(chain_id(&format!("{text}00")), None);
    }
}
