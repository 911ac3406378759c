//! The decision about one report: pure, from the books and the report to an answer and changed
//! books.
//!
//! A refusal is final, and the next report links to the refused one: it ends the chain. So only
//! what the bytes decide is refused. Whatever only the policy decides is accepted with a smaller
//! award, and the receipt says why.

use crate::{
    books::{Account, Books, Chain, Device, NewFork, NewReport, Place, Taken},
    sealing,
};
use meter_core::{
    AmountOverflow, ChainError, ChainState, Claim, DeviceKey, Grant, LedgerKey, LedgerSigner,
    Policy, Reason, Reasons, Receipt, SessionReport, Tariff, Verified,
};
use std::mem;

/// A report as it was submitted, after its signature was checked.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The report.
    pub report: Verified<SessionReport>,
    /// The receipt that its device already holds, if it sent one with it. A ledger that was
    /// restored from an older copy gets its own awards back by it.
    pub receipt: Option<Verified<Receipt>>,
}

/// What the ledger answers to one report.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Taken now; its receipt is the one at this place.
    Accepted(Place),
    /// Taken before; its receipt is the one at this place.
    Replay(Place),
    /// It does not follow from what the ledger has, or the chain is frozen: this is where the
    /// ledger has the chain.
    Conflict(Box<Verified<ChainState>>),
    /// It can never be accepted.
    Refused(Refusal),
    /// No account has this device, or no longer.
    UnknownDevice,
    /// The device has begun as many chains as the policy allows in a day.
    TooManyChains,
}

/// Why a report can never be accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Its running totals are not the sums of its chain.
    ChainTotals,
}

/// A mistake of this program: nothing may be stored.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ApplyError {
    /// A sum exceeds its limit.
    #[error("{0}")]
    Amount(#[from] AmountOverflow),
    /// What was to be signed breaks a rule of its format.
    #[error("a receipt cannot be signed: {0}")]
    Receipt(String),
}

