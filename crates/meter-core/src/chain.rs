//! The rules that make a report the next one of its chain.

use crate::{
    AmountOverflow, ChainId, DeviceKey, LinkHash, RunningTotals, SessionReport, SessionTotals,
    Tariff, Verified,
};

/// Last state of a chain: everything needed to make its next report, or to check it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChainHead {
    /// The chain.
    pub chain: ChainId,
    /// The key that signs it.
    pub key: DeviceKey,
    /// Number of reports so far; equal to the sequence number of the last one.
    pub sequence: u64,
    /// The link hash that the next report must carry as `previous`.
    pub link: LinkHash,
    /// Sums over all reports so far.
    pub totals: RunningTotals,
}

/// Why a report is not the next one of a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChainError {
    /// The report belongs to another chain or another key.
    #[error("the report belongs to another chain")]
    OtherChain,
    /// A report is missing before this one, or this one was already taken.
    #[error("the report has number {found}; number {expected} is next")]
    Sequence {
        /// The number that is next.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// `previous` does not match the report before it: one of the two reports was replaced.
    #[error("report {sequence} does not follow from the report before it")]
    Link {
        /// Its number.
        sequence: u64,
    },
    /// The running totals of the report are not the sums of the reports.
    #[error("the running totals of report {sequence} are not the sums of the reports")]
    Totals {
        /// Its number.
        sequence: u64,
    },
}

impl ChainHead {
    /// A chain without reports.
    #[must_use]
    pub fn genesis(chain: ChainId, key: DeviceKey) -> Self {
        let link = LinkHash::genesis(chain, key);
        Self {
            chain,
            key,
            sequence: 0,
            link,
            totals: RunningTotals::default(),
        }
    }

    /// Makes the next report of this chain from a closed session. The report is not signed yet.
    ///
    /// # Errors
    /// When an amount or a running total exceeds 2⁶³ − 1.
    pub fn next_report(
        &self,
        session: &SessionTotals,
        tariff: &Tariff,
    ) -> Result<SessionReport, AmountOverflow> {
        let bytes = session
            .bytes_up
            .checked_add(session.bytes_down)
            .ok_or(AmountOverflow)?;
        let mut report = SessionReport {
            chain: self.chain,
            key: self.key,
            sequence: self.sequence.checked_add(1).ok_or(AmountOverflow)?,
            previous: self.link,
            started_at: session.started_at,
            ended_at: session.ended_at,
            duration: session.duration,
            bytes_up: session.bytes_up,
            bytes_down: session.bytes_down,
            amount: tariff.award(session.duration, bytes)?.total,
            totals: self.totals,
            tariff: tariff.id(),
            resumed: session.resumed,
        };
        report.totals = self.totals.plus(&report).ok_or(AmountOverflow)?;
        Ok(report)
    }

    /// Returns the head of the chain after `report`.
    ///
    /// # Errors
    /// When `report` is not exactly the next one of this chain.
    pub fn follow(&self, report: &Verified<SessionReport>) -> Result<Self, ChainError> {
        let report = report.value();
        if report.chain != self.chain || report.key != self.key {
            return Err(ChainError::OtherChain);
        }
        let expected = self.sequence.saturating_add(1);
        if report.sequence != expected {
            return Err(ChainError::Sequence {
                expected,
                found: report.sequence,
            });
        }
        let sequence = report.sequence;
        if report.previous != self.link {
            return Err(ChainError::Link { sequence });
        }
        if self.totals.plus(report) != Some(report.totals) {
            return Err(ChainError::Totals { sequence });
        }
        Ok(Self {
            sequence,
            link: report.link(),
            totals: report.totals,
            ..*self
        })
    }
}

impl RunningTotals {
    fn plus(&self, report: &SessionReport) -> Option<Self> {
        Some(Self {
            duration: self.duration.checked_add(report.duration)?,
            bytes_up: self.bytes_up.checked_add(report.bytes_up)?,
            bytes_down: self.bytes_down.checked_add(report.bytes_down)?,
            amount: self.amount.checked_add(report.amount)?,
        })
    }
}
