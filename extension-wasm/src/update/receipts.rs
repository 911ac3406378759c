//! The receipts that this browser has verified, and what a ledger has credited by them.

use super::earlier::verified;
use super::verified_reports::{HostChain, VerifiedReports};
use meter_core::{
    Amount, AnsweredReport, ChainId, DeviceKey, LedgerKey, LedgerKeys, Receipt, Signed,
};
use meter_wire::{HexBytes, ReceiptsPage, WireAnswer, ledger::WireSigned};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// How many earlier chains count: as many as are remembered of those that claim.
const PAST_MAX: usize = super::earlier::EARLIER_MAX;

/// The stored part of the receipts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeptReceipts {
    /// The account at the ledger.
    account: HexBytes<16>,
    /// The ledger's key that was pinned when this browser first heard of the account.
    key: HexBytes<32>,
    /// The changes of this key since.
    changes: Vec<WireSigned<88>>,
    /// The last receipt of the chain in use, with its report.
    last: Option<WireAnswer>,
    /// The last receipts of earlier chains, with their reports.
    past: Vec<WireAnswer>,
}

/// Verified receipts of one account. They can only be added through [`LedgerKeys::verify`] and
/// [`Receipt::answers`].
#[derive(Clone, Debug, Default)]
pub struct Receipts {
    account: Option<HexBytes<16>>,
    /// `None` until the first page: then its key is pinned.
    keys: Option<LedgerKeys>,
    /// The place before the first receipt of the chain in use, as the host says.
    start: u64,
    last: Option<AnsweredReport>,
    past: Vec<AnsweredReport>,
    /// Shared with the value stored last.
    kept: Option<Rc<KeptReceipts>>,
    /// Why no more receipts are taken until they are fetched again.
    pub(super) refused: Option<ReceiptRefusal>,
}

/// Why receipts of the host were refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReceiptRefusal {
    /// The host names another key of the ledger than the one that was pinned here.
    OtherKey,
    /// A receipt, its report or a change of the ledger's key does not verify.
    Invalid,
    /// The host does not send receipts that it says it has.
    Withheld,
}

impl Receipts {
    /// Continues with this account, or begins with it.
    pub(super) fn join(&mut self, account: HexBytes<16>) {
        if self.account != Some(account) {
            *self = Self {
                account: Some(account),
                ..Self::default()
            };
        }
    }

    /// The chain in use: what was answered of another one is kept as that of an earlier chain.
    pub(super) fn settle(&mut self, host_chain: &HostChain) {
        let is_other = |last: &mut AnsweredReport| !host_chain.is_of(&HexBytes(chain(last).0));
        if let Some(last) = self.last.take_if(is_other) {
            self.start = 0;
            self.take_past(last);
            self.keep();
        }
    }

    /// Takes a page that was asked for after the last receipt. Returns whether there are more.
    pub(super) fn take(
        &mut self,
        page: &ReceiptsPage,
        host_chain: &HostChain,
        reports: &VerifiedReports,
    ) -> bool {
        if self.account != Some(page.account) || !host_chain.is_of(&page.chain) {
            // From before a change that a status has told meanwhile.
            return false;
        }
        let before = self.sequence();
        if let Err(refusal) = self.try_take(page, host_chain.key(), reports) {
            self.refused = Some(refusal);
        }
        self.keep();
        let is_missing = self.refused.is_none() && self.sequence() < page.last.0;
        if is_missing && self.sequence() == before {
            self.refused = Some(ReceiptRefusal::Withheld);
        }
        is_missing && self.refused.is_none()
    }

    fn try_take(
        &mut self,
        page: &ReceiptsPage,
        device: DeviceKey,
        reports: &VerifiedReports,
    ) -> Result<(), ReceiptRefusal> {
        let pinned = LedgerKey(page.key.0);
        let mut keys = self.keys.clone().unwrap_or_else(|| LedgerKeys::new(pinned));
        if keys.pinned() != pinned {
            return Err(ReceiptRefusal::OtherKey);
        }
        for change in &page.changes {
            keys.add(change.into())
                .map_err(|_| ReceiptRefusal::Invalid)?;
        }
        if self.last.is_none() {
            self.start = page.start.0;
        }
        for answer in &page.receipts {
            let answer = answered(answer, &keys, Some(device)).ok_or(ReceiptRefusal::Invalid)?;
            if !self.is_next(&answer) || reports.contradicts(&answer.report) {
                return Err(ReceiptRefusal::Invalid);
            }
            self.last = Some(answer);
        }
        self.keys = Some(keys);
        Ok(())
    }

    /// Whether it follows the last receipt and its report, or is the first one after the start.
    fn is_next(&self, next: &AnsweredReport) -> bool {
        let (report, receipt) = (next.report.value(), next.receipt.value());
        match &self.last {
            Some(last) => {
                let follows = receipt.follows(last.receipt.value()).is_ok();
                follows && report.previous == last.report.value().link()
            }
            None => receipt.sequence == self.start.saturating_add(1),
        }
    }

