//! Checks an export with nothing but the file.

use super::{
    error::ExportError,
    file::{Chain, ExportFile, Ledger, Receipts},
};
use meter_core::{
    Amount, ChainHead, ChainId, ContradictionKind, DeviceKey, LedgerKey, LedgerKeys, Receipt,
    ReceiptHead, SessionReport, Signed, Verified,
};
use meter_wire::WireReport;
use std::collections::BTreeMap;

/// What a file proves. Amounts are nanocredits.
#[derive(Debug, Default)]
pub(crate) struct Proven {
    /// The key of the chain in use.
    pub(crate) key: [u8; 32],
    /// The other keys that signed chains, in the order of these.
    pub(crate) other_keys: Vec<[u8; 32]>,
    /// Number of chains.
    pub(crate) chains: usize,
    /// Reports of all chains, and of the one in use.
    pub(crate) reports: u64,
    pub(crate) reports_in_use: u64,
    /// What all reports claim, and those of the chain in use.
    pub(crate) claimed: u64,
    pub(crate) claimed_in_use: u64,
    pub(crate) ledgers: Vec<ProvenLedger>,
}

impl Proven {
    /// Whether there is nothing in the file that is proven by it.
    pub(crate) fn is_empty(&self) -> bool {
        self.reports == 0 && self.ledgers.iter().all(|ledger| ledger.receipts == 0)
    }
}

/// What a ledger has signed for this device.
#[derive(Debug, Default)]
pub(crate) struct ProvenLedger {
    /// The pinned key, and the newest.
    pub(crate) key: [u8; 32],
    pub(crate) newest: [u8; 32],
    pub(crate) in_force: bool,
    pub(crate) policies: usize,
    /// Number of receipts, and of those whose reports are not in the file.
    pub(crate) receipts: u64,
    pub(crate) without_report: u64,
    pub(crate) credited: u64,
    /// As in the status of the device.
    pub(crate) before: u64,
    pub(crate) answered: u64,
    pub(crate) waiting: u64,
    pub(crate) waiting_reports: u64,
    pub(crate) unanswered: u64,
    /// Claimed and not awarded, by the names of the reasons.
    pub(crate) lowered: BTreeMap<String, u64>,
    pub(crate) contradictions: usize,
}

/// A chain whose reports are verified.
struct Checked {
    chain: ChainId,
    key: DeviceKey,
    reports: Vec<Verified<SessionReport>>,
}

impl Checked {
    /// What the first `sequence` reports claim; `None` if there are fewer.
    fn claimed_up_to(&self, sequence: u64) -> Option<u64> {
        let Some(index) = sequence.checked_sub(1) else {
            return Some(0);
        };
        let report = self.reports.get(usize::try_from(index).ok()?)?;
        Some(report.value().totals.amount.get())
    }

    fn last(&self) -> u64 {
        u64::try_from(self.reports.len()).unwrap_or(u64::MAX)
    }
}

impl ExportFile {
    /// Checks everything: each signature, that each chain is whole and unbroken, that each receipt
    /// answers its report, and the hash.
    ///
    /// # Errors
    /// The first place that does not hold.
    pub(crate) fn check(&self) -> Result<Proven, ExportError> {
        let mut chains: Vec<Checked> = Vec::new();
        for (index, chain) in self.chains.iter().enumerate() {
            let place = format!("chains[{index}]");
            let found = checked(chain, &place)?;
            let is_same = |one: &Checked| (one.chain, one.key) == (found.chain, found.key);
            if chains.iter().any(is_same) {
                return Err(ExportError::new(place, "this chain is in the file twice"));
            }
            chains.push(found);
        }
        let Some(in_use) = chains.last() else {
            return Err(ExportError::new("chains", "the file holds no chain"));
        };
        let claimed = |chain: &Checked| chain.claimed_up_to(chain.last()).unwrap_or_default();
        let mut proven = Proven {
            key: in_use.key.0,
            other_keys: other_keys(&chains, in_use.key),
            chains: chains.len(),
            reports: chains.iter().map(Checked::last).sum(),
            reports_in_use: in_use.last(),
            claimed: chains.iter().map(claimed).fold(0, u64::saturating_add),
            claimed_in_use: claimed(in_use),
            ledgers: Vec::new(),
        };
        for (index, ledger) in self.ledgers.iter().enumerate() {
            let place = format!("ledgers[{index}]");
            let found = Sum::new(ledger, &chains, &place)?.ledger(&place)?;
            if found.in_force && proven.ledgers.iter().any(|other| other.in_force) {
                let why = "two enrolments are in force at once";
                return Err(ExportError::new(place, why));
            }
            proven.ledgers.push(found);
        }
        if self.hash() != self.sha256 {
            let why = "the file was changed after it was made";
            return Err(ExportError::new("sha256", why));
        }
        Ok(proven)
    }
}

