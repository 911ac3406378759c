//! A device with what its host keeps: the reports of its chain and the receipts for them.

use super::{Violation, shelf::bytes};
use crate::rng::Rng;
use meter_core::{
    AccountId, ChainCondition, ChainHead, ChainId, ChainState, LinkHash, Receipt, SessionReport,
    Verified,
};
use meter_testkit::device::Device;
use onionmeter_ledger::{apply::Submission, committer::Answer};
use std::sync::Arc;

/// Longest session of an honest device: what the policy pays.
const LONGEST_MS: u64 = 7_200_000;

pub(super) struct Host {
    seed: [u8; 32],
    pub(super) device: Device,
    /// Follows the rules, and exists once.
    pub(super) honest: bool,
    pub(super) account: AccountId,
    pub(super) gone: bool,
    reports: Vec<Arc<Verified<SessionReport>>>,
    receipts: Vec<Option<Arc<Verified<Receipt>>>>,
    /// The first report that the ledger does not have, as far as the host knows.
    next: usize,
    reported_to: u64,
}

impl Host {
    pub(super) fn new(
        seed: [u8; 32],
        chain: ChainId,
        honest: bool,
        account: AccountId,
        now: u64,
    ) -> Self {
        Self {
            seed,
            device: Device::with(&seed, chain),
            honest,
            account,
            gone: false,
            reports: Vec::new(),
            receipts: Vec::new(),
            next: 0,
            reported_to: now,
        }
    }

    /// A second device with the same key, chain and memory.
    pub(super) fn copy(&mut self) -> Self {
        self.honest = false;
        let head = *self.device.head();
        let mut copy = Self::new(self.seed, head.chain, false, self.account, self.reported_to);
        copy.device.go_on_from(head);
        copy.reports.clone_from(&self.reports);
        copy.receipts.clone_from(&self.receipts);
        copy.next = self.next;
        copy
    }

    /// Sets the device back, as a backup does: it forgets its latest reports.
    pub(super) fn set_back(&mut self, by: usize) {
        self.honest = false;
        let kept = self.reports.len().saturating_sub(by);
        self.reports.truncate(kept);
        self.receipts.truncate(kept);
        self.next = self.next.min(kept);
        let mut head = self.beginning();
        for report in &self.reports {
            head = head.follow(report).expect("its own chain");
        }
        self.device.go_on_from(head);
    }

    /// Where its chain began.
    pub(super) fn beginning(&self) -> ChainHead {
        ChainHead::genesis(self.device.head().chain, self.device.key())
    }

    pub(super) fn begin_chain(&mut self, rng: &mut Rng) {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&rng.next().to_be_bytes());
        self.device.begin_chain(ChainId(id));
        self.reports.clear();
        self.receipts.clear();
        self.next = 0;
    }

    /// Signs a report: of the time that has passed, or of what it would like.
    pub(super) fn report(&mut self, rng: &mut Rng, now: u64) {
        let (duration, moved) = if self.honest {
            let passed = now.saturating_sub(self.reported_to).min(LONGEST_MS);
            (passed, rng.below(1_000_000))
        } else {
            (rng.below(10_000_000_000), rng.below(1_000_000_000_000))
        };
        self.reported_to = now;
        let report = self.device.report(duration, moved);
        self.reports.push(Arc::new(report));
        self.receipts.push(None);
    }

    /// What it sends now: what is waiting, some of it again, not always in order.
    pub(super) fn batch(&self, rng: &mut Rng, most: usize) -> Vec<Submission> {
        let end = self.reports.len().min(self.next + most);
        let mut numbers: Vec<_> = (self.next.min(end)..end).collect();
        let sent = self.next.min(self.reports.len());
        for _ in 0..rng.below(6) {
            if sent > 0 {
                numbers.push(rng.index(sent));
            }
        }
        if !numbers.is_empty() && rng.chance(100) {
            numbers.push(numbers[rng.index(numbers.len())]);
        }
        if rng.chance(100) {
            for number in (1..numbers.len()).rev() {
                numbers.swap(number, rng.index(number + 1));
            }
        }
        let submission = |number: usize| Submission {
            report: Verified::clone(&self.reports[number]),
            receipt: self.receipts[number].as_deref().cloned(),
        };
        numbers.into_iter().map(submission).collect()
    }

    /// Whether it holds a receipt for each report and the ledger has them all, as far as it knows.
    pub(super) fn is_done(&self) -> bool {
        self.next >= self.reports.len() && self.receipts.iter().all(Option::is_some)
    }

    /// Sends its last report again: the answer says whether the ledger still has everything.
    pub(super) fn look_again(&mut self) {
        self.next = self.next.min(self.reports.len().saturating_sub(1));
    }

    /// Reports and the receipts that it holds for them.
    pub(super) fn held(&self) -> impl Iterator<Item = (&SessionReport, [u8; 264])> {
        let pairs = self.reports.iter().zip(&self.receipts);
        pairs.filter_map(|(report, receipt)| {
            let receipt = receipt.as_deref()?;
            Some((report.value(), bytes(receipt)))
        })
    }

    /// Hears the answer to one of its reports, with the receipt if there is one.
    pub(super) fn hear(
        &mut self,
        report: &SessionReport,
        answer: &Answer,
        receipt: Option<&Arc<Verified<Receipt>>>,
        rng: &mut Rng,
    ) -> Result<(), Violation> {
        if let Some(receipt) = receipt {
            return self.take(report, receipt);
        }
        match answer {
            Answer::Conflict(state) => self.conflict(state.value(), rng),
            Answer::Refused(_) | Answer::TooManyChains if self.honest => {
                Err(Violation::new("an honest report was refused"))
            }
            Answer::Refused(_) => {
                self.begin_chain(rng);
                Ok(())
            }
            // The world knows whether it was removed or forgotten.
            _ => Ok(()),
        }
    }

    fn take(
        &mut self,
        report: &SessionReport,
        receipt: &Arc<Verified<Receipt>>,
    ) -> Result<(), Violation> {
        let number = usize::try_from(report.sequence).expect("small") - 1;
        let own = self.reports.get(number).map(|own| own.value().link());
        if own != Some(report.link()) {
            // Of a chain that it has left, or has forgotten.
            return Ok(());
        }
        let held = self.receipts[number].get_or_insert_with(|| Arc::clone(receipt));
        // Who was set back, or has a copy, may hold another one for good reason.
        if self.honest && bytes(held) != bytes(receipt) {
            return Err(Violation::new("a report has two receipts"));
        }
        self.next = self.next.max(number + 1);
        Ok(())
    }

    fn conflict(&mut self, state: &ChainState, rng: &mut Rng) -> Result<(), Violation> {
        if state.chain != self.device.head().chain {
            return Ok(());
        }
        let at = usize::try_from(state.sequence).expect("small");
        let link: Option<LinkHash> = match at.checked_sub(1) {
            None => Some(self.beginning().link),
            Some(before) => self.reports.get(before).map(|report| report.value().link()),
        };
        let is_known = link == Some(state.link);
        if is_known && state.condition == ChainCondition::Open {
            self.next = at;
            return Ok(());
        }
        if self.honest {
            return Err(Violation::new("an honest chain was called another one"));
        }
        self.begin_chain(rng);
        Ok(())
    }
}