    /// Takes the last receipt of an earlier chain, if it verifies with the keys of the ledger.
    pub(super) fn take_earlier(&mut self, answer: &WireAnswer) {
        let keys = self.keys.as_ref();
        if let Some(answer) = keys.and_then(|keys| answered(answer, keys, None)) {
            self.take_past(answer);
            self.keep();
        }
    }

    fn take_past(&mut self, answer: AnsweredReport) {
        let is_same = |known: &AnsweredReport| chain(known) == chain(&answer);
        if self.last.as_ref().is_some_and(is_same) {
            return;
        }
        let mut past = self.past.iter_mut();
        match past.find(|known| is_same(known)) {
            Some(known) if sequence(known) < sequence(&answer) => *known = answer,
            Some(_) => {}
            None => {
                self.past.push(answer);
                self.past.truncate(PAST_MAX);
            }
        }
    }

    /// Number of the last report that has a verified receipt.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        let last = self.last.as_ref();
        last.map_or(self.start, sequence)
    }

    /// What the verified receipts award, over all chains. `None` if receipts were refused.
    #[must_use]
    pub fn credited(&self) -> Option<Amount> {
        let all = self.past.iter().chain(&self.last);
        let awarded = all.map(|answer| answer.receipt.value().awarded_total);
        let sum = awarded.fold(Amount::ZERO, Amount::saturating_add);
        self.refused.is_none().then_some(sum)
    }

    /// What the chain in use had claimed at its last answered report; `None` before its first
    /// receipt.
    #[must_use]
    pub fn claimed(&self) -> Option<Amount> {
        let last = self.last.as_ref()?;
        Some(last.report.value().totals.amount)
    }

    /// The ledger's key that this browser has pinned, once receipts were fetched.
    #[must_use]
    pub fn pinned(&self) -> Option<LedgerKey> {
        self.keys.as_ref().map(LedgerKeys::pinned)
    }

    /// Why receipts were refused.
    #[must_use]
    pub const fn refusal(&self) -> Option<ReceiptRefusal> {
        self.refused
    }

    /// Whether the ledger's key is pinned: receipts were fetched.
    pub(super) const fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// The part to store.
    pub(super) fn kept(&self) -> Option<Rc<KeptReceipts>> {
        self.kept.clone()
    }

    fn keep(&mut self) {
        let kept = self.to_kept();
        if self.kept.as_deref() != kept.as_ref() {
            self.kept = kept.map(Rc::new);
        }
    }

    fn to_kept(&self) -> Option<KeptReceipts> {
        let keys = self.keys.as_ref()?;
        let changes = keys.changes().iter();
        let changes = changes.map(|change| change.signed().try_into());
        Some(KeptReceipts {
            account: self.account?,
            key: HexBytes(keys.pinned().0),
            changes: changes.collect::<Result<_, _>>().ok()?,
            last: self.last.as_ref().and_then(wire),
            past: self.past.iter().filter_map(wire).collect(),
        })
    }

    /// Reads what was stored, and verifies it again, because storage is not evidence. If anything
    /// does not verify, everything is fetched again.
    pub(super) fn from_kept(kept: KeptReceipts) -> Option<Self> {
        let mut keys = LedgerKeys::new(LedgerKey(kept.key.0));
        for change in &kept.changes {
            keys.add(change.into()).ok()?;
        }
        let read = |answer: &WireAnswer| answered(answer, &keys, None);
        let last = match &kept.last {
            Some(answer) => Some(read(answer)?),
            None => None,
        };
        let past = kept.past.iter().map(read).collect::<Option<_>>()?;
        Some(Self {
            account: Some(kept.account),
            keys: Some(keys),
            start: 0,
            last,
            past,
            kept: Some(Rc::new(kept)),
            refused: None,
        })
    }
}

/// Verifies report and receipt, and that one answers the other. `device` is the key of the report;
/// `None`: the one that it names, for a chain that is not in use.
fn answered(
    answer: &WireAnswer,
    keys: &LedgerKeys,
    device: Option<DeviceKey>,
) -> Option<AnsweredReport> {
    let report = verified(&answer.report)?;
    if device.is_some_and(|device| device != report.value().key) {
        return None;
    }
    let receipt = keys.verify(Signed::<Receipt>::from(&answer.receipt)).ok()?;
    receipt.value().answers(report.value()).ok()?;
    Some(AnsweredReport { report, receipt })
}

fn wire(answer: &AnsweredReport) -> Option<WireAnswer> {
    Some(WireAnswer {
        report: answer.report.signed().try_into().ok()?,
        receipt: answer.receipt.signed().try_into().ok()?,
    })
}

/// The chain of both, since they were checked against each other.
fn chain(answer: &AnsweredReport) -> ChainId {
    answer.report.value().chain
}

/// The place of both in their chain.
fn sequence(answer: &AnsweredReport) -> u64 {
    answer.report.value().sequence
}
