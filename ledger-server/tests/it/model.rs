//! The real ledger against a model of it in plain lists, step by step: the same answers and the
//! same awards. Any database can run it; the receipts do not depend on the database either.

use crate::{
    clocked::{BEGINNING, DAY, HOUR, SetClock, awarded, word},
    home::Home,
    rng::Rng,
    support::{SEED, challenge, claim, far, receipt, receipt_bytes},
};
use meter_core::{
    AccountId, ChainId, EnrolmentRule, LedgerSigner, LinkHash, Reason, Reasons, SessionReport,
    Verified,
};
use meter_testkit::device::Device;
use onionmeter_ledger::{ledger::Ledger, store::Store};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, sync::Arc};

/// Reports of a run.
const STEPS: usize = 10_000;
/// SHA-256 of all answers and receipts of the run. It is the same on every database, because every
/// receipt follows from the seed, the clock of the test and the key of the ledger. Whoever changes
/// what the run sends, or a format, takes the new value from the failure.
const ANSWERS: &str = "d2abf02646744008f9627b04ca083a4bc9aa4dd659bb3b21548335467aeaa607";

/// The rules once more, as lists that are searched and added up.
#[derive(Default)]
struct Model {
    now: u64,
    /// When each account was opened.
    opened: Vec<u64>,
    /// Account, time of enrolment, whether it was removed.
    devices: Vec<(usize, u64, bool)>,
    /// Device, chain, time.
    begun: Vec<(usize, ChainId, u64)>,
    frozen: Vec<(usize, ChainId)>,
    /// Of each account: a list of all would be searched for minutes.
    rows: BTreeMap<usize, Vec<Row>>,
}

#[derive(Clone, Copy)]
struct Row {
    device: usize,
    report: SessionReport,
    at: u64,
    ms: u64,
    bytes: u64,
    reasons: Reasons,
    total: u64,
}

enum Expected {
    Word(String),
    New(Row),
    Old,
}

impl Model {
    fn take(&mut self, device: usize, report: &SessionReport) -> Expected {
        let of_chain = |row: &&Row| row.device == device && row.report.chain == report.chain;
        let account = self.devices[device].0;
        let of_account = self.rows.get(&account).map_or(&[][..], Vec::as_slice);
        let rows: Vec<Row> = of_account.iter().filter(of_chain).copied().collect();
        let taken = rows
            .iter()
            .find(|row| row.report.sequence == report.sequence);
        if taken.is_some_and(|row| row.report.link() == report.link()) {
            return Expected::Old;
        }
        if self.devices[device].2 {
            return Expected::Word("unknown device".to_owned());
        }
        let at = rows.len() as u64;
        let chain = (device, report.chain);
        if taken.is_some() && !self.frozen.contains(&chain) {
            self.frozen.push(chain);
        }
        if self.frozen.contains(&chain) {
            return Expected::Word(format!("conflict, frozen at {at}"));
        }
        let genesis = meter_core::ChainHead::genesis(report.chain, report.key);
        let link = rows.last().map_or(genesis.link, |row| row.report.link());
        if report.sequence != at + 1 || report.previous != link {
            return Expected::Word(format!("conflict, open at {at}"));
        }
        let sum = |of: fn(&SessionReport) -> u64| -> u64 {
            rows.iter().map(|row| of(&row.report)).sum::<u64>() + of(report)
        };
        let totals = (
            sum(|r| r.duration.get()),
            sum(|r| r.bytes_up.get()),
            sum(|r| r.bytes_down.get()),
            sum(|r| r.amount.get()),
        );
        let said = report.totals;
        let said = (
            said.duration.get(),
            said.bytes_up.get(),
            said.bytes_down.get(),
            said.amount.get(),
        );
        if totals != said {
            return Expected::Word("refused".to_owned());
        }
        if !self.begun.iter().any(|begun| (begun.0, begun.1) == chain) {
            let since =
                |begun: &&(usize, ChainId, u64)| begun.0 == device && begun.2 + DAY > self.now;
            if self.begun.iter().filter(since).count() >= 20 {
                return Expected::Word("too many chains".to_owned());
            }
            self.begun.push((device, report.chain, self.now));
        }
        let row = self.award(device, report, &rows);
        self.rows.entry(account).or_default().push(row);
        Expected::New(row)
    }

