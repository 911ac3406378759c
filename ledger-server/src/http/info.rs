//! What everybody may know about the ledger.

use super::{
    api::Api,
    refusal::Refusal,
    signed::{wire, wire_stored},
};
use crate::ledger::LedgerKeyEntry;
use axum::{Json, extract::State};
use meter_wire::{
    HexBytes, U64Text,
    ledger::{KeyEntry, LedgerInfo, PolicyInfo},
};
use std::sync::Arc;

/// `GET /api/ledger`.
pub(crate) async fn ledger(State(api): State<Arc<Api>>) -> Result<Json<LedgerInfo>, Refusal> {
    let now = api.ask(|ledger| ledger.now()).await?;
    let entry = |entry: &LedgerKeyEntry| {
        let change = entry.change.as_deref().map(wire_stored).transpose()?;
        Ok(KeyEntry {
            number: entry.number,
            key: HexBytes(entry.key.0),
            change,
        })
    };
    let keys: Result<_, Refusal> = api.ledger.keys().iter().map(entry).collect();
    Ok(Json(LedgerInfo {
        key: HexBytes(api.ledger.key().0),
        keys: keys?,
        vkey: api.vkey.to_string(),
        policy: wire(api.ledger.policy().signed())?,
        time_ms: U64Text(now.get()),
    }))
}

/// `GET /api/sessions/policy`.
pub(crate) async fn policy(State(api): State<Arc<Api>>) -> Result<Json<PolicyInfo>, Refusal> {
    let policy = api.ledger.policy();
    let value = policy.value();
    Ok(Json(PolicyInfo {
        policy: wire(policy.signed())?,
        number: value.number.0,
        most_per_day: U64Text(value.most_per_day().total.get()),
        idle_per_day: U64Text(value.idle_per_day().get()),
    }))
}
