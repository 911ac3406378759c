//! Who looks at a page: the browser's cookie, and the account that it is signed in to.

use super::{
    reply::{Problem, go_to},
    site::Site,
};
use crate::{
    ledger::{Token, WebSession},
    pages,
    store::StoreError,
};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use meter_core::AccountId;
use std::sync::Arc;

/// Anybody: a browser that is signed in, or not.
pub(super) struct Visitor {
    /// The cookie and what it stands for, while it lasts.
    pub(super) session: Option<(Arc<Token>, WebSession)>,
}

/// A browser that is signed in to an account.
pub(super) struct Member {
    pub(super) account: AccountId,
    pub(super) secret: Arc<Token>,
}

/// The operator.
pub(super) struct Operator;

impl FromRequestParts<Arc<Site>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Problem> {
        let Some(secret) = site.cookie.read(&parts.headers) else {
            return Ok(Self { session: None });
        };
        let secret = Arc::new(secret);
        let asked = secret.clone();
        let session = site
            .ask::<_, StoreError>(move |ledger| ledger.web_session(&asked))
            .await?;
        Ok(Self {
            session: session.map(|session| (secret, session)),
        })
    }
}

impl FromRequestParts<Arc<Site>> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, site).await;
        match visitor.map_err(Problem::into_response)?.session {
            Some((secret, session)) => match session.account {
                Some(account) => Ok(Self { account, secret }),
                // The operator has no account, and sees none.
                None => Err(site.not_found().into_response()),
            },
            // The page that says how to sign in.
            None => Err(go_to(pages::OVERVIEW)),
        }
    }
}

impl FromRequestParts<Arc<Site>> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, site).await?;
        match visitor.session {
            Some((_, WebSession { account: None, .. })) => Ok(Self),
            _ => Err(site.problem(StatusCode::NOT_FOUND)),
        }
    }
}
