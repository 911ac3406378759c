//! `POST /api/devices/enrol`.

use super::{
    api::Api,
    body::JsonBody,
    guard::closing,
    places::ConnectionPlace,
    refusal::{Refusal, later},
    signed::wire,
};
use crate::ledger::{EnrolError, Enrolled, RecoveryCode};
use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use meter_core::{Enrolment, Signable as _, Signed, Verified};
use meter_wire::{
    HexBytes,
    ledger::{Enrol, Enrolled as WireEnrolled, LedgerCode},
};
use std::{sync::Arc, time::Duration};

impl From<EnrolError> for Refusal {
    fn from(error: EnrolError) -> Self {
        Self(match error {
            EnrolError::Store(error) => return error.into(),
            // The statement is for another ledger, so its challenge is not from this one.
            EnrolError::OtherLedger | EnrolError::Challenge => LedgerCode::Challenge,
            EnrolError::Revoked => LedgerCode::Removed,
            EnrolError::InvitationNeeded | EnrolError::Code => LedgerCode::Invitation,
            EnrolError::TooManyDevices => LedgerCode::DeviceLimit,
            EnrolError::TooManyAccounts(_) => LedgerCode::AccountsLimit,
            EnrolError::Random(_) => LedgerCode::Busy,
        })
    }
}

/// Verifies the statement. Its code must be in the request: the ledger itself knows only the hash,
/// so a hash alone must not let anybody in.
fn verified(request: &Enrol) -> Result<Verified<Enrolment>, LedgerCode> {
    let claim: Signed<Enrolment> = (&request.enrolment).into();
    let stated = Enrolment::from_body(claim.body()).map_err(|_| LedgerCode::BadField)?;
    let statement = claim
        .verify(stated.head.key)
        .map_err(|_| LedgerCode::Signature)?;
    let code = request.code.as_deref().map(RecoveryCode::parse).transpose();
    let code = code.map_err(|_| LedgerCode::Invitation)?;
    match code.map(|code| code.hash()) == statement.value().code {
        true => Ok(statement),
        false => Err(LedgerCode::Invitation),
    }
}

/// Enrols the device, or says how long to wait because too many accounts were opened.
async fn enrolled(
    api: &Arc<Api>,
    place: &Arc<ConnectionPlace>,
    request: Enrol,
) -> Result<Result<Enrolled, Duration>, Refusal> {
    let (asked, place) = (api.clone(), place.clone());
    api.ask(move |ledger| {
        let statement = verified(&request)?;
        let challenge = statement.value().challenge.0;
        let checked = asked.challenges.check(&challenge, ledger.now()?);
        let expires = checked.map_err(|_| LedgerCode::Challenge)?;
        let may_open = || asked.guard.rates.account(place.opener());
        match ledger.enrol_if(&statement, expires, &may_open) {
            Err(EnrolError::TooManyAccounts(wait)) => Ok(Err(wait)),
            enrolled => enrolled.map(Ok).map_err(Refusal::from),
        }
    })
    .await
}

/// Enrols the device that signed the statement.
pub(crate) async fn enrol(
    State(api): State<Arc<Api>>,
    Extension(place): Extension<Arc<ConnectionPlace>>,
    JsonBody(request): JsonBody<Enrol>,
) -> Result<Response, Refusal> {
    let done = match enrolled(&api, &place, request).await {
        Ok(Ok(done)) => done,
        Ok(Err(wait)) => return Ok(later(LedgerCode::AccountsLimit, wait)),
        Err(refusal) => {
            // Guessing a code costs as much as a wrong signature.
            let is_mistake = matches!(
                refusal.0,
                LedgerCode::Signature | LedgerCode::Challenge | LedgerCode::Invitation
            );
            return match is_mistake && api.guard.mistake(&place) {
                true => Ok(closing(LedgerCode::TooMany)),
                false => Err(refusal),
            };
        }
    };
    let status = match done.before {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let answer = WireEnrolled {
        account: HexBytes(done.account.0),
        name: done.name,
        recovery_code: done.recovery.map(|code| code.words()),
        policy: wire(api.ledger.policy().signed())?,
    };
    Ok((status, Json(answer)).into_response())
}
