//! Signing in and out, and the pages that everybody may see.

use super::{
    member::Visitor,
    reply::{Problem, go_to, go_with_cookie, page_of},
    site::{PageError, Site, account_name},
};
use crate::{
    ledger::{LinkToken, LoginError, Token, WebSession},
    pages::{self, Landing, PolicyPage, SignInPage, Tab, Who},
    store::StoreError,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use std::sync::Arc;

/// The operator's sign-in, where an account's name would stand.
const OPERATOR: &str = "Operator, read only";

impl From<LoginError> for PageError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Store(error) => error.into(),
            LoginError::Over => Self::Status(StatusCode::GONE),
            LoginError::Unknown => Self::Status(StatusCode::NOT_FOUND),
        }
    }
}

/// Who is signed in, for the frame of a page.
fn who(session: Option<&(Arc<Token>, WebSession)>) -> Who {
    match session {
        None => Who::Nobody,
        Some((_, session)) => session
            .account
            .map_or(Who::Operator, |account| Who::Account(account_name(account))),
    }
}

/// What a visitor sees who is not signed in.
pub(super) async fn landing(site: &Site, has_signed_out: bool) -> Result<Response, Problem> {
    let read = |ledger: &crate::ledger::Ledger| Ok((ledger.now()?, ledger.policy()));
    let (now, policy) = site.ask::<_, StoreError>(read).await?;
    Ok(page_of(&Landing {
        frame: site.frame(now, Who::Nobody, Some(Tab::Overview)),
        has_signed_out,
        enrol_command: site.facts.enrol_command.clone(),
        vkey: site.facts.vkey.clone(),
        policy: *policy.value(),
    }))
}

pub(super) async fn signed_out(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    match visitor.session {
        Some(_) => Ok(go_to(pages::OVERVIEW)),
        None => landing(&site, true).await,
    }
}

pub(super) async fn policy(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let read = |ledger: &crate::ledger::Ledger| Ok((ledger.now()?, ledger.policy()));
    let (now, policy) = site.ask::<_, StoreError>(read).await?;
    Ok(page_of(&PolicyPage {
        frame: site.frame(now, who(visitor.session.as_ref()), Some(Tab::Policy)),
        policy: *policy.value(),
        vkey: site.facts.vkey.clone(),
        keep_reports_days: site.facts.keep_reports_days,
    }))
}

fn token(site: &Site, text: &str) -> Result<LinkToken, Problem> {
    LinkToken::parse(text).ok_or_else(|| site.not_found())
}

/// The page of a sign-in link. It reads and changes nothing: what fetches links before a person
/// does is harmless.
pub(super) async fn look(
    State(site): State<Arc<Site>>,
    Path(text): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let token = token(&site, &text)?;
    let read = site.ask::<_, LoginError>(move |ledger| {
        let view = ledger.look_at_login(&token)?;
        Ok((ledger.now()?, view))
    });
    let (now, view) = read.await?;
    Ok(page_of(&SignInPage {
        frame: site.frame(now, who(visitor.session.as_ref()), None),
        token: text,
        account: view
            .account
            .map_or_else(|| OPERATOR.to_owned(), account_name),
        device: view.device,
        words: view.words.split(' ').map(str::to_owned).collect(),
    }))
}

/// Signs this browser in with a new secret. What it was signed in to before ends.
pub(super) async fn sign_in(
    State(site): State<Arc<Site>>,
    Path(text): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let token = token(&site, &text)?;
    let before = visitor.session.map(|(secret, _)| secret);
    let signed_in = site.ask::<_, LoginError>(move |ledger| {
        let (secret, session) = ledger.use_login(&token)?;
        if let Some(before) = before {
            ledger.end_web_session(&before)?;
        }
        Ok((secret, session))
    });
    let (secret, session) = signed_in.await?;
    let to = match session.account {
        Some(_) => pages::OVERVIEW,
        None => pages::OPERATOR,
    };
    Ok(go_with_cookie(to, &site.cookie.set(&secret)))
}

pub(super) async fn sign_out(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    if let Some((secret, _)) = visitor.session {
        let end = move |ledger: &crate::ledger::Ledger| ledger.end_web_session(&secret);
        site.ask::<_, StoreError>(end).await?;
    }
    Ok(go_with_cookie(pages::SIGNED_OUT, &site.cookie.removed()))
}
