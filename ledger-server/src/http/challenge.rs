//! `POST /api/challenge`.

use super::{api::Api, body::NoBody, refusal::Refusal};
use crate::{challenge::expires, store::StoreError};
use axum::{Json, extract::State};
use meter_wire::{HexBytes, U64Text, ledger::Challenge};
use std::sync::Arc;

/// A challenge that holds for a minute of the ledger's clock. Nothing is stored for it.
pub(crate) async fn challenge(
    State(api): State<Arc<Api>>,
    _: NoBody,
) -> Result<Json<Challenge>, Refusal> {
    let mut random = [0; 8];
    let now = api
        .ask(move |ledger| {
            let filled = getrandom::fill(&mut random);
            filled.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            Ok::<_, StoreError>((ledger.now()?, random))
        })
        .await;
    let (now, random) = now?;
    Ok(Json(Challenge {
        challenge: HexBytes(api.challenges.issue(now, random)),
        expires_ms: U64Text(expires(now).get()),
    }))
}
