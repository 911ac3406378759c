//! Reports on their way in.

use super::Ledger;
use crate::{
    apply::Submission,
    books::SIGNED_BYTES,
    committer::Answer,
    shelf,
    store::{Row, StoreError, Value},
};
use meter_core::{
    BodyError, CheckedKey, DeviceKey, LedgerKey, Receipt, SessionReport, Signable as _, Signed,
    Verified, VerifyError,
};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Mistakes in one request after which the rest of it is told to come later.
const MISTAKES: usize = 3;

/// Reports that are verified where their request is read. Each takes some fifty microseconds, and
/// the way to another thread and back takes longer.
const FEW: usize = 2;

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
        let reports: Vec<_> = claims.iter().map(stated).collect();
        let rows = self.look_ups.ask(places(&reports)).await;
        // The first come is verified first. Without this bound a flood of wrong signatures would
        // get a thread each, and everybody else a small share of the processors.
        let turn = self.verifying.acquire().await;
        let check = move || ledger.check(claims, &reports, rows, &allow);
        let checked = match count {
            ..=FEW => Ok(check()),
            _ => spawn_blocking(check).await,
        };
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

    /// `reports` is what the claims state, and `rows` what the database knows about these; none if
    /// it does not answer.
    fn check(
        &self,
        claims: Vec<Claimed>,
        reports: &[Stated],
        rows: Option<Vec<Vec<Row>>>,
        allow: &dyn Fn(DeviceKey) -> bool,
    ) -> Vec<Checked> {
        let Some(stored) = seen_all(&claims, reports, rows) else {
            let busy = |_| Checked::Done(Outcome::Answered(Answer::Busy));
            return claims.into_iter().map(busy).collect();
        };
        let mut verifier = Verifier::default();
        let check = |((claim, stated), seen): ((Claimed, &Stated), Seen)| match seen {
            Seen::Same(receipt) => Checked::Done(Outcome::Answered(Answer::Replay(receipt))),
            _ if verifier.has_enough() => Checked::Done(Outcome::Answered(Answer::Busy)),
            Seen::Unknown => self.check_one(&mut verifier, claim, stated, None),
            Seen::Device => self.check_one(&mut verifier, claim, stated, Some(allow)),
        };
        claims
            .into_iter()
            .zip(reports)
            .zip(stored)
            .map(check)
            .collect()
    }

    /// An unknown device is told so only after its signature was checked: the answer to bytes that
    /// are no report must not depend on what the ledger knows.
    fn check_one(
        &self,
        verifier: &mut Verifier,
        claim: Claimed,
        stated: &Stated,
        allow: Option<&dyn Fn(DeviceKey) -> bool>,
    ) -> Checked {
        let report = match verifier.verify(claim.report, stated) {
            Ok(report) => report,
            Err(error) => return Checked::Done(Outcome::NotAReport(error)),
        };
        let key = report.value().key;
        match allow {
            None => {
                verifier.mistakes += 1;
                Checked::Done(Outcome::Answered(Answer::UnknownDevice))
            }
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
}

/// Verifies the reports of one request.
#[derive(Default)]
struct Verifier {
    /// The key of the report before: mostly all are of one device.
    key: Option<CheckedKey<DeviceKey>>,
    /// Wrong signatures and unknown devices so far.
    mistakes: usize,
}

impl Verifier {
    /// Whether the rest of the request is not worth a look: no device of this ledger sends such a
    /// thing, and each look costs as much as an honest report.
    const fn has_enough(&self) -> bool {
        self.mistakes >= MISTAKES
    }

    fn verify(
        &mut self,
        report: Signed<SessionReport>,
        stated: &Stated,
    ) -> Result<Verified<SessionReport>, VerifyError<BodyError>> {
        let stated = stated.as_ref().map_err(|error| VerifyError::Body(*error))?;
        let verified = match self.key_of(stated.key) {
            Some(key) => report.verify_with(key),
            None => Err(VerifyError::Key),
        };
        self.mistakes += usize::from(verified.is_err());
        verified
    }

    fn key_of(&mut self, named: DeviceKey) -> Option<&CheckedKey<DeviceKey>> {
        if self.key.as_ref().is_none_or(|known| known.key() != named) {
            self.key = CheckedKey::new(named).ok();
        }
        self.key.as_ref()
    }
}

/// What the body of a claim says; nothing in it is checked yet.
type Stated = Result<SessionReport, BodyError>;

fn stated(claim: &Claimed) -> Stated {
    SessionReport::from_body(claim.report.body())
}

/// The parameters of `statements::SEEN` for each claim that has the form of a report.
fn places(reports: &[Stated]) -> Vec<Vec<Value>> {
    let place = |report: &SessionReport| {
        let sequence = shelf::sequence(report.sequence);
        vec![report.chain.0.into(), sequence, report.key.0.into()]
    };
    reports.iter().flatten().map(place).collect()
}

/// What the database knows about each claim, by the rows of those that have the form of a report.
/// `None` if it does not answer, or answers something else.
fn seen_all(
    claims: &[Claimed],
    reports: &[Stated],
    rows: Option<Vec<Vec<Row>>>,
) -> Option<Vec<Seen>> {
    let mut rows = rows?.into_iter();
    let seen = claims
        .iter()
        .zip(reports)
        .map(|(claim, stated)| match stated {
            Ok(_) => seen(&claim.report, rows.next().unwrap_or_default()),
            Err(_) => Ok(Seen::Unknown),
        });
    let seen: Result<_, StoreError> = seen.collect();
    let warn = |error: &StoreError| tracing::warn!(%error, "cannot look up reports");
    seen.inspect_err(warn).ok()
}

/// What the database knows about a claim.
enum Seen {
    /// The very same bytes are stored, with this receipt.
    Same(Box<[u8; SIGNED_BYTES]>),
    /// The device is enrolled.
    Device,
    /// It is not.
    Unknown,
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
