//! The reports that this browser has verified, and the balance that follows from them.

use super::earlier::Earlier;
use meter_core::{Amount, ChainHead, ChainId, DeviceKey, SessionReport, Signed, Verified};
use meter_wire::{HelloReply, HexBytes, REPORTS_FORMAT, RESTORE_MAX, ReportsFile, WireReport};
use serde::Serialize;
use std::rc::Rc;

/// How many reports are kept for display.
const RECENT_MAX: usize = 10;

/// How many earlier reports are kept as they are, to hand them back to a host with an older copy of
/// its book. Written with each report: 110 kB.
const OLDER_MAX: usize = 190;

/// The stored part of the verified reports.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Kept {
    /// The last verified reports. The last one is the head of the chain.
    book: Option<ReportsFile>,
    /// The reports directly before those. They were verified once and count as claims since: they
    /// are not shown, and the host verifies them when it gets them back.
    older: Vec<WireReport>,
    /// The last reports of the earlier chains.
    earlier: Vec<WireReport>,
}

/// Verified reports. They can only be added through [`Signed::verify`] and [`ChainHead::follow`].
#[derive(Clone, Debug, Default)]
pub struct VerifiedReports {
    head: Option<ChainHead>,
    recent: Vec<Verified<SessionReport>>,
    earlier: Earlier,
    /// Shared with the value stored last, so that comparing the two costs nothing until one
    /// changes.
    kept: Rc<Kept>,
    /// A report did not verify. No more reports are taken until they are fetched again.
    pub(super) refused: bool,
    /// The host's balance differs from the sum of the reports verified here.
    pub(super) differs: bool,
}

/// The chain that the host signs, and its key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HostChain {
    chain: ChainId,
    key: DeviceKey,
}

/// The result of taking a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Taken {
    /// It was the next one.
    Counted,
    /// It was known already.
    Known,
    /// Reports before it are missing.
    Gap,
    /// It is not valid.
    Refused,
}

impl HostChain {
    /// The chain and key that a host claims; `None` while its key cannot be used.
    #[must_use]
    pub fn of(hello: &HelloReply) -> Option<Self> {
        Some(Self {
            chain: ChainId(hello.chain?.0),
            key: DeviceKey(hello.key?.0),
        })
    }

    /// The chain's name.
    #[must_use]
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The key that signs its reports.
    #[must_use]
    pub const fn key(&self) -> DeviceKey {
        self.key
    }

    /// Whether it signs that chain.
    pub(super) fn is_of(&self, chain: &HexBytes<16>) -> bool {
        self.chain.0 == chain.0
    }
}

impl VerifiedReports {
    /// Continues with the host's chain, or begins with it. Returns whether verified reports of
    /// another chain were dropped.
    pub(super) fn adopt(&mut self, host_chain: HostChain) -> bool {
        let HostChain { chain, key } = host_chain;
        self.refused = false;
        self.differs = false;
        match &self.head {
            Some(head) if (head.chain, head.key) == (chain, key) => false,
            before => {
                let given_up = before.is_some_and(|head| head.sequence > 0);
                // Credits that were shown must not disappear, and must not count twice.
                if let Some(last) = self.recent.last().filter(|_| given_up) {
                    self.earlier.add(last.clone());
                }
                self.earlier.leave_out(chain);
                self.head = Some(ChainHead::genesis(chain, key));
                self.recent.clear();
                let book = self.to_file();
                let kept = Rc::make_mut(&mut self.kept);
                kept.older.clear();
                kept.book = book;
                kept.earlier = self.earlier.to_kept();
                given_up
            }
        }
    }

    /// Takes the last reports of earlier chains. `unverified` is the number of chains whose report
    /// did not verify.
    pub(super) fn take_earlier(&mut self, last: Vec<Verified<SessionReport>>, unverified: u32) {
        for report in last {
            self.earlier.add(report);
        }
        if let Some(head) = &self.head {
            self.earlier.leave_out(head.chain);
        }
        self.earlier.unverified = unverified;
        let earlier = self.earlier.to_kept();
        if earlier != self.kept.earlier {
            Rc::make_mut(&mut self.kept).earlier = earlier;
        }
    }

    /// Takes a report that the host claims.
    pub(super) fn take(&mut self, report: &WireReport) -> Taken {
        let taken = self.try_take(report).unwrap_or(Taken::Refused);
        self.refused |= taken == Taken::Refused;
        taken
    }

    fn try_take(&mut self, report: &WireReport) -> Option<Taken> {
        let head = self.head.as_ref().filter(|_| !self.refused)?;
        let verified = Signed::<SessionReport>::from(report)
            .verify(head.key)
            .ok()?;
        let value = verified.value();
        if value.chain != head.chain {
            return None;
        }
        if value.sequence <= head.sequence {
            // The same number with other contents is a fork, not a repetition.
            let known = |other: &Verified<SessionReport>| {
                other.value().sequence != value.sequence || other.value() == value
            };
            return self.recent.iter().all(known).then_some(Taken::Known);
        }
        if value.sequence > head.sequence.saturating_add(1) {
            return Some(Taken::Gap);
        }
        let next = head.follow(&verified).ok()?;
        self.head = Some(next);
        self.recent.push(verified);
        let surplus = self.recent.len().saturating_sub(RECENT_MAX);
        let wire = |report: Verified<SessionReport>| WireReport::try_from(report.signed()).ok();
        let leaving = self.recent.drain(..surplus).filter_map(wire);
        let leaving: Vec<_> = leaving.collect();
        let book = self.to_file();
        let kept = Rc::make_mut(&mut self.kept);
        kept.older.extend(leaving);
        let surplus = kept.older.len().saturating_sub(OLDER_MAX);
        kept.older.drain(..surplus);
        kept.book = book;
        Some(Taken::Counted)
    }

