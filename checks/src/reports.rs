//! The reports of a stage, verified by this process with the public key alone.

use anyhow::{Context as _, Result};
use meter_core::{
    Amount, ChainHead, ChainId, DeviceKey, SessionReport, Signed, badge_credits, credits_exact,
};
use meter_wire::ReportsFile;

/// Verified reports in the order of their chain, from its beginning.
pub struct Reports {
    /// Each of them.
    pub list: Vec<SessionReport>,
    /// The head of the chain after them.
    pub head: ChainHead,
}

impl Reports {
    /// Verifies signatures and chain.
    ///
    /// # Errors
    /// The first report whose signature or link is wrong.
    pub fn verify(file: &ReportsFile) -> Result<Self> {
        let key = DeviceKey(file.key.0);
        let mut head = ChainHead::genesis(ChainId(file.chain.0), key);
        let mut list = Vec::new();
        for report in &file.reports {
            let verified = Signed::from(report).verify(key)?;
            head = head.follow(&verified)?;
            list.push(*verified.value());
        }
        Ok(Self { list, head })
    }

    /// The reports of an empty book.
    #[must_use]
    pub fn none() -> Self {
        Self {
            list: Vec::new(),
            head: ChainHead::genesis(ChainId([0; 16]), DeviceKey([0; 32])),
        }
    }

    /// The sum of all amounts, computed here.
    ///
    /// # Errors
    /// It exceeds 2⁶³ − 1 nanocredits.
    pub fn sum(&self) -> Result<Amount> {
        self.list
            .iter()
            .try_fold(Amount::ZERO, |sum, report| sum.checked_add(report.amount))
            .context("the sum is too large")
    }

    /// The text that the badge must show.
    ///
    /// # Errors
    /// As [`Self::sum`].
    pub fn badge(&self) -> Result<String> {
        Ok(badge_credits(self.sum()?))
    }

    /// Bytes up and down of all reports.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        let sum = |of: fn(&SessionReport) -> u64| self.list.iter().map(of).sum();
        (
            sum(|report| report.bytes_up.get()),
            sum(|report| report.bytes_down.get()),
        )
    }
}

/// One report in one line.
#[must_use]
pub fn line(report: &SessionReport) -> String {
    format!(
        "report {}: {}.{:03} s x 0.1 + {} bytes x 0.5/MB = {} credits ({} up, {} down){}",
        report.sequence,
        report.duration.get() / 1_000,
        report.duration.get() % 1_000,
        report.bytes().get(),
        credits_exact(report.amount),
        report.bytes_up.get(),
        report.bytes_down.get(),
        if report.resumed { ", resumed" } else { "" },
    )
}
