//! Devices, two instances of a ledger, and what goes wrong between them.

mod traffic;

use super::{Bug, Violation, audit::Audit, earnable::Earnable, host::Host, shelf::Shelf};
use crate::rng::Rng;
use meter_core::{AccountId, ChainId, DeviceKey, EnrolmentRule, LedgerSigner, Policy, UnixMs};
use onionmeter_ledger::books::Place;
use std::collections::{BTreeMap, BTreeSet};

const BEGINNING: u64 = 1_800_000_000_000;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Devices at the beginning.
const HOSTS: u64 = 1_500;
pub(super) struct World {
    rng: Rng,
    bug: Option<Bug>,
    now: u64,
    earnable: Earnable,
    /// How far the clock is ahead, and for how many steps more.
    ahead: Option<(u64, u64)>,
    signer: LedgerSigner,
    policy: Policy,
    shelf: Shelf,
    audit: Audit,
    backup: Option<(Shelf, Audit)>,
    restores: u64,
    /// How often the ledger had been restored when an account was opened.
    opened_after: BTreeMap<AccountId, u64>,
    /// What could be earned before it was opened.
    began: BTreeMap<AccountId, [i128; 2]>,
    hosts: Vec<Host>,
    counts: BTreeMap<&'static str, u64>,
}

impl World {
    pub(super) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let signer = LedgerSigner::from_seed(&[0x11; 32]);
        let policy = Policy::first(signer.key(), EnrolmentRule::Open, UnixMs::ZERO);
        let mut world = Self {
            rng: Rng(seed),
            bug,
            now: BEGINNING,
            earnable: Earnable::new(UnixMs::new(BEGINNING).expect("small"), &policy),
            ahead: None,
            signer,
            policy,
            shelf: Shelf::default(),
            audit: Audit::default(),
            backup: None,
            restores: 0,
            opened_after: BTreeMap::new(),
            began: BTreeMap::new(),
            hosts: Vec::new(),
            counts: BTreeMap::new(),
        };
        for _ in 0..HOSTS {
            world.add_host();
        }
        world
    }

    pub(super) fn submitted(&self) -> u64 {
        self.counts.get("submitted").copied().unwrap_or(0)
    }

    pub(super) fn summary(&self) -> String {
        format!("{} devices, {:?}", self.hosts.len(), self.counts)
    }

    fn count(&mut self, what: &'static str, by: usize) {
        *self.counts.entry(what).or_default() += by as u64;
    }

    fn time(&self) -> UnixMs {
        UnixMs::new(self.now).expect("a small time")
    }

    pub(super) fn step(&mut self) -> Result<(), Violation> {
        self.now += self.rng.below(60_000);
        self.set_right();
        self.earnable.reads(self.time());
        match self.rng.below(1000) {
            0..=39 => self.add_host(),
            40..=44 => self.remove_host(),
            45..=49 => self.copy_host(),
            50..=59 => self.set_host_back(),
            60..=61 => self.jump(),
            62 => {
                self.backup = Some((self.shelf.clone(), self.audit.clone()));
                self.count("backups", 1);
            }
            // Often at first; later each one costs more time.
            63 if self.shelf.reports.len() < 30_000 || self.rng.chance(100) => self.restore()?,
            64..=67 => self.go_far_ahead(),
            _ => self.traffic()?,
        }
        Ok(())
    }

    fn add_host(&mut self) {
        let mut seed = [0x33; 32];
        seed[..8].copy_from_slice(&self.rng.next().to_be_bytes());
        let mut chain = ChainId([0; 16]);
        chain.0[..8].copy_from_slice(&self.rng.next().to_be_bytes());
        let honest = self.rng.chance(700);
        if !honest && !self.hosts.is_empty() && self.rng.chance(200) {
            // It has learned the id of somebody else's chain.
            let victim = self.rng.index(self.hosts.len());
            chain = self.hosts[victim].device.head().chain;
        }
        let account = if !self.hosts.is_empty() && self.rng.chance(300) {
            let other = self.rng.index(self.hosts.len());
            self.hosts[other].account
        } else {
            AccountId(chain_of(&mut self.rng))
        };
        self.hosts
            .push(Host::new(seed, chain, honest, account, self.now));
        self.enrol(self.hosts.len() - 1);
    }

    fn enrol(&mut self, host: usize) {
        let (now, host) = (self.time(), &self.hosts[host]);
        if !self.shelf.accounts.contains_key(&host.account) {
            self.shelf.open_account(host.account, now);
            let began = self.earnable.begins(now);
            self.began.insert(host.account, began);
            // Opened anew: awards of its first life may come back.
            let was_there = self.opened_after.contains_key(&host.account);
            let after = if was_there { 0 } else { self.restores };
            self.opened_after.insert(host.account, after);
        }
        self.shelf.enrol(host.account, host.beginning(), now);
    }

    fn remove_host(&mut self) {
        let host = self.rng.index(self.hosts.len());
        let key = self.hosts[host].device.key();
        if let Some(device) = self.shelf.devices.get_mut(&key) {
            device.revoked = true;
            self.audit.revoked.insert(key);
            self.count("removed", 1);
        }
    }

    fn copy_host(&mut self) {
        let host = self.rng.index(self.hosts.len());
        let copy = self.hosts[host].copy();
        self.hosts.push(copy);
        self.count("copies", 1);
    }

    fn set_host_back(&mut self) {
        let (host, by) = (self.rng.index(self.hosts.len()), self.rng.index(4));
        self.hosts[host].set_back(by + 1);
        self.count("devices set back", 1);
    }

    /// Forward by hours or days, or back by hours.
    fn jump(&mut self) {
        self.now = match self.rng.below(3) {
            0 => self.now + self.rng.below(12 * HOUR_MS),
            1 => self.now + self.rng.below(4 * DAY_MS),
            _ => self.now - self.rng.below(6 * HOUR_MS),
        };
        self.earnable.reads(self.time());
        self.count("jumps of the clock", 1);
    }

    /// The clock is wrong for some time, by more than any backlog.
    fn go_far_ahead(&mut self) {
        if self.ahead.is_none() {
            let by = (30 + self.rng.below(400)) * DAY_MS;
            self.ahead = Some((by, self.rng.below(400)));
            self.now += by;
            self.earnable.reads(self.time());
            self.count("far ahead", 1);
        }
    }

    fn set_right(&mut self) {
        self.ahead = match self.ahead {
            Some((by, 0)) => {
                self.now -= by;
                self.count("set right", 1);
                None
            }
            Some((by, steps)) => Some((by, steps - 1)),
            None => None,
        };
    }

    fn restore(&mut self) -> Result<(), Violation> {
        self.audit.check_all(&self.shelf)?;
        if let Some((shelf, audit)) = self.backup.clone() {
            (self.shelf, self.audit) = (shelf, audit);
            self.restores += 1;
            self.count("restores", 1);
        }
        Ok(())
    }

    /// A device that is unknown was removed, or a restored ledger has forgotten it.
    fn meet_unknown(&mut self, unknown: &BTreeSet<usize>) -> Result<(), Violation> {
        let mut forgotten: BTreeMap<DeviceKey, usize> = BTreeMap::new();
        for &number in unknown {
            let key = self.hosts[number].device.key();
            if self.audit.revoked.contains(&key) {
                self.hosts[number].gone = true;
            } else if self.shelf.devices.contains_key(&key) {
                return Err(Violation::new("an enrolled device is unknown"));
            } else {
                forgotten.insert(key, number);
            }
        }
        for number in forgotten.into_values() {
            self.enrol(number);
            self.count("enrolled again", 1);
        }
        Ok(())
    }

    /// Nothing goes wrong any more, until every honest device has everything.
    pub(super) fn settle(&mut self) -> Result<(), Violation> {
        for number in 0..self.hosts.len() {
            if !self.hosts[number].honest {
                continue;
            }
            self.hosts[number].look_again();
            for _ in 0..10_000 {
                let host = &self.hosts[number];
                if host.gone || host.is_done() {
                    break;
                }
                let reports = host.batch(&mut self.rng, 64);
                let batch = reports.into_iter().map(|report| (number, report)).collect();
                let mut unknown = BTreeSet::new();
                self.transact(&batch, None, traffic::Fate::Delivered, &mut unknown)?;
                self.meet_unknown(&unknown)?;
            }
            self.check_host(number)?;
        }
        self.audit.check_all(&self.shelf)
    }

    fn check_host(&self, number: usize) -> Result<(), Violation> {
        let host = &self.hosts[number];
        if host.gone {
            return Ok(());
        }
        if !host.is_done() {
            return Err(Violation::new("an honest report got no receipt"));
        }
        for (report, receipt) in host.held() {
            let place = Place::of(report);
            let stored = self.shelf.reports.get(&place).map(|stored| stored.bytes());
            if stored != Some(receipt) {
                return Err(Violation::new(
                    "a receipt that a device holds is not stored",
                ));
            }
        }
        Ok(())
    }
}

fn chain_of(rng: &mut Rng) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&rng.next().to_be_bytes());
    id
}