    fn award(&self, device: usize, report: &SessionReport, chain: &[Row]) -> Row {
        let (account, enrolled, _) = self.devices[device];
        // Up to when the account was paid, from all that it was ever paid.
        let (mut time, mut bytes) = (self.opened[account], self.opened[account]);
        let days =
            |bytes: u64| u64::try_from((u128::from(bytes) * 86_400_000).div_ceil(2_000_000_000));
        for row in self.rows.get(&account).into_iter().flatten() {
            time = time.max(row.at.saturating_sub(7 * DAY)) + row.ms;
            bytes = bytes.max(row.at.saturating_sub(DAY)) + days(row.bytes).expect("small");
        }
        let time_left = self.now.saturating_sub(time).min(7 * DAY);
        let bytes_left = u128::from(self.now.saturating_sub(bytes).min(DAY)) * 2_000_000_000;
        let bytes_left = u64::try_from(bytes_left / 86_400_000).expect("small");
        let claimed = report.bytes_up.get() + report.bytes_down.get();
        let capped = report.duration.get().min(2 * HOUR);
        let possible = capped.min(self.now.saturating_sub(enrolled));
        let (ms, bytes) = (possible.min(time_left), claimed.min(bytes_left));
        let reasons = [
            (ms < possible, Reason::TimeBudget),
            (bytes < claimed, Reason::ByteBudget),
            (possible < capped, Reason::BeforeEnrolment),
            (capped < report.duration.get(), Reason::SessionCap),
        ];
        let reasons = reasons
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, reason)| *reason);
        let total: u64 = chain
            .iter()
            .map(|row| row.ms * 100_000 + row.bytes * 500)
            .sum();
        Row {
            device,
            report: *report,
            at: self.now,
            ms,
            bytes,
            reasons: reasons.collect(),
            total: total + ms * 100_000 + bytes * 500,
        }
    }
}

/// A ledger, its model, and the devices of both.
struct Pair {
    ledger: Arc<Ledger>,
    clock: SetClock,
    rng: Rng,
    model: Model,
    devices: Vec<(Device, Vec<Verified<SessionReport>>)>,
    accounts: Vec<AccountId>,
    receipts: BTreeMap<LinkHash, [u8; 264]>,
    answers: Vec<(String, Option<[u8; 264]>)>,
}

impl Pair {
    fn enrol(&mut self) {
        let device = Device::numbered(self.devices.len() as u64);
        let joins = !self.accounts.is_empty() && self.rng.chance(500);
        let account = self.rng.index(self.accounts.len().max(1));
        let room = |account: usize| {
            self.model
                .devices
                .iter()
                .filter(|d| d.0 == account && !d.2)
                .count()
        };
        let code = (joins && room(account) < 10).then(|| {
            let code = self.ledger.invite(Some(self.accounts[account]), 60_000);
            code.expect("a code").0.hash()
        });
        let account = if code.is_some() {
            account
        } else {
            self.accounts.len()
        };
        let statement = device.enrolment(self.ledger.key(), challenge(), code);
        let enrolled = self.ledger.enrol(&statement, far()).expect("enrolled");
        let now = self.model.now;
        if account == self.accounts.len() {
            self.accounts.push(enrolled.account);
            self.model.opened.push(now);
        }
        assert_eq!(enrolled.account, self.accounts[account]);
        let number = self.devices.len();
        self.model.devices.push((account, now, false));
        self.model.begun.push((number, device.head().chain, now));
        self.devices.push((device, Vec::new()));
    }

    /// Reports of one device: what follows, what was sent before, and what no device should sign.
    fn batch(&mut self) -> (usize, Vec<Verified<SessionReport>>) {
        let number = self.rng.index(self.devices.len());
        let (device, sent) = &mut self.devices[number];
        let mut batch = Vec::new();
        for _ in 0..=self.rng.below(25) {
            let (ms, bytes) = (self.rng.below(3 * HOUR), self.rng.below(1_000_000_000));
            match self.rng.below(100) {
                0..=14 if !sent.is_empty() => batch.push(sent[self.rng.index(sent.len())].clone()),
                15..=16 => batch.push(device.draft(ms + 1, bytes)),
                17..=20 => {
                    // One that is never sent: the next one does not follow.
                    let before = *device.head();
                    let _ = device.report(ms, bytes);
                    batch.push(device.report(ms, bytes));
                    device.go_on_from(before);
                }
                21..=22 if device.head().sequence > 0 => {
                    let mut head = *device.head();
                    head.totals.duration = meter_core::DurationMs::from_u32(7);
                    let before = *device.head();
                    device.go_on_from(head);
                    batch.push(device.draft(ms, bytes));
                    device.go_on_from(before);
                }
                // Every eighth device begins one chain after the other.
                turn @ 23..=80 if turn < 27 || number.is_multiple_of(8) => {
                    let mut id = [0; 16];
                    id[..8].copy_from_slice(&self.rng.next().to_be_bytes());
                    device.begin_chain(ChainId(id));
                }
                _ => {
                    let report = device.report(ms, bytes);
                    sent.push(report.clone());
                    batch.push(report);
                }
            }
        }
        (number, batch)
    }