/// How many contradictions the device says that it has of this ledger. What no key of the ledger
/// signed proves nothing against it, so it does not count: earlier versions kept it, too.
fn contradictions(of: &Ledger) -> usize {
    let unsigned = ContradictionKind::Signature.name();
    let kept = of.contradictions.iter();
    kept.filter(|kept| kept.kind != unsigned).count()
}

fn other_keys(chains: &[Checked], in_use: DeviceKey) -> Vec<[u8; 32]> {
    let mut keys = Vec::new();
    for chain in chains.iter().filter(|chain| chain.key != in_use) {
        if !keys.contains(&chain.key.0) {
            keys.push(chain.key.0);
        }
    }
    keys
}

/// Verifies a chain from its first report on.
fn checked(chain: &Chain, place: &str) -> Result<Checked, ExportError> {
    let (id, key) = (ChainId(chain.chain.0), DeviceKey(chain.key.0));
    let mut head = ChainHead::genesis(id, key);
    let mut reports = Vec::with_capacity(chain.reports.len());
    for (index, report) in chain.reports.iter().enumerate() {
        let place = format!("{place}.reports[{index}]");
        let report = verified(report, key, &place)?;
        head = head.follow(&report).map_err(ExportError::at(&place))?;
        reports.push(report);
    }
    Ok(Checked {
        chain: id,
        key,
        reports,
    })
}

fn verified(
    report: &WireReport,
    key: DeviceKey,
    place: &str,
) -> Result<Verified<SessionReport>, ExportError> {
    let signed = Signed::<SessionReport>::from(report);
    signed.verify(key).map_err(ExportError::at(place))
}

/// Sums up one membership.
struct Sum<'a> {
    of: &'a Ledger,
    chains: &'a [Checked],
    keys: LedgerKeys,
    found: ProvenLedger,
}

impl<'a> Sum<'a> {
    fn new(of: &'a Ledger, chains: &'a [Checked], place: &str) -> Result<Self, ExportError> {
        let mut keys = LedgerKeys::new(LedgerKey(of.key.0));
        for (index, change) in of.changes.iter().enumerate() {
            let place = format!("{place}.changes[{index}]");
            keys.add(change.into()).map_err(ExportError::at(&place))?;
            if keys.changes().len() <= index {
                return Err(ExportError::new(place, "this change is in the file twice"));
            }
        }
        Ok(Self {
            of,
            chains,
            found: ProvenLedger {
                key: of.key.0,
                newest: keys.newest().0,
                in_force: of.in_force,
                policies: of.policies.len(),
                contradictions: contradictions(of),
                ..ProvenLedger::default()
            },
            keys,
        })
    }

