//! What all pages share: the ledger, its names, and reading from it.

use super::reply::Problem;
use crate::{
    http::{CookieName, Watch},
    ledger::{Doubt, Ledger, WalkError},
    pages::{Frame, Tab, UnderAudit, Who},
    store::{FromStore as _, StoreError},
};
use axum::http::StatusCode;
use meter_core::{AccountId, UnixMs};
use std::{fmt, sync::Arc};
use tokio::task::spawn_blocking;

/// What the pages say about this ledger.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The host of its address.
    pub name: String,
    /// The command that enrols a device here, without a code.
    pub enrol_command: String,
    /// Its public key as a vkey line.
    pub vkey: String,
    /// After how many days it deletes reports; `None`: it keeps them.
    pub keep_reports_days: Option<u32>,
    /// How many hours pass between two audits; `None`: it makes no audits while it serves.
    pub audit_every_hours: Option<u32>,
}

/// The dashboard of one ledger.
pub struct Site {
    ledger: Arc<Ledger>,
    name: Arc<str>,
    pub(super) cookie: CookieName,
    pub(super) facts: Facts,
    pub(super) watch: Arc<Watch>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

impl Site {
    /// The dashboard of `ledger`, whose visitors are recognised by `cookie`. `watch` knows how the
    /// server is.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>, cookie: CookieName, facts: Facts, watch: Arc<Watch>) -> Self {
        Self {
            name: facts.name.as_str().into(),
            ledger,
            cookie,
            facts,
            watch,
        }
    }

    /// The page of a status.
    pub(super) fn problem(&self, status: StatusCode) -> Problem {
        Problem {
            ledger: self.name.clone(),
            status,
            is_doubt: false,
        }
    }

    /// The page where stored numbers contradict each other: no page shows such a number.
    pub(super) fn contradiction(&self) -> Problem {
        tracing::error!(
            "stored numbers contradict each other; find the row with: onionmeter-ledger audit"
        );
        Problem {
            is_doubt: true,
            ..self.problem(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }

    pub(super) fn not_found(&self) -> Problem {
        self.problem(StatusCode::NOT_FOUND)
    }

    /// Asks the ledger something that blocks.
    pub(super) async fn ask<T, E>(
        &self,
        question: impl FnOnce(&Ledger) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<PageError> + Send + 'static,
    {
        let ledger = self.ledger.clone();
        match spawn_blocking(move || question(&ledger)).await {
            Ok(answer) => answer.map_err(|trouble| match trouble.into() {
                PageError::Status(status) => self.problem(status),
                PageError::Contradiction => self.contradiction(),
            }),
            // It panicked; the panic hook has logged where.
            Err(_) => Err(self.problem(StatusCode::INTERNAL_SERVER_ERROR)),
        }
    }

    /// The ledger, for what goes on after an answer has begun.
    pub(super) fn ledger(&self) -> Arc<Ledger> {
        self.ledger.clone()
    }

    /// What surrounds a page for nobody in particular.
    pub(super) fn frame(&self, now: UnixMs, who: Who, tab: Option<Tab>) -> Frame {
        Frame {
            ledger: self.facts.name.clone(),
            now,
            // The operator's page says more.
            under_audit: match who {
                Who::Operator => None,
                Who::Nobody | Who::Account(_) => self.under_audit(None),
            },
            who,
            tab,
        }
    }

    fn under_audit(&self, account: Option<AccountId>) -> Option<UnderAudit> {
        self.ledger.doubt(account).map(|doubt| match doubt {
            Doubt::Ledger => UnderAudit::Ledger,
            Doubt::Account => UnderAudit::Account,
        })
    }

    /// What surrounds a page of an account.
    pub(super) fn own(&self, now: UnixMs, account: AccountId, tab: Tab) -> Frame {
        Frame {
            under_audit: self.under_audit(Some(account)),
            ..self.frame(now, Who::Account(account_name(account)), Some(tab))
        }
    }
}

/// Why the ledger did not answer.
pub(super) enum PageError {
    /// The status of the page that says so.
    Status(StatusCode),
    /// What is stored contradicts itself.
    Contradiction,
}

impl From<WalkError> for PageError {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Store(error) => error.into(),
            WalkError::Changed => Self::Contradiction,
        }
    }
}

impl From<StoreError> for PageError {
    /// The text of the error may quote a value, so it stays out of the log and of the page.
    fn from(error: StoreError) -> Self {
        let is_passing = error.is_lost() || error.is_unavailable();
        tracing::warn!(is_passing, "the store did not answer a page");
        match error {
            StoreError::Damaged(_) => Self::Contradiction,
            _ if is_passing => Self::Status(StatusCode::SERVICE_UNAVAILABLE),
            _ => Self::Status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// `Account 3f2a-9c41`: enough to tell one's own accounts apart.
pub(super) fn account_name(account: AccountId) -> String {
    let [a, b, c, d, ..] = account.0;
    format!("Account {a:02x}{b:02x}-{c:02x}{d:02x}")
}
