//! Devices and account: what they are, and the forms that change them.

use super::{
    member::Member,
    reply::{Problem, go_to, go_with_cookie, page_of},
    site::{PageError, Site},
};
use crate::{
    ledger::{DeviceEntry, RevokeError, Standing},
    pages::{
        self, AccountPage, ChainHealth, Device, DevicesPage, FreshCode, Invitation, RemovedDevice,
        SignIn, Tab,
    },
    store::StoreError,
};
use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use meter_core::{Amount, DeviceKey};
use serde::Deserialize;
use std::sync::Arc;

/// How long an invitation holds.
const INVITATION_MS: u32 = 86_400_000;

/// A form that removes something for ever.
#[derive(Deserialize)]
pub(super) struct Sure {
    sure: String,
}

/// Only a form that says so is sure: an empty POST changes nothing.
fn is_sure(site: &Site, form: Result<Form<Sure>, FormRejection>) -> Result<(), Problem> {
    match form {
        Ok(Form(Sure { sure })) if sure == "yes" => Ok(()),
        _ => Err(site.problem(StatusCode::BAD_REQUEST)),
    }
}

impl From<RevokeError> for PageError {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::Store(error) => error.into(),
            RevokeError::Unknown => Self::Status(StatusCode::NOT_FOUND),
        }
    }
}

pub(super) async fn devices(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Problem> {
    let account = member.account;
    let asked = site.ask::<_, StoreError>(move |ledger| {
        // The devices first: one that reports meanwhile is then in both.
        let devices = ledger.devices(account)?;
        let standing = ledger.standing(account, |now| now)?;
        Ok((
            devices,
            standing,
            ledger.policy().value().devices_per_account,
        ))
    });
    let (entries, standing, devices_max) = asked.await?;
    let standing = standing.ok_or_else(|| site.not_found())?;
    let (mut devices, mut removed) = (Vec::new(), Vec::new());
    for entry in &entries {
        let shown = device(entry, &standing);
        match entry.revoked {
            None => devices.push(shown),
            Some(at) => removed.push(RemovedDevice {
                name: shown.name,
                removed: at,
                sessions: shown.sessions,
                credited: shown.credited,
            }),
        }
    }
    Ok(page_of(&DevicesPage {
        frame: site.own(standing.now, account, Tab::Devices),
        credited: standing.awarded.into(),
        devices,
        removed,
        devices_max,
    }))
}

fn device(entry: &DeviceEntry, standing: &Standing) -> Device {
    let totals = standing
        .devices
        .iter()
        .find(|totals| totals.key == entry.key);
    let fork = standing
        .forks
        .iter()
        .rev()
        .find(|fork| fork.device == entry.key);
    let health = match (totals, fork) {
        (Some(totals), Some(fork)) if totals.frozen => ChainHealth::Frozen {
            sequence: fork.sequence,
            seen: fork.seen,
        },
        (Some(totals), _) if totals.reports > 0 => ChainHealth::Good,
        _ => ChainHealth::Unused,
    };
    Device {
        name: entry.name.clone(),
        key: entry.key,
        enrolled: entry.enrolled,
        last_report: totals.and_then(|totals| totals.last),
        sessions: totals.map_or(0, |totals| totals.reports),
        credited: totals.map_or(Amount::ZERO, |totals| totals.awarded),
        health,
    }
}

pub(super) async fn remove_device(
    State(site): State<Arc<Site>>,
    Path(key): Path<String>,
    member: Member,
    form: Result<Form<Sure>, FormRejection>,
) -> Result<Response, Problem> {
    is_sure(&site, form)?;
    let mut bytes = [0; 32];
    let is_key = hex::decode_to_slice(&key, &mut bytes).is_ok() && hex::encode(bytes) == key;
    if !is_key {
        return Err(site.not_found());
    }
    let account = Some(member.account);
    let remove = move |ledger: &crate::ledger::Ledger| ledger.revoke(DeviceKey(bytes), account);
    site.ask::<_, RevokeError>(remove).await?;
    Ok(go_to(pages::DEVICES))
}

pub(super) async fn account(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Problem> {
    shown(&site, &member, None, None).await
}

/// The account page, with what was made just now.
async fn shown(
    site: &Site,
    member: &Member,
    recovery: Option<FreshCode>,
    invitation: Option<Invitation>,
) -> Result<Response, Problem> {
    let (account, secret) = (member.account, member.secret.clone());
    let asked = site.ask::<_, StoreError>(move |ledger| {
        let standing = ledger.standing(account, |now| now)?;
        Ok((standing, ledger.browsers(account, &secret)?))
    });
    let (standing, browsers) = asked.await?;
    let standing = standing.ok_or_else(|| site.not_found())?;
    let sign_ins = browsers.iter().map(|browser| SignIn {
        began: browser.began,
        ends: browser.expires,
        is_this: browser.is_this,
    });
    Ok(page_of(&AccountPage {
        frame: site.own(standing.now, account, Tab::Account),
        account: hex::encode(account.0),
        began: standing.began,
        credited: standing.awarded.into(),
        recovery,
        invitation,
        sign_ins: sign_ins.collect(),
    }))
}

pub(super) async fn new_recovery(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Problem> {
    let account = member.account;
    let code = site.ask::<_, StoreError>(move |ledger| ledger.new_recovery(account));
    let words = code.await?.words();
    let words = words.split(' ').map(str::to_owned).collect();
    shown(&site, &member, Some(FreshCode { words }), None).await
}

pub(super) async fn invite(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Problem> {
    let account = Some(member.account);
    let asked = site.ask::<_, StoreError>(move |ledger| ledger.invite(account, INVITATION_MS));
    let (code, expires) = asked.await?;
    let enrol = &site.facts.enrol_command;
    let invitation = Invitation {
        command: format!("{enrol} --code \"{}\"", code.words()),
        expires,
    };
    shown(&site, &member, None, Some(invitation)).await
}

pub(super) async fn sign_out_others(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Problem> {
    let end = site.ask::<_, StoreError>(move |ledger| {
        ledger.end_other_web_sessions(member.account, &member.secret)
    });
    end.await?;
    Ok(go_to(pages::ACCOUNT))
}

pub(super) async fn delete(
    State(site): State<Arc<Site>>,
    member: Member,
    form: Result<Form<Sure>, FormRejection>,
) -> Result<Response, Problem> {
    is_sure(&site, form)?;
    let account = member.account;
    let deleted = site.ask::<_, StoreError>(move |ledger| ledger.delete_account(account));
    match deleted.await? {
        true => Ok(go_with_cookie(pages::SIGNED_OUT, &site.cookie.removed())),
        false => Err(site.not_found()),
    }
}