    fn chain(&self, chain: ChainId) -> Option<&'a Checked> {
        let device = DeviceKey(self.of.device.0);
        let mut chains = self.chains.iter();
        chains.find(|one| (one.chain, one.key) == (chain, device))
    }

    fn ledger(mut self, place: &str) -> Result<ProvenLedger, ExportError> {
        self.policies(place)?;
        let start = ChainId(self.of.start.chain.0);
        let given = self.of.start.awarded.0;
        let before = self.before(place)?;
        self.found.before = before.saturating_sub(given);
        self.found.answered = given;
        let mut names: Vec<ChainId> = Vec::new();
        for (index, receipts) in self.of.chains.iter().enumerate() {
            let place = format!("{place}.chains[{index}]");
            let name = ChainId(receipts.chain.0);
            if names.contains(&name) {
                return Err(ExportError::new(place, "this chain is in the list twice"));
            }
            names.push(name);
            self.receipts(receipts, &place)?;
        }
        let claimed_unknown = self.claimed_unknown(&names);
        self.found.before = self.found.before.saturating_add(claimed_unknown);
        if !names.contains(&start) {
            self.found.credited = self.found.credited.saturating_add(given);
        }
        let in_use = self.chains.last().map(|chain| chain.chain);
        if let Some(in_use) = in_use.filter(|name| self.of.in_force && !names.contains(name)) {
            let answered = self.start_of(in_use).sequence;
            self.waits(in_use, answered);
        }
        Ok(self.found)
    }

    fn policies(&self, place: &str) -> Result<(), ExportError> {
        let mut last = None;
        for (index, policy) in self.of.policies.iter().enumerate() {
            let place = format!("{place}.policies[{index}]");
            let policy = self.keys.verify::<meter_core::Policy>(policy.into());
            let policy = policy.map_err(ExportError::at(&place))?;
            let number = policy.value().number.0;
            if last.is_some_and(|last| last >= number) {
                let why = "its number is not above the one before";
                return Err(ExportError::new(place, why));
            }
            last = Some(number);
        }
        Ok(())
    }

    /// What was claimed up to the place of enrolment.
    fn before(&self, place: &str) -> Result<u64, ExportError> {
        let start = &self.of.start;
        match self.chain(ChainId(start.chain.0)) {
            None => Ok(0),
            Some(chain) => chain.claimed_up_to(start.sequence.0).ok_or_else(|| {
                let why = "the chain in the file ends before this place";
                ExportError::new(format!("{place}.start"), why)
            }),
        }
    }

    /// What ended chains claim that the ledger was never told of.
    fn claimed_unknown(&self, known: &[ChainId]) -> u64 {
        let start = self.of.start.chain.0;
        let ended = self.chains.split_last().map(|(_, ended)| ended);
        let ended = ended.unwrap_or_default().iter();
        ended
            .filter(|chain| chain.chain.0 != start && !known.contains(&chain.chain))
            .map(|chain| chain.claimed_up_to(chain.last()).unwrap_or_default())
            .fold(0, u64::saturating_add)
    }

    /// Where the receipts of a chain begin.
    fn start_of(&self, chain: ChainId) -> ReceiptHead {
        let start = &self.of.start;
        let is_first = chain.0 == start.chain.0;
        let given = Amount::new(start.awarded.0).unwrap_or_default();
        ReceiptHead {
            device: DeviceKey(self.of.device.0),
            chain,
            sequence: if is_first { start.sequence.0 } else { 0 },
            awarded_total: if is_first { given } else { Amount::ZERO },
        }
    }

    fn receipts(&mut self, list: &Receipts, place: &str) -> Result<(), ExportError> {
        let name = ChainId(list.chain.0);
        let mut head = self.start_of(name);
        let before = head;
        for (index, receipt) in list.receipts.iter().enumerate() {
            let place = format!("{place}.receipts[{index}]");
            let receipt = self.keys.verify::<Receipt>(receipt.into());
            let receipt = receipt.map_err(ExportError::at(&place))?;
            head = head
                .follow(receipt.value())
                .map_err(ExportError::at(&place))?;
            self.answer(receipt.value(), &place)?;
        }
        self.found.credited = self.found.credited.saturating_add(head.awarded_total.get());
        if let Some(chain) = self.chain(name) {
            let up_to = |sequence| chain.claimed_up_to(sequence).unwrap_or_default();
            let answered = up_to(head.sequence).saturating_sub(up_to(before.sequence));
            self.found.answered = self.found.answered.saturating_add(answered);
        }
        self.waits(name, head.sequence);
        Ok(())
    }

    fn answer(&mut self, receipt: &Receipt, place: &str) -> Result<(), ExportError> {
        self.found.receipts = self.found.receipts.saturating_add(1);
        let Some(chain) = self.chain(receipt.chain) else {
            self.found.without_report = self.found.without_report.saturating_add(1);
            return Ok(());
        };
        let index = receipt.sequence.checked_sub(1);
        let index = index.and_then(|index| usize::try_from(index).ok());
        let report = index.and_then(|index| chain.reports.get(index));
        let report = report.ok_or_else(|| {
            ExportError::new(place, "the report that it answers is not in the file")
        })?;
        let report = report.value();
        receipt.answers(report).map_err(ExportError::at(place))?;
        let lost = report.amount.get().saturating_sub(receipt.amount.get());
        if lost > 0 {
            let names: Vec<_> = receipt.reasons.iter().map(|reason| reason.name()).collect();
            let sum = self.found.lowered.entry(names.join(", ")).or_default();
            *sum = sum.saturating_add(lost);
        }
        Ok(())
    }

    /// Adds what a chain claims after its last receipt: in the chain in use it waits, in others it
    /// stays without an answer.
    fn waits(&mut self, name: ChainId, answered: u64) {
        let Some(chain) = self.chain(name).filter(|_| self.of.in_force) else {
            return;
        };
        let last = chain.last();
        let claimed = chain.claimed_up_to(last).unwrap_or_default();
        let settled = chain.claimed_up_to(answered).unwrap_or(claimed);
        let left = claimed.saturating_sub(settled);
        let is_in_use = self.chains.last().is_some_and(|last| last.chain == name);
        if is_in_use {
            self.found.waiting = left;
            self.found.waiting_reports = last.saturating_sub(answered);
        } else {
            self.found.unanswered = self.found.unanswered.saturating_add(left);
        }
    }
}
