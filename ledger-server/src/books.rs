//! What the ledger knows about the accounts, devices and chains that a batch of reports touches:
//! plain values, read before a decision and written after it.

use meter_core::{
    AccountId, Allowance, Amount, Budgets, ByteCount, ChainCondition, ChainHead, ChainId,
    ChainState, DeviceKey, DurationMs, LedgerKey, LinkHash, Policy, Receipt, SIGNATURE_BYTES,
    SessionReport, UnixMs, Verified,
};
use std::collections::{BTreeMap, BTreeSet};

/// Length of a stored report or receipt: body and signature.
pub const SIGNED_BYTES: usize = 200 + SIGNATURE_BYTES;

/// Names a chain: a key and an id together, so that a device which learns an id cannot take the
/// chain.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ChainKey {
    /// The device that signs it.
    pub device: DeviceKey,
    /// Its id.
    pub chain: ChainId,
}

/// Names one place of a chain.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The chain.
    pub chain: ChainKey,
    /// The sequence number.
    pub sequence: u64,
}

/// An account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Account {
    /// Whether it takes reports: its owner has not closed it.
    pub open: bool,
    /// When it was opened.
    pub opened: UnixMs,
    /// Up to when it was paid.
    pub budgets: Budgets,
    /// How often the ledger's clock has come back from far ahead of it.
    pub era: u32,
}

/// An enrolled device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Device {
    /// Its account.
    pub account: AccountId,
    /// When it was enrolled.
    pub enrolled: UnixMs,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Chains that it began on the last day.
    pub chains_of_the_day: u32,
}

/// A chain as the ledger follows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Chain {
    /// Its number in the database; `None` until it is written for the first time.
    pub number: Option<i64>,
    /// Whether its key has signed two histories.
    pub frozen: bool,
    /// When the ledger began to follow it.
    pub began: UnixMs,
    /// Where it stands.
    pub head: ChainHead,
    /// The place where it stood in the database.
    pub stored_sequence: u64,
    /// Time awarded.
    pub awarded_duration: DurationMs,
    /// Bytes awarded.
    pub awarded_bytes: ByteCount,
    /// Sum of the awards.
    pub awarded_total: Amount,
}

impl Chain {
    /// What the ledger says about it at a time.
    #[must_use]
    pub const fn state(&self, ledger: LedgerKey, at: UnixMs) -> ChainState {
        ChainState {
            condition: match self.frozen {
                true => ChainCondition::Frozen,
                false => ChainCondition::Open,
            },
            ledger,
            device: self.head.key,
            chain: self.head.chain,
            sequence: self.head.sequence,
            link: self.head.link,
            at,
            awarded_total: self.awarded_total,
        }
    }
}

/// A report that the ledger has taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Taken {
    /// The link hash of its body. Two bodies with one hash are the same body.
    pub link: LinkHash,
}

/// A report that a batch takes, with its answer: a receipt, at first without its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewReport<R = Verified<Receipt>> {
    /// Its place.
    pub place: Place,
    /// The account that is credited.
    pub account: AccountId,
    /// The account's era. Within one, its awards can be followed in the order of their times.
    pub era: u32,
    /// The report.
    pub report: Verified<SessionReport>,
    /// The receipt.
    pub receipt: R,
}

impl<R> NewReport<R> {
    /// The same report with another receipt.
    #[must_use]
    pub fn with<S>(self, receipt: S) -> NewReport<S> {
        NewReport {
            place: self.place,
            account: self.account,
            era: self.era,
            report: self.report,
            receipt,
        }
    }
}

/// The first other body for a place that is taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewFork {
    /// The place.
    pub place: Place,
    /// The other report.
    pub report: Verified<SessionReport>,
}

/// Everything that one batch reads and changes.
#[derive(Clone, Debug)]
pub struct Books {
    /// The ledger's time.
    pub now: UnixMs,
    /// The policy in force.
    pub policy: Policy,
    /// Every receipt key that this ledger has had.
    pub keys: BTreeSet<LedgerKey>,
    /// The accounts.
    pub accounts: BTreeMap<AccountId, Account>,
    /// The devices.
    pub devices: BTreeMap<DeviceKey, Device>,
    /// The chains.
    pub chains: BTreeMap<ChainKey, Chain>,
    /// Places that are taken.
    pub taken: BTreeMap<Place, Taken>,
    /// Accounts whose budgets have changed.
    pub paid: BTreeSet<AccountId>,
    /// Devices whose time of enrolment was set right.
    pub set_right: BTreeSet<DeviceKey>,
    /// Chains that have changed.
    pub moved: BTreeSet<ChainKey>,
    /// Reports whose receipts are not signed yet. Empty between two calls of
    /// [`Self::take_all`](Books::take_all).
    pub awards: Vec<NewReport<Receipt>>,
    /// Reports to store.
    pub reports: Vec<NewReport>,
    /// Evidence to store.
    pub forks: Vec<NewFork>,
}

impl Books {
    /// Books that hold nothing yet.
    #[must_use]
    pub const fn new(now: UnixMs, policy: Policy, keys: BTreeSet<LedgerKey>) -> Self {
        Self {
            now,
            policy,
            keys,
            accounts: BTreeMap::new(),
            devices: BTreeMap::new(),
            chains: BTreeMap::new(),
            taken: BTreeMap::new(),
            paid: BTreeSet::new(),
            set_right: BTreeSet::new(),
            moved: BTreeSet::new(),
            awards: Vec::new(),
            reports: Vec::new(),
            forks: Vec::new(),
        }
    }
}

impl Account {
    /// An account that is opened at `now`.
    #[must_use]
    pub const fn new(now: UnixMs) -> Self {
        Self {
            open: true,
            opened: now,
            budgets: Budgets::opened(now),
            era: 0,
        }
    }

    /// The account at `now`, if the clock was far ahead when it was opened or paid last. Whatever
    /// is dated from then begins at `now`, and so does an era.
    #[must_use]
    pub fn set_right(self, allowance: &Allowance, now: UnixMs) -> Self {
        let budgets = self.budgets.set_right(allowance, now);
        if budgets == self.budgets {
            return self;
        }
        let is_far_ahead = allowance.is_far_ahead(self.opened, now);
        Self {
            opened: if is_far_ahead { now } else { self.opened },
            budgets,
            era: self.era.saturating_add(1),
            ..self
        }
    }
}

impl Chain {
    /// A chain without reports.
    #[must_use]
    pub fn new(key: ChainKey, now: UnixMs) -> Self {
        Self {
            number: None,
            frozen: false,
            began: now,
            head: ChainHead::genesis(key.chain, key.device),
            stored_sequence: 0,
            awarded_duration: DurationMs::ZERO,
            awarded_bytes: ByteCount::ZERO,
            awarded_total: Amount::ZERO,
        }
    }
}

impl Place {
    /// The place that a report names.
    #[must_use]
    pub const fn of(report: &SessionReport) -> Self {
        Self {
            chain: ChainKey {
                device: report.key,
                chain: report.chain,
            },
            sequence: report.sequence,
        }
    }
}
