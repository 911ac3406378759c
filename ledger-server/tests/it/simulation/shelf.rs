//! What the database would hold, in memory: loads and saves as `shelf.rs` of the ledger does.

use super::{Bug, Violation};
use meter_core::{
    AccountId, ChainHead, DeviceKey, Receipt, SIGNATURE_BYTES, SessionReport, UnixMs, Verified,
};
use onionmeter_ledger::books::{Account, Books, Chain, ChainKey, Device, Place, Taken};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const DAY_MS: u64 = 86_400_000;

/// A report as it is stored.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) account: AccountId,
    pub(crate) report: Arc<Verified<SessionReport>>,
    pub(crate) receipt: Arc<Verified<Receipt>>,
}

impl Stored {
    /// The receipt as it is stored and sent.
    pub(crate) fn bytes(&self) -> [u8; 264] {
        bytes(&self.receipt)
    }
}

pub(crate) fn bytes(receipt: &Verified<Receipt>) -> [u8; 264] {
    let mut bytes = [0; 264];
    let (body, signature) = bytes.split_at_mut(264 - SIGNATURE_BYTES);
    body.copy_from_slice(receipt.signed().body());
    signature.copy_from_slice(receipt.signed().signature());
    bytes
}

/// The tables.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) devices: BTreeMap<DeviceKey, Device>,
    pub(crate) chains: BTreeMap<ChainKey, Chain>,
    pub(crate) reports: BTreeMap<Place, Stored>,
    pub(crate) forks: BTreeSet<Place>,
    numbers: i64,
}

/// Another transaction has moved a chain meanwhile: the same again.
pub(crate) struct Lost;

impl Shelf {
    pub(crate) fn open_account(&mut self, id: AccountId, now: UnixMs) {
        self.accounts.insert(id, Account::new(now));
    }

    /// Enrols a device that is not enrolled, with its chain where it stands.
    pub(crate) fn enrol(&mut self, account: AccountId, head: ChainHead, now: UnixMs) {
        let device = Device {
            account,
            enrolled: now,
            revoked: false,
            chains_of_the_day: 0,
        };
        self.devices.insert(head.key, device);
        let key = ChainKey {
            device: head.key,
            chain: head.chain,
        };
        self.numbers += 1;
        let chain = Chain {
            number: Some(self.numbers),
            head,
            stored_sequence: head.sequence,
            ..Chain::new(key, now)
        };
        self.chains.insert(key, chain);
    }

    pub(crate) fn load<'a>(
        &self,
        books: &mut Books,
        now: UnixMs,
        reports: impl Iterator<Item = &'a SessionReport> + Clone,
        bug: Option<Bug>,
    ) {
        books.now = now;
        for report in reports {
            let place = Place::of(report);
            let key = place.chain;
            let Some(device) = self.devices.get(&key.device) else {
                continue;
            };
            let account = self.accounts.get(&device.account).copied();
            books
                .accounts
                .extend(account.map(|account| (device.account, account)));
            let chain = self.chain(key, bug);
            books.chains.extend(chain.map(|chain| (key, chain)));
            let device = books.devices.entry(key.device).or_insert(*device);
            if bug == Some(Bug::RevocationForgotten) {
                device.revoked = false;
            }
            if chain.is_none() {
                device.chains_of_the_day = self.chains_of_the_day(key.device, now);
            }
            let behind = chain.filter(|chain| place.sequence <= chain.head.sequence);
            if let Some(stored) = behind.and_then(|_| self.reports.get(&place)) {
                let link = stored.report.value().link();
                books.taken.insert(place, Taken { link });
            }
        }
    }

    fn chain(&self, key: ChainKey, bug: Option<Bug>) -> Option<Chain> {
        let chain = if bug == Some(Bug::ChainByIdAlone) {
            let mut chains = self.chains.iter();
            chains
                .find(|(other, _)| other.chain == key.chain)
                .map(|(_, chain)| chain)
        } else {
            self.chains.get(&key)
        };
        // As it is read: where it stands is where it stood.
        chain.map(|chain| Chain {
            stored_sequence: chain.head.sequence,
            ..*chain
        })
    }

    fn chains_of_the_day(&self, device: DeviceKey, now: UnixMs) -> u32 {
        let of_device = |key: &ChainKey| key.device == device;
        let from = ChainKey {
            device,
            chain: meter_core::ChainId([0; 16]),
        };
        let chains = self
            .chains
            .range(from..)
            .take_while(|(key, _)| of_device(key));
        let new = chains.filter(|(_, chain)| chain.began.get().abs_diff(now.get()) < DAY_MS);
        u32::try_from(new.count()).expect("few")
    }

    /// Writes what has changed, all or nothing.
    pub(crate) fn save(&mut self, books: &Books, bug: Option<Bug>) -> Result<(), Lost> {
        for key in &books.moved {
            let (now, then) = (&books.chains[key], self.chains.get(key));
            let stands = match (now.number, then) {
                (Some(number), Some(then)) => {
                    then.number == Some(number) && then.head.sequence == now.stored_sequence
                }
                (None, None) => true,
                _ => false,
            };
            if !stands {
                return Err(Lost);
            }
        }
        for key in &books.moved {
            let mut chain = books.chains[key];
            if chain.number.is_none() {
                self.numbers += 1;
                chain.number = Some(self.numbers);
            }
            if bug == Some(Bug::FreezeNotSaved) {
                chain.frozen = false;
            }
            self.chains.insert(*key, chain);
        }
        for key in &books.set_right {
            let enrolled = books.devices[key].enrolled;
            self.devices
                .entry(*key)
                .and_modify(|device| device.enrolled = enrolled);
        }
        for id in &books.paid {
            if bug != Some(Bug::BudgetsNotSaved) {
                self.accounts.insert(*id, books.accounts[id]);
            }
        }
        self.forks.extend(books.forks.iter().map(|fork| fork.place));
        Ok(())
    }

    /// Adds the reports of books that were saved. The primary key refuses a second one.
    pub(crate) fn add_reports(&mut self, books: &Books) -> Result<Vec<Stored>, Violation> {
        let mut added = Vec::new();
        for new in &books.reports {
            let stored = Stored {
                account: new.account,
                report: Arc::new(new.report.clone()),
                receipt: Arc::new(new.receipt.clone()),
            };
            if self.reports.insert(new.place, stored.clone()).is_some() {
                return Err(Violation::new("a place was awarded twice"));
            }
            added.push(stored);
        }
        Ok(added)
    }
}
