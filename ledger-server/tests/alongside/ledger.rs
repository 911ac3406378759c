//! The ledger: the product's own decisions over values in memory, which a test can copy and put
//! back.

use meter_core::{
    AccountId, Budgets, ByteCount, ChainCondition, ChainHead, ChainState, DurationMs,
    EnrolmentRule, KeyChange, LedgerSigner, Policy, PolicyNumber, Receipt, SessionReport, Signed,
    Tariff, UnixMs, Verified,
};
use meter_outbox::{Answer, Batch};
use onionmeter_ledger::{
    apply::{Decision, Submission},
    books::{Account, Books, Chain, ChainKey, Device},
};

pub(crate) const ACCOUNT: AccountId = AccountId([0xac; 16]);
/// The ledger's clock at the beginning.
pub(crate) const BEGINNING: u64 = 1_800_000_000_000;

pub(crate) struct TestLedger {
    books: Books,
    signers: Vec<LedgerSigner>,
    changes: Vec<Verified<KeyChange>>,
    backup: Option<Books>,
}

fn unix(ms: u64) -> UnixMs {
    UnixMs::new(ms).expect("fits")
}

fn signer(number: u8) -> LedgerSigner {
    LedgerSigner::from_seed(&[number; 32])
}

impl TestLedger {
    /// A ledger with a small allowance of bytes, so that it lowers awards.
    pub(crate) fn new() -> Self {
        let signer = signer(1);
        let policy = Policy {
            enrolment: EnrolmentRule::Open,
            ledger: signer.key(),
            number: PolicyNumber(1),
            tariff: Tariff::V1.id(),
            effective_at: unix(BEGINNING),
            time_backlog: DurationMs::from_u32(3_600_000),
            bytes_per_day: ByteCount::from_u32(50_000_000),
            byte_backlog: DurationMs::from_u32(86_400_000),
            session_cap: DurationMs::from_u32(400_000),
            devices_per_account: 10,
            chains_per_day: 1_000_000,
            reports_per_minute: 1_000_000,
        };
        let keys = [signer.key()].into();
        Self {
            books: Books::new(unix(BEGINNING), policy, keys),
            signers: vec![signer],
            changes: Vec::new(),
            backup: None,
        }
    }

    fn signer(&self) -> &LedgerSigner {
        self.signers.last().expect("one at least")
    }

    pub(crate) fn key(&self) -> meter_core::LedgerKey {
        self.signer().key()
    }

    pub(crate) fn policy(&self) -> Verified<Policy> {
        self.signer().sign(&self.books.policy).expect("signed")
    }

    pub(crate) fn enrol(&mut self, head: ChainHead) {
        let now = self.books.now;
        let budgets = Budgets {
            time_paid_to: now,
            bytes_paid_to: now,
        };
        let account = Account {
            open: true,
            opened: now,
            budgets,
            era: 0,
        };
        self.books.accounts.insert(ACCOUNT, account);
        let device = Device {
            account: ACCOUNT,
            enrolled: now,
            revoked: false,
            chains_of_the_day: 0,
        };
        self.books.devices.insert(head.key, device);
        let key = ChainKey {
            device: head.key,
            chain: head.chain,
        };
        let chain = Chain {
            head,
            ..Chain::new(key, now)
        };
        self.books.chains.insert(key, chain);
    }

    /// The ledger's clock can be set, too: it may jump either way.
    pub(crate) fn set_clock(&mut self, ms: u64) {
        self.books.now = unix(ms);
    }

    pub(crate) fn back_up(&mut self) {
        self.backup = Some(self.books.clone());
    }

    /// Puts the older copy back. Whether there was one.
    pub(crate) fn restore(&mut self) -> bool {
        let Some(backup) = self.backup.clone() else {
            return false;
        };
        // The clock goes on, and the keys are in a file of their own.
        let (now, keys) = (self.books.now, self.books.keys.clone());
        self.books = Books {
            now,
            keys,
            ..backup
        };
        true
    }

    /// Changes the key that signs.
    pub(crate) fn rotate(&mut self) {
        let number = u8::try_from(self.signers.len() + 1).expect("few");
        let next = signer(number);
        let change = KeyChange {
            old: self.key(),
            new: next.key(),
            number: number.into(),
            at: self.books.now,
        };
        self.changes
            .push(self.signer().sign(&change).expect("signed"));
        self.books.keys.insert(next.key());
        self.signers.push(next);
    }

    pub(crate) fn keys(&self) -> Vec<Signed<KeyChange>> {
        let changes = self.changes.iter();
        changes.map(|change| change.signed().clone()).collect()
    }

    pub(crate) fn chain(&self, key: ChainKey) -> Signed<ChainState> {
        let known = self.books.chains.get(&key).copied();
        let chain = known.unwrap_or_else(|| Chain::new(key, self.books.now));
        let state = ChainState {
            condition: match chain.frozen {
                true => ChainCondition::Frozen,
                false => ChainCondition::Open,
            },
            ledger: self.key(),
            device: key.device,
            chain: key.chain,
            sequence: chain.head.sequence,
            link: chain.head.link,
            at: self.books.now,
            awarded_total: chain.awarded_total,
        };
        let state = self.signer().sign(&state).expect("signed");
        state.signed().clone()
    }

    pub(crate) fn submit(&mut self, batch: &Batch) -> Vec<Answer> {
        let receipts = batch
            .receipts()
            .iter()
            .map(Some)
            .chain(std::iter::repeat(None));
        let pairs: Vec<_> = batch
            .reports()
            .iter()
            .zip(receipts)
            .map(|(report, receipt)| (report.clone(), receipt.cloned()))
            .collect();
        pairs
            .into_iter()
            .map(|(report, receipt)| self.take(report, receipt))
            .collect()
    }

    /// One report, maybe with the receipt that its device holds.
    pub(crate) fn take(
        &mut self,
        report: Verified<SessionReport>,
        receipt: Option<Signed<Receipt>>,
    ) -> Answer {
        let own = |receipt: Signed<Receipt>| {
            let mut signers = self.signers.iter();
            signers.find_map(|signer| receipt.clone().verify(signer.key()).ok())
        };
        let submission = Submission {
            report,
            receipt: receipt.and_then(own),
        };
        let signer = self.signers.last().expect("one at least");
        let decisions = self.books.take_all(signer, [&submission]);
        let decision = decisions.expect("no bug").remove(0);
        match decision {
            Decision::Accepted(place) | Decision::Replay(place) => {
                let row = self.books.reports.iter().find(|row| row.place == place);
                Answer::Receipt(row.expect("stored").receipt.signed().clone())
            }
            Decision::Conflict(state) => Answer::Conflict(Box::new(state.signed().clone())),
            Decision::Refused(_) => Answer::Refused("chain-totals".to_owned()),
            Decision::UnknownDevice => Answer::UnknownDevice,
            Decision::TooManyChains => Answer::Busy,
        }
    }

    /// Sum of the awards of all chains.
    pub(crate) fn awarded(&self) -> u64 {
        let chains = self.books.chains.values();
        chains.map(|chain| chain.awarded_total.get()).sum()
    }

    /// Whether a place has more than one receipt.
    pub(crate) fn doubles(&self) -> bool {
        let mut places: Vec<_> = self.books.reports.iter().map(|row| row.place).collect();
        places.sort();
        places.windows(2).any(|pair| pair[0] == pair[1])
    }
}
