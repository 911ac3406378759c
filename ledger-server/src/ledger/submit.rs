//! Reports on their way in.

use super::Ledger;
use crate::{
    apply::Submission,
    books::SIGNED_BYTES,
    committer::Answer,
    shelf,
    store::{Row, StoreError, Value, statements},
};
use meter_core::{
    BodyError, DeviceKey, LedgerKey, Receipt, SessionReport, Signable as _, Signed, Verified,
    VerifyError,
};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// A report as somebody claims it, with the receipt that its device already holds.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The report.
    pub report: Signed<SessionReport>,
    /// The receipt.
    pub receipt: Option<Signed<Receipt>>,
}

/// The answer to one report, in the order in which they were sent.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// What the ledger decided.
    Answered(Answer),
    /// The bytes alone show that it can never be accepted.
    NotAReport(VerifyError<BodyError>),
    /// The device sends more reports than the policy allows: later.
    TooOften,
}

/// What was found out about a report before it waits for the database.
enum Checked {
    Done(Outcome),
    Ready(Box<Submission>),
}

impl Ledger {
    /// Checks reports, stores those that follow, and answers each, in their order. `allow` says for
    /// a device whose signature was checked whether it may submit one more report now.
    ///
    /// An answer that never comes loses nothing: the same report is answered the same, later.
    pub async fn submit(
        self: &Arc<Self>,
        claims: Vec<Claimed>,
        allow: impl Fn(DeviceKey) -> bool + Send + 'static,
    ) -> Vec<Outcome> {
        let count = claims.len();
        let ledger = Arc::clone(self);
        // The first come is verified first. Without this bound a flood of wrong signatures would
        // get a thread each, and everybody else a small share of the processors.
        let turn = self.verifying.acquire().await;
        let checked = spawn_blocking(move || ledger.check(claims, &allow)).await;
        drop(turn);
        let Ok(checked) = checked else {
            return vec![Outcome::Answered(Answer::Busy); count];
        };
        let ready = checked.iter().filter_map(|checked| match checked {
            Checked::Ready(submission) => Some(submission.as_ref().clone()),
            Checked::Done(_) => None,
        });
        let mut answers = self.committer.submit(ready.collect()).await.into_iter();
        let outcome = |checked| match checked {
            Checked::Done(outcome) => outcome,
            Checked::Ready(_) => Outcome::Answered(answers.next().unwrap_or(Answer::Busy)),
        };
        checked.into_iter().map(outcome).collect()
    }

    fn check(&self, claims: Vec<Claimed>, allow: &dyn Fn(DeviceKey) -> bool) -> Vec<Checked> {
        let stored = self.stored(&claims);
        let stored = stored.unwrap_or_else(|error| {
            tracing::warn!(reports = claims.len(), %error, "cannot look up reports");
            claims.iter().map(|_| Seen::Unavailable).collect()
        });
        let check = |(claim, seen): (Claimed, Seen)| match seen {
            Seen::Same(receipt) => Checked::Done(Outcome::Answered(Answer::Replay(receipt))),
            Seen::Unavailable => Checked::Done(Outcome::Answered(Answer::Busy)),
            Seen::Unknown => self.check_one(claim, None),
            Seen::Device => self.check_one(claim, Some(allow)),
        };
        claims.into_iter().zip(stored).map(check).collect()
    }

    /// An unknown device is told so only after its signature was checked: the answer to bytes that
    /// are no report must not depend on what the ledger knows.
    fn check_one(&self, claim: Claimed, allow: Option<&dyn Fn(DeviceKey) -> bool>) -> Checked {
        let key = match SessionReport::from_body(claim.report.body()) {
            Ok(report) => report.key,
            Err(error) => return Checked::Done(Outcome::NotAReport(VerifyError::Body(error))),
        };
        let report = match claim.report.verify(key) {
            Ok(report) => report,
            Err(error) => return Checked::Done(Outcome::NotAReport(error)),
        };
        match allow {
            None => Checked::Done(Outcome::Answered(Answer::UnknownDevice)),
            Some(allow) if !allow(key) => Checked::Done(Outcome::TooOften),
            Some(_) => {
                let receipt = claim.receipt.and_then(|receipt| self.own_receipt(receipt));
                Checked::Ready(Box::new(Submission { report, receipt }))
            }
        }
    }

    /// A receipt that one of this ledger's keys signed. Any other one is as good as none.
    fn own_receipt(&self, receipt: Signed<Receipt>) -> Option<Verified<Receipt>> {
        let named = Receipt::from_body(receipt.body()).ok()?.ledger;
        let is_ours = |key: &LedgerKey| *key == named;
        let key = self.keys.iter().map(|entry| entry.key).find(is_ours)?;
        receipt.verify(key).ok()
    }

    /// What the database knows about these claims. Nothing in them is checked yet.
    fn stored(&self, claims: &[Claimed]) -> Result<Vec<Seen>, StoreError> {
        let named: Vec<_> = claims
            .iter()
            .map(|claim| SessionReport::from_body(claim.report.body()).ok())
            .collect();
        let reports: Vec<_> = named.iter().flatten().collect();
        let place = |report: &&SessionReport| {
            let sequence = shelf::sequence(report.sequence);
            vec![report.chain.0.into(), sequence, report.key.0.into()]
        };
        let places: Vec<Vec<Value>> = reports.iter().map(place).collect();
        let found = self
            .store
            .read(|db| db.rows_all(statements::SEEN, &places))?;
        let mut found = found.into_iter();
        let seen = claims.iter().zip(&named).map(|(claim, report)| {
            let rows = report.as_ref().and_then(|_| found.next());
            seen(&claim.report, rows.unwrap_or_default())
        });
        seen.collect()
    }
}

/// What the database knows about a claim.
enum Seen {
    /// The very same bytes are stored, with this receipt.
    Same(Box<[u8; SIGNED_BYTES]>),
    /// The device is enrolled.
    Device,
    /// It is not.
    Unknown,
    /// The database does not answer.
    Unavailable,
}

fn seen(claim: &Signed<SessionReport>, rows: Vec<Row>) -> Result<Seen, StoreError> {
    let Some(mut row) = rows.into_iter().next() else {
        return Ok(Seen::Unknown);
    };
    let signed = row.bytes_or_null()?;
    let stored: Option<Signed<SessionReport>> = signed.as_deref().and_then(shelf::split);
    if stored.is_some_and(|stored| stored == *claim) {
        return row.array().map(|receipt| Seen::Same(Box::new(receipt)));
    }
    Ok(Seen::Device)
}
