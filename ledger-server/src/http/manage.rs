//! What the owner of an account can do with it.

use super::{
    api::Api,
    body::{NoBody, Piece},
    refusal::Refusal,
    who::Who,
};
use crate::{ledger::RevokeError, store::StoreError};
use axum::{Json, extract::State, http::HeaderMap};
use meter_core::DeviceKey;
use meter_wire::{
    HexBytes, U64Text,
    ledger::{Deleted, Invited, LedgerCode, Login, Recovery, Removed},
};
use std::sync::Arc;

/// How long an invitation holds.
const INVITATION_MS: u32 = 24 * 3_600_000;

impl From<RevokeError> for Refusal {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::Store(error) => error.into(),
            RevokeError::Unknown => Self(LedgerCode::NotFound),
        }
    }
}

/// `POST /api/login`: a link for a browser. Only a device can make one.
pub(crate) async fn login(
    State(api): State<Arc<Api>>,
    who: Who,
    headers: HeaderMap,
    _: NoBody,
) -> Result<Json<Login>, Refusal> {
    let device = who.device.ok_or(LedgerCode::SignIn)?;
    // The browser reaches the ledger under the address that the device used.
    let origin = api.guard.origins.of(&headers).cloned();
    let origin = origin.ok_or(LedgerCode::WrongHost)?;
    let of = Some((who.account, device));
    let login = api.ask(move |ledger| ledger.new_login(of)).await?;
    Ok(Json(Login {
        link: format!("{origin}/login/{}", login.token.text()),
        words: login.words,
        expires_ms: U64Text(login.expires.get()),
    }))
}

/// `POST /api/devices/invite`.
pub(crate) async fn invite(
    State(api): State<Arc<Api>>,
    who: Who,
    _: NoBody,
) -> Result<Json<Invited>, Refusal> {
    let account = Some(who.account);
    let invited = api
        .ask(move |ledger| ledger.invite(account, INVITATION_MS))
        .await;
    let (code, expires) = invited?;
    Ok(Json(Invited {
        code: code.words(),
        expires_ms: U64Text(expires.get()),
    }))
}

/// `POST /api/devices/{key}/remove`.
pub(crate) async fn remove(
    State(api): State<Arc<Api>>,
    who: Who,
    Piece(key): Piece,
    _: NoBody,
) -> Result<Json<Removed>, Refusal> {
    let mut bytes = [0; 32];
    let read = hex::decode_to_slice(&key, &mut bytes);
    if read.is_err() || key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(Refusal(LedgerCode::NotFound));
    }
    let device = DeviceKey(bytes);
    api.ask(move |ledger| ledger.revoke(device, Some(who.account)))
        .await?;
    Ok(Json(Removed {
        removed: HexBytes(bytes),
    }))
}

/// `POST /api/account/recovery`.
pub(crate) async fn recovery(
    State(api): State<Arc<Api>>,
    who: Who,
    _: NoBody,
) -> Result<Json<Recovery>, Refusal> {
    let code = api
        .ask(move |ledger| ledger.new_recovery(who.account))
        .await?;
    Ok(Json(Recovery {
        recovery_code: code.words(),
    }))
}

/// `POST /api/account/delete`.
pub(crate) async fn delete(
    State(api): State<Arc<Api>>,
    who: Who,
    _: NoBody,
) -> Result<Json<Deleted>, Refusal> {
    let deleted = api.ask::<_, StoreError>(move |ledger| ledger.delete_account(who.account));
    match deleted.await? {
        true => Ok(Json(Deleted {
            deleted: HexBytes(who.account.0),
        })),
        false => Err(Refusal(LedgerCode::NotFound)),
    }
}