impl Books {
    /// Decides about reports one after the other, changes the books accordingly, and signs the
    /// receipts of all at the end.
    ///
    /// # Errors
    /// When this program made a mistake. The books must be discarded then.
    pub fn take_all<'a>(
        &mut self,
        signer: &LedgerSigner,
        submissions: impl IntoIterator<Item = &'a Submission>,
    ) -> Result<Vec<Decision>, ApplyError> {
        let decide = |submission| self.decide(signer, submission);
        let decisions = submissions
            .into_iter()
            .map(decide)
            .collect::<Result<_, _>>()?;
        let awards = mem::take(&mut self.awards);
        let sealed = sealing::seal(signer, awards);
        let sealed = sealed.map_err(|error| ApplyError::Receipt(error.to_string()))?;
        self.reports.extend(sealed);
        Ok(decisions)
    }

    fn decide(
        &mut self,
        signer: &LedgerSigner,
        submission: &Submission,
    ) -> Result<Decision, ApplyError> {
        let report = submission.report.value();
        let place = Place::of(report);
        let Some(device) = self.devices.get(&place.chain.device).copied() else {
            return Ok(Decision::UnknownDevice);
        };
        let taken = self.taken.get(&place).copied();
        if taken.is_some_and(|taken| taken.link == report.link()) {
            return Ok(Decision::Replay(place));
        }
        let account = self.accounts.get(&device.account).copied();
        let Some(account) = account.filter(|account| account.open && !device.revoked) else {
            return Ok(Decision::UnknownDevice);
        };
        let known = self.chains.get(&place.chain).copied();
        let chain = known.unwrap_or_else(|| Chain::new(place.chain, self.now));
        if chain.frozen {
            return self.conflict(signer, &chain);
        }
        if taken.is_some() {
            return self.fork(signer, place, chain, &submission.report);
        }
        match chain.head.follow(&submission.report) {
            Ok(_) if known.is_none() && device.chains_of_the_day >= self.policy.chains_per_day => {
                Ok(Decision::TooManyChains)
            }
            Ok(_) => self.accept(signer.key(), submission, (device, account), chain),
            Err(ChainError::Totals { .. }) => Ok(Decision::Refused(Refusal::ChainTotals)),
            Err(_) => self.conflict(signer, &chain),
        }
    }

    /// The device has signed two histories. The chain takes no more, and the other body is kept as
    /// evidence.
    fn fork(
        &mut self,
        signer: &LedgerSigner,
        place: Place,
        chain: Chain,
        report: &Verified<SessionReport>,
    ) -> Result<Decision, ApplyError> {
        let chain = Chain {
            frozen: true,
            ..chain
        };
        self.chains.insert(place.chain, chain);
        self.moved.insert(place.chain);
        let report = report.clone();
        self.forks.push(NewFork { place, report });
        self.conflict(signer, &chain)
    }

    fn conflict(&self, signer: &LedgerSigner, chain: &Chain) -> Result<Decision, ApplyError> {
        let state = chain.state(signer.key(), self.now);
        let state = signer.sign(&state);
        let state = state.map_err(|error| ApplyError::Receipt(error.to_string()))?;
        Ok(Decision::Conflict(Box::new(state)))
    }

    fn accept(
        &mut self,
        ledger: LedgerKey,
        submission: &Submission,
        (device, account): (Device, Account),
        chain: Chain,
    ) -> Result<Decision, ApplyError> {
        let report = submission.report.value();
        let place = Place::of(report);
        let healed = submission.receipt.as_ref();
        let healed = healed.filter(|receipt| self.is_ours(receipt.value(), report, &chain));
        let allowance = self.policy.allowance();
        let (device, account) = match healed {
            // It says itself when it was given, and by which policy.
            Some(_) => (device, account),
            None => (
                self.set_right(place.chain.device, device),
                account.set_right(&allowance, self.now),
            ),
        };
        let awarded = match healed {
            Some(receipt) => *receipt.value(),
            None => self.award(ledger, report, (device, account), &chain)?,
        };
        let (duration, bytes) = (awarded.awarded_duration, awarded.awarded_bytes);
        let budgets = match healed {
            // From before this account was opened: its budgets have never held that time.
            Some(receipt) if receipt.value().at < account.opened => account.budgets,
            Some(_) => account.budgets.after_return(&allowance, duration, bytes),
            None => account.budgets.after(&allowance, self.now, duration, bytes),
        };
        self.accounts
            .insert(device.account, Account { budgets, ..account });
        self.paid.insert(device.account);
        let moved = Chain {
            head: chain
                .head
                .follow(&submission.report)
                .map_err(|error| ApplyError::Receipt(error.to_string()))?,
            awarded_duration: chain.awarded_duration.saturating_add(duration),
            awarded_bytes: chain.awarded_bytes.saturating_add(bytes),
            awarded_total: awarded.awarded_total,
            ..chain
        };
        if chain.number.is_none() && !self.chains.contains_key(&place.chain) {
            let device = self.devices.entry(place.chain.device);
            device.and_modify(|device| {
                device.chains_of_the_day = device.chains_of_the_day.saturating_add(1);
            });
        }
        self.chains.insert(place.chain, moved);
        self.moved.insert(place.chain);
        self.taken.insert(
            place,
            Taken {
                link: report.link(),
            },
        );
        let new = NewReport {
            place,
            account: device.account,
            era: account.era,
            report: submission.report.clone(),
            receipt: awarded,
        };
        match healed {
            Some(receipt) => self.reports.push(new.with(receipt.clone())),
            None => self.awards.push(new),
        }
        Ok(Decision::Accepted(place))
    }

    /// A device that was enrolled while the clock was far ahead would earn nothing until then.
    fn set_right(&mut self, key: DeviceKey, device: Device) -> Device {
        let allowance = self.policy.allowance();
        if !allowance.is_far_ahead(device.enrolled, self.now) {
            return device;
        }
        let device = Device {
            enrolled: self.now,
            ..device
        };
        self.devices.insert(key, device);
        self.set_right.insert(key);
        device
    }

    /// Whether a receipt is one that this ledger gave for this report, and fits what the chain was
    /// awarded before.
    fn is_ours(&self, receipt: &Receipt, report: &SessionReport, chain: &Chain) -> bool {
        let total = chain.awarded_total.checked_add(receipt.amount);
        self.keys.contains(&receipt.ledger)
            && receipt.answers(report).is_ok()
            && total == Some(receipt.awarded_total)
    }

    fn award(
        &self,
        ledger: LedgerKey,
        report: &SessionReport,
        (device, account): (Device, Account),
        chain: &Chain,
    ) -> Result<Receipt, ApplyError> {
        let claim = Claim {
            duration: report.duration,
            bytes: report.bytes(),
            enrolled: device.enrolled,
        };
        let grant = account
            .budgets
            .grant(&self.policy.allowance(), self.now, &claim);
        let tariff = tariff_of(&self.policy)?;
        let amount = tariff.award(grant.duration, grant.bytes)?.total;
        let awarded_total = chain.awarded_total.checked_add(amount);
        Ok(Receipt {
            reasons: reasons_of(&grant),
            ledger,
            device: report.key,
            chain: report.chain,
            sequence: report.sequence,
            link: report.link(),
            at: self.now,
            awarded_duration: grant.duration,
            awarded_bytes: grant.bytes,
            amount,
            awarded_total: awarded_total.ok_or(AmountOverflow)?,
            policy: self.policy.number,
            tariff: tariff.id(),
        })
    }
}

fn tariff_of(policy: &Policy) -> Result<Tariff, ApplyError> {
    let tariff = Tariff::by_id(policy.tariff);
    tariff.ok_or_else(|| ApplyError::Receipt(format!("no tariff {}", policy.tariff.0)))
}

fn reasons_of(grant: &Grant) -> Reasons {
    let reasons = [
        (grant.time_budget, Reason::TimeBudget),
        (grant.byte_budget, Reason::ByteBudget),
        (grant.before_enrolment, Reason::BeforeEnrolment),
        (grant.session_cap, Reason::SessionCap),
    ];
    let set = reasons.into_iter().filter(|(is_set, _)| *is_set);
    set.map(|(_, reason)| reason).collect()
}
