//! The reports that go together, and the memory of what has left.

use meter_core::{
    BodyError, ChainError, ChainHead, LinkHash, Receipt, SessionReport, Signed, Verified,
    VerifyError,
};
use std::collections::BTreeMap;

/// Most reports of one batch.
pub const BATCH_MAX: u32 = 100;

/// The reports to read from the book for one batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Plan {
    /// Number of the first one.
    pub from: u64,
    /// How many, 1 to [`BATCH_MAX`].
    pub count: u32,
    /// The link hash that the first one must carry: that of the report before it.
    pub previous: LinkHash,
    /// Whether each goes with its receipt, because the ledger has lost its own.
    pub with_receipts: bool,
}

/// Reports that may be sent: verified, in order, each after the one before.
#[derive(Debug)]
pub struct Batch {
    pub(crate) plan: Plan,
    reports: Vec<Verified<SessionReport>>,
    receipts: Vec<Signed<Receipt>>,
}

/// Why no batch can be made of what was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BatchError {
    /// There are more or fewer reports or receipts than planned.
    #[error("the files have another number of reports or receipts than planned")]
    Count,
    /// A report does not verify.
    #[error("a report does not verify: {0}")]
    Report(#[from] VerifyError<BodyError>),
    /// A report is not the next one: another book is in the place of the one that was planned with.
    #[error("a report is not the planned one: {0}")]
    Chain(#[from] ChainError),
    /// Another body for the same place has left already.
    #[error("another report with number {sequence} was sent before")]
    OtherBody {
        /// The number.
        sequence: u64,
    },
}

impl Batch {
    /// Checks reports that were read for a plan of the chain that `head` names.
    pub(crate) fn new(
        plan: Plan,
        head: &ChainHead,
        reports: Vec<Signed<SessionReport>>,
        receipts: Vec<Signed<Receipt>>,
    ) -> Result<Self, BatchError> {
        let count = usize::try_from(plan.count).unwrap_or(usize::MAX);
        let expected = if plan.with_receipts { count } else { 0 };
        if (reports.len(), receipts.len()) != (count, expected) {
            return Err(BatchError::Count);
        }
        let mut verified = Vec::with_capacity(reports.len());
        let (mut expected, mut previous) = (plan.from, plan.previous);
        for report in reports {
            let report = report.verify(head.key)?;
            let value = report.value();
            if value.chain != head.chain {
                return Err(ChainError::OtherChain.into());
            }
            let found = value.sequence;
            if found != expected {
                return Err(ChainError::Sequence { expected, found }.into());
            }
            if value.previous != previous {
                return Err(ChainError::Link { sequence: found }.into());
            }
            (expected, previous) = (expected.saturating_add(1), value.link());
            verified.push(report);
        }
        Ok(Self {
            plan,
            reports: verified,
            receipts,
        })
    }

    /// The reports, in order.
    #[must_use]
    pub fn reports(&self) -> &[Verified<SessionReport>] {
        &self.reports
    }

    /// Their receipts, in the same order; empty unless they go with them.
    #[must_use]
    pub fn receipts(&self) -> &[Signed<Receipt>] {
        &self.receipts
    }
}

/// The bodies that have left and are not answered.
#[derive(Debug, Default)]
pub(crate) struct Sent(BTreeMap<u64, LinkHash>);

impl Sent {
    /// Notes that a batch leaves.
    ///
    /// # Errors
    /// [`BatchError::OtherBody`] if another body for one of its places has left. Nothing is noted.
    pub(crate) fn note(&mut self, batch: &Batch) -> Result<(), BatchError> {
        for report in batch.reports() {
            let (sequence, link) = (report.value().sequence, report.value().link());
            if self.0.get(&sequence).is_some_and(|sent| *sent != link) {
                return Err(BatchError::OtherBody { sequence });
            }
        }
        let places = batch.reports().iter().map(Verified::value);
        self.0
            .extend(places.map(|report| (report.sequence, report.link())));
        Ok(())
    }

    /// Forgets what is answered.
    pub(crate) fn answered(&mut self, sequence: u64) {
        self.0 = self.0.split_off(&sequence.saturating_add(1));
    }
}