    /// The running total in the last verified report of the chain in use.
    #[must_use]
    pub fn balance(&self) -> Amount {
        self.head.map_or(Amount::ZERO, |head| head.totals.amount)
    }

    /// Number of verified reports; equal to the number of the last one.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.head.map_or(0, |head| head.sequence)
    }

    /// What the earlier chains claim.
    #[must_use]
    pub fn earlier_credits(&self) -> Amount {
        self.earlier.amount()
    }

    /// What all chains claim: it never falls, whatever chain is in use.
    #[must_use]
    pub fn claimed(&self) -> Amount {
        self.balance().saturating_add(self.earlier.amount())
    }

    /// How many earlier chains the host named whose report did not verify here.
    #[must_use]
    pub const fn unverified_chains(&self) -> u32 {
        self.earlier.unverified
    }

    /// Whether another report than this one was verified for its place.
    pub(super) fn contradicts(&self, report: &Verified<SessionReport>) -> bool {
        let other = |known: &Verified<SessionReport>| {
            known.value().sequence == report.value().sequence && known.value() != report.value()
        };
        self.recent.iter().any(other)
    }

    /// The last report, so that the host can check whether its book still has it. Empty before the
    /// first.
    pub(super) fn last(&self) -> Vec<WireReport> {
        let last = self.recent.last();
        let wire = last.and_then(|report| WireReport::try_from(report.signed()).ok());
        wire.into_iter().collect()
    }

    /// The reports after number `sequence`, as many as one request holds. Empty if the first of
    /// them are not stored here.
    pub(super) fn after(&self, sequence: u64) -> Vec<WireReport> {
        let recent = self.recent.iter();
        let recent = recent.filter_map(|report| WireReport::try_from(report.signed()).ok());
        let all: Vec<_> = self.kept.older.iter().cloned().chain(recent).collect();
        let missing = self.sequence().saturating_sub(sequence);
        let skipped = usize::try_from(missing).ok();
        let skipped = skipped.and_then(|missing| all.len().checked_sub(missing));
        match skipped {
            Some(skipped) => all.into_iter().skip(skipped).take(RESTORE_MAX).collect(),
            None => Vec::new(),
        }
    }

    /// The part to store.
    pub(super) fn kept(&self) -> Rc<Kept> {
        Rc::clone(&self.kept)
    }

    /// Adds what was stored besides the recent reports.
    pub(super) fn with_kept(mut self, older: Vec<WireReport>, earlier: &[WireReport]) -> Self {
        let kept = Rc::make_mut(&mut self.kept);
        if self.head.is_some() {
            kept.older = older;
        }
        self.earlier = Earlier::from_kept(earlier);
        kept.earlier = self.earlier.to_kept();
        self
    }

    /// The last reports, oldest first.
    #[must_use]
    pub fn recent(&self) -> &[Verified<SessionReport>] {
        &self.recent
    }

    fn to_file(&self) -> Option<ReportsFile> {
        let head = self.head?;
        let reports = self.recent.iter().map(|report| report.signed().try_into());
        Some(ReportsFile {
            state: None,
            format: REPORTS_FORMAT.to_owned(),
            key: HexBytes(head.key.0),
            chain: HexBytes(head.chain.0),
            reports: reports.collect::<Result<_, _>>().ok()?,
        })
    }

    /// Reads stored reports and verifies them again, because storage is not evidence. The head
    /// comes from the last report, so no second number can contradict it.
    pub(super) fn from_file(file: &ReportsFile) -> Option<Self> {
        if file.format != REPORTS_FORMAT || file.reports.len() > RECENT_MAX {
            return None;
        }
        let (chain, key) = (ChainId(file.chain.0), DeviceKey(file.key.0));
        let mut reports = file.reports.iter();
        let mut verified = Self {
            head: Some(ChainHead::genesis(chain, key)),
            ..Self::default()
        };
        if let Some(first) = reports.next() {
            let first = Signed::<SessionReport>::from(first).verify(key).ok()?;
            let value = first.value();
            verified.head = Some(ChainHead {
                chain,
                key,
                sequence: value.sequence,
                link: value.link(),
                totals: value.totals,
            });
            let ours = value.chain == chain;
            verified.recent.push(first);
            ours.then_some(())?;
        }
        if !reports.all(|report| verified.take(report) == Taken::Counted) {
            return None;
        }
        Rc::make_mut(&mut verified.kept).book = Some(file.clone());
        Some(verified)
    }
}
