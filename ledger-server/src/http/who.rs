//! Who asks: a device that signed the request, or a browser that is signed in.

use super::{
    api::Api,
    guard::{WholeBody, closing},
    origins::only,
    places::ConnectionPlace,
    refusal::Refusal,
};
use crate::{ledger::Ledger, store::StoreError};
use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
    response::{IntoResponse as _, Response},
};
use meter_core::{
    AccountId, BodyHash, Challenge, DeviceKey, LedgerRequest, RequestMethod, SIGNATURE_BYTES,
    Signable as _, Signed, TargetHash,
};
use meter_wire::ledger::LedgerCode;
use std::sync::Arc;

const DEVICE: HeaderName = HeaderName::from_static("onionmeter-device");
const CHALLENGE: HeaderName = HeaderName::from_static("onionmeter-challenge");
const SIGNATURE: HeaderName = HeaderName::from_static("onionmeter-signature");

/// The account of who asks. The device, if a device signed the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who {
    pub(crate) account: AccountId,
    pub(crate) device: Option<DeviceKey>,
}

/// A signature over a request as its headers state it.
struct Claim {
    device: DeviceKey,
    challenge: [u8; 32],
    signature: [u8; SIGNATURE_BYTES],
}

impl Claim {
    /// `None` if the request carries no signature.
    fn read(parts: &Parts) -> Result<Option<Self>, LedgerCode> {
        let has = |name: &HeaderName| parts.headers.contains_key(name);
        if ![DEVICE, CHALLENGE, SIGNATURE].iter().any(has) {
            return Ok(None);
        }
        let read = || {
            Some(Self {
                device: DeviceKey(bytes(parts, &DEVICE)?),
                challenge: bytes(parts, &CHALLENGE)?,
                signature: bytes(parts, &SIGNATURE)?,
            })
        };
        read().map(Some).ok_or(LedgerCode::BadSignatureHeader)
    }

    /// Checks the signature over exactly this request.
    fn verify(&self, ledger: &Ledger, parts: &Parts) -> Result<(), LedgerCode> {
        let method = RequestMethod::by_name(parts.method.as_str());
        let body = parts.extensions.get::<WholeBody>();
        let target = parts.uri.path_and_query();
        let (Some(method), Some(WholeBody(body)), Some(target)) = (method, body, target) else {
            return Err(LedgerCode::Signature);
        };
        let request = LedgerRequest {
            method,
            ledger: ledger.key(),
            device: self.device,
            challenge: Challenge(self.challenge),
            target: TargetHash::of(target.as_str()),
            body: BodyHash::of(body),
        };
        let signed = Signed::<LedgerRequest>::new(request.to_body().to_vec(), self.signature);
        match signed.verify(self.device) {
            Ok(_) => Ok(()),
            Err(_) => Err(LedgerCode::Signature),
        }
    }
}

/// The bytes of a header that must be there once, in lower-case hexadecimal.
fn bytes<const N: usize>(parts: &Parts, name: &HeaderName) -> Option<[u8; N]> {
    let text = only(&parts.headers, name)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    (!text.bytes().any(|byte| byte.is_ascii_uppercase())).then_some(bytes)
}

/// The account of the device that signed. Nothing is stored before the signature and the device are
/// known; then the challenge is used up.
fn signed_by(api: &Api, claim: &Claim, parts: &Parts) -> Result<AccountId, Refusal> {
    let ledger = &api.ledger;
    claim.verify(ledger, parts)?;
    let checked = api.challenges.check(&claim.challenge, ledger.now()?);
    let expires = checked.map_err(|_| LedgerCode::Challenge)?;
    let account = ledger.account_of(claim.device)?;
    let account = account.ok_or(LedgerCode::UnknownDevice)?;
    let most = api.guard.limits.signed_per_minute;
    if !api.requests.allows(claim.device, most) {
        return Err(LedgerCode::TooMany.into());
    }
    match ledger.use_challenge(claim.challenge, expires)? {
        true => Ok(account),
        false => Err(LedgerCode::Challenge.into()),
    }
}

async fn who(api: &Arc<Api>, parts: &Parts) -> Result<Who, Refusal> {
    if let Some(claim) = Claim::read(parts)? {
        let (api, parts) = (api.clone(), parts.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let account = signed_by(&api, &claim, &parts)?;
            let device = Some(claim.device);
            Ok(Who { account, device })
        });
        return asked.await.unwrap_or(Err(Refusal(LedgerCode::Internal)));
    }
    let secret = api.cookie.read(&parts.headers).ok_or(LedgerCode::SignIn)?;
    let found = api.ask::<_, StoreError>(move |ledger| ledger.web_session(&secret));
    let session = found.await?.ok_or(LedgerCode::SignIn)?;
    // The operator's session has no account, and sees none.
    let account = session.account.ok_or(LedgerCode::NotFound)?;
    let device = None;
    Ok(Who { account, device })
}

impl FromRequestParts<Arc<Api>> for Who {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Response> {
        let refusal = match who(api, parts).await {
            Ok(who) => return Ok(who),
            Err(refusal) => refusal,
        };
        let is_mistake = matches!(
            refusal.0,
            LedgerCode::Signature | LedgerCode::Challenge | LedgerCode::UnknownDevice
        );
        match is_mistake && mistaken(api, parts) {
            true => Err(closing(LedgerCode::TooMany)),
            false => Err(refusal.into_response()),
        }
    }
}

/// Counts a mistake of this client. `true`: it makes too many.
fn mistaken(api: &Api, parts: &Parts) -> bool {
    let place = parts.extensions.get::<Arc<ConnectionPlace>>();
    place.is_some_and(|place| api.guard.mistake(place))
}
