//! What must hold, computed from the stored reports and never from the budgets.

use super::{
    Violation,
    earnable::Most,
    shelf::{Shelf, Stored},
};
use meter_core::{AccountId, DeviceKey, Policy, UnixMs};
use onionmeter_ledger::books::{ChainKey, Place};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: u128 = 86_400_000;

/// What an account was awarded since it was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Sum {
    ms: u128,
    bytes: u128,
}

/// What has passed since an account was opened.
pub(super) struct Passed {
    /// What it can have earned.
    pub(super) most: Most,
    /// How often the ledger was set back to a backup.
    pub(super) restored: u64,
}

/// What the auditor knows of itself.
#[derive(Clone, Default)]
pub(super) struct Audit {
    sums: BTreeMap<AccountId, Sum>,
    pub(super) revoked: BTreeSet<DeviceKey>,
    pub(super) frozen: BTreeSet<ChainKey>,
}

fn ensure(holds: bool, what: &'static str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(what))
    }
}

impl Audit {
    /// Checks reports that were stored just now. Each time that the ledger was set back to a backup
    /// may cost one backlog: what is claimed before the old awards are put back. And if the clock
    /// is set back afterwards, by less than a day here, that time is paid again.
    pub(super) fn check(
        &mut self,
        shelf: &Shelf,
        policy: &Policy,
        added: &[Stored],
        now: UnixMs,
        passed: impl Fn(AccountId) -> Passed,
    ) -> Result<(), Violation> {
        for new in added {
            let place = Place::of(new.report.value());
            ensure(
                !self.revoked.contains(&place.chain.device),
                "a removed device was credited",
            )?;
            ensure(
                !self.frozen.contains(&place.chain),
                "a frozen chain went on",
            )?;
            check_place(shelf, place, new)?;
            let sum = self.sums.entry(new.account).or_default();
            *sum = sum.plus(shelf, new);
            if new.receipt.value().at == now {
                check_wait(shelf, policy, new, now)?;
            }
            let Passed { most, restored } = passed(new.account);
            let backlogs = u128::from(restored);
            let time = most.time + backlogs * (u128::from(policy.time_backlog.get()) + DAY_MS);
            ensure(sum.ms <= time, "more time was awarded than has passed")?;
            let days = most.bytes + backlogs * (u128::from(policy.byte_backlog.get()) + DAY_MS);
            let allowed = days * u128::from(policy.bytes_per_day.get());
            ensure(
                sum.bytes * DAY_MS <= allowed,
                "more bytes were awarded than are allowed",
            )?;
        }
        Ok(())
    }

    /// Computes everything again from all stored reports.
    pub(super) fn check_all(&self, shelf: &Shelf) -> Result<(), Violation> {
        let mut sums: BTreeMap<AccountId, Sum> = BTreeMap::new();
        let mut heads = BTreeMap::new();
        for (place, stored) in &shelf.reports {
            check_place(shelf, *place, stored)?;
            let sum = sums.entry(stored.account).or_default();
            *sum = sum.plus(shelf, stored);
            heads.insert(place.chain, (place.sequence, stored));
        }
        ensure(sums == self.sums, "the sums are not those of the reports")?;
        let evidence: BTreeSet<_> = shelf.forks.iter().map(|place| place.chain).collect();
        for (key, chain) in &shelf.chains {
            let (sequence, last) = match heads.get(key) {
                Some((sequence, stored)) => (*sequence, Some(stored)),
                None => (0, None),
            };
            let link = last.map(|stored| stored.report.value().link());
            let total = last.map_or(0, |stored| stored.receipt.value().awarded_total.get());
            ensure(
                chain.head.sequence == sequence
                    && link.is_none_or(|link| link == chain.head.link)
                    && chain.awarded_total.get() == total,
                "a chain does not stand where its reports end",
            )?;
            ensure(
                chain.frozen == evidence.contains(key),
                "a chain is frozen without evidence, or has evidence and is not frozen",
            )?;
        }
        Ok(())
    }
}

impl Sum {
    fn plus(self, shelf: &Shelf, new: &Stored) -> Self {
        let receipt = new.receipt.value();
        // Awards from before the account was opened were put back into it: it has not earned them.
        if receipt.at < shelf.accounts[&new.account].opened {
            return self;
        }
        Self {
            ms: self.ms + u128::from(receipt.awarded_duration.get()),
            bytes: self.bytes + u128::from(receipt.awarded_bytes.get()),
        }
    }
}

/// However the clock went: nobody earns nothing for longer than a backlog.
fn check_wait(shelf: &Shelf, policy: &Policy, new: &Stored, now: UnixMs) -> Result<(), Violation> {
    let budgets = shelf.accounts[&new.account].budgets;
    let enrolled = shelf.devices[&new.report.value().key].enrolled;
    let time = policy.time_backlog.get();
    ensure(
        budgets.time_paid_to.since(now) <= time
            && enrolled.since(now) <= time
            && budgets.bytes_paid_to.since(now) <= policy.byte_backlog.get(),
        "an account waits for longer than a backlog",
    )
}

/// A report and its receipt, and the ones before them.
fn check_place(shelf: &Shelf, place: Place, new: &Stored) -> Result<(), Violation> {
    let (report, receipt) = (new.report.value(), new.receipt.value());
    ensure(Place::of(report) == place, "a report at another place")?;
    ensure(
        receipt.answers(report).is_ok(),
        "a receipt does not answer its report",
    )?;
    let Some(before) = place.sequence.checked_sub(1).filter(|before| *before > 0) else {
        return ensure(
            receipt.awarded_total == receipt.amount,
            "a first total is not the first amount",
        );
    };
    let before = Place {
        sequence: before,
        ..place
    };
    let before = shelf.reports.get(&before);
    let before = before.ok_or_else(|| Violation::new("a report without the one before it"))?;
    ensure(
        report.previous == before.report.value().link(),
        "a report does not follow the one before it",
    )?;
    ensure(
        receipt.follows(before.receipt.value()).is_ok(),
        "a receipt does not follow the one before it",
    )
}