    async fn submit(&mut self) {
        let (number, batch) = self.batch();
        let claims = batch.iter().map(claim).collect();
        let outcomes = self.ledger.submit(claims, |_| true).await;
        for (report, outcome) in batch.iter().zip(&outcomes) {
            let (value, word) = (report.value(), word(outcome));
            let step = self.answers.len();
            let kept = match self.model.take(number, value) {
                Expected::Word(expected) => {
                    assert_eq!(word, expected, "step {step}");
                    None
                }
                Expected::Old => {
                    assert_eq!(word, "replay", "step {step}");
                    let bytes = receipt_bytes(outcome);
                    assert_eq!(self.receipts[&value.link()], bytes, "step {step}");
                    Some(bytes)
                }
                Expected::New(row) => {
                    assert_eq!(word, "accepted", "step {step}");
                    let receipt = receipt(&self.ledger, outcome, value);
                    let found = (
                        receipt.at.get(),
                        receipt.awarded_duration.get(),
                        receipt.awarded_bytes.get(),
                        receipt.reasons,
                        receipt.awarded_total.get(),
                    );
                    let expected = (
                        BEGINNING + row.at,
                        row.ms,
                        row.bytes,
                        row.reasons,
                        row.total,
                    );
                    assert_eq!(found, expected, "step {step}");
                    self.receipts.insert(value.link(), receipt_bytes(outcome));
                    Some(receipt_bytes(outcome))
                }
            };
            self.answers.push((word, kept));
        }
    }

    fn remove(&mut self) {
        let number = self.rng.index(self.devices.len());
        let removed = self.ledger.revoke(self.devices[number].0.key(), None);
        let (_, _, is_removed) = &mut self.model.devices[number];
        assert_eq!(removed.is_ok(), !*is_removed);
        *is_removed = true;
    }

    fn advance(&mut self) {
        let now = &mut self.model.now;
        *now = match self.rng.below(1000) {
            0..=4 => *now + self.rng.below(40 * DAY),
            5..=9 => now.saturating_sub(self.rng.below(DAY)),
            _ => *now + self.rng.below(HOUR),
        };
        self.clock.set(*now);
    }

    fn check_balances(&self) {
        for (number, account) in self.accounts.iter().enumerate() {
            let rows = self.model.rows.get(&number).into_iter().flatten();
            let sums = rows.fold((0, 0), |sum, row| (sum.0 + row.ms, sum.1 + row.bytes));
            assert_eq!(awarded(&self.ledger, *account), sums, "account {number}");
        }
    }
}

#[tokio::test]
async fn the_ledger_answers_ten_thousand_reports_as_its_model_does_and_alike_on_every_database() {
    let (home, clock) = (Home::new(), SetClock::new());
    let store = Store::open(&home.place()).expect("a database");
    let store = store.with_clock(clock.clock());
    let ledger = Ledger::start(store, LedgerSigner::from_seed(&SEED), EnrolmentRule::Open);
    let mut pair = Pair {
        ledger: Arc::new(ledger.expect("a ledger")),
        clock,
        rng: Rng(42),
        model: Model::default(),
        devices: Vec::new(),
        accounts: Vec::new(),
        receipts: BTreeMap::new(),
        answers: Vec::new(),
    };
    pair.enrol();
    while pair.answers.len() < STEPS {
        pair.advance();
        match pair.rng.below(100) {
            0..=2 if pair.devices.len() < 200 => pair.enrol(),
            3 if pair.rng.chance(300) => pair.remove(),
            _ => pair.submit().await,
        }
    }
    pair.check_balances();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut hash = Sha256::new();
    for (word, receipt) in &pair.answers {
        let kind = word.split(" at ").next().expect("a word");
        *kinds.entry(kind).or_default() += 1;
        hash.update(word);
        hash.update(receipt.as_ref().map_or(&[][..], |receipt| &receipt[..]));
    }
    println!("{kinds:?}");
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    assert_eq!(hex::encode(hash.finalize()), ANSWERS);
}
