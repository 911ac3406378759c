//! The earlier chains that this browser has seen or that the home keeps: the last report of each,
//! verified here, and the sum of what they claim.

use meter_core::{Amount, ChainId, SessionReport, Signable as _, Signed, Verified};
use meter_wire::WireReport;

/// How many chains are remembered: those that claim most. Written with each report: 110 kB at most.
pub(super) const EARLIER_MAX: usize = 200;

/// The last verified report of each earlier chain. Its running total is what the chain claims.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    last: Vec<Verified<SessionReport>>,
    /// How many chains the host named whose report did not verify. They are not counted.
    pub(super) unverified: u32,
}

impl Earlier {
    /// Reads what was stored, and verifies it again, because storage is not evidence.
    pub(super) fn from_kept(kept: &[WireReport]) -> Self {
        let mut earlier = Self::default();
        for report in kept.iter().filter_map(verified) {
            earlier.add(report);
        }
        earlier
    }

    /// The part to store.
    pub(super) fn to_kept(&self) -> Vec<WireReport> {
        let reports = self.last.iter();
        let reports = reports.map(|report| WireReport::try_from(report.signed()));
        reports.filter_map(Result::ok).collect()
    }

    /// Takes the last report of a chain. Of two reports of one chain, the later one counts, so that
    /// an older copy of a book takes nothing away.
    pub(super) fn add(&mut self, report: Verified<SessionReport>) {
        let chain = report.value().chain;
        let mut last = self.last.iter_mut();
        match last.find(|known| known.value().chain == chain) {
            None => self.last.push(report),
            Some(known) if reach(&report) > reach(known) => *known = report,
            Some(_) => {}
        }
        while self.last.len() > EARLIER_MAX {
            let amounts = self.last.iter().enumerate();
            let least = amounts.min_by_key(|(_, report)| report.value().totals.amount);
            let Some((index, _)) = least else { return };
            self.last.remove(index);
        }
    }

    /// The chain in use is no earlier one.
    pub(super) fn leave_out(&mut self, chain: ChainId) {
        self.last.retain(|report| report.value().chain != chain);
    }

    /// What they claim together.
    pub(super) fn amount(&self) -> Amount {
        let amounts = self.last.iter().map(|report| report.value().totals.amount);
        amounts.fold(Amount::ZERO, Amount::saturating_add)
    }
}

fn reach(report: &Verified<SessionReport>) -> (u64, Amount) {
    let report = report.value();
    (report.sequence, report.totals.amount)
}

/// Verifies a report of an earlier chain with the key that it names: another key may have signed
/// that chain than the one in use.
pub(super) fn verified(report: &WireReport) -> Option<Verified<SessionReport>> {
    let signed = Signed::<SessionReport>::from(report);
    let key = SessionReport::from_body(signed.body()).ok()?.key;
    signed.verify(key).ok()
}
