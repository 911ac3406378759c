//! What a lie earns: whatever devices claim, an account is awarded no more than its age allows, and
//! who tells the truth is awarded all of it.

use crate::simulation::{earnable::Earnable, shelf::Shelf};
use meter_core::{
    AccountId, Amount, ChainId, EnrolmentRule, LedgerSigner, Policy, Receipt, SessionReport,
    UnixMs, Verified,
};
use meter_testkit::device::Device;
use onionmeter_ledger::{
    apply::{Decision, Submission},
    books::Books,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const BEGINNING: u64 = 1_800_000_000_000;
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// The decisions of the product on tables in memory.
struct Pure {
    shelf: Shelf,
    signer: LedgerSigner,
    policy: Policy,
    now: u64,
}

impl Pure {
    fn new() -> Self {
        let signer = LedgerSigner::from_seed(&[5; 32]);
        let policy = Policy::first(signer.key(), EnrolmentRule::Open, UnixMs::ZERO);
        Self {
            shelf: Shelf::default(),
            signer,
            policy,
            now: 0,
        }
    }

    fn time(&self) -> UnixMs {
        UnixMs::new(BEGINNING + self.now).expect("a small time")
    }

    /// Enrols a device, in a new account if there is none with this number.
    fn enrol(&mut self, account: u8, device: &Device) {
        let (id, now) = (AccountId([account; 16]), self.time());
        if !self.shelf.accounts.contains_key(&id) {
            self.shelf.open_account(id, now);
        }
        self.shelf.enrol(id, *device.head(), now);
    }

    /// The receipt for a report, if it is taken.
    fn submit(&mut self, report: &Verified<SessionReport>) -> Option<Receipt> {
        let keys = [self.signer.key()].into_iter().collect();
        let mut books = Books::new(UnixMs::ZERO, self.policy, keys);
        let now = self.time();
        let reports = std::iter::once(report.value());
        self.shelf.load(&mut books, now, reports, None);
        let submission = Submission {
            report: report.clone(),
            receipt: None,
        };
        let decisions = books.take_all(&self.signer, [&submission]);
        let [decision] = &decisions.expect("a decision")[..] else {
            panic!("one report, one decision");
        };
        assert!(self.shelf.save(&books, None).is_ok(), "nobody else writes");
        let added = self.shelf.add_reports(&books).expect("its place is free");
        match decision {
            Decision::Accepted(_) => Some(*added[0].receipt.value()),
            _ => None,
        }
    }
}

/// What an account was awarded.
#[derive(Clone, Copy, Default)]
struct Earned {
    ms: u128,
    bytes: u128,
    amount: u64,
}

impl Earned {
    fn add(&mut self, receipt: &Receipt) {
        self.ms += u128::from(receipt.awarded_duration.get());
        self.bytes += u128::from(receipt.awarded_bytes.get());
        self.amount += receipt.amount.get();
    }
}

#[derive(Clone, Debug)]
enum Step {
    Enrol { account: u8 },
    Claim { device: usize, ms: u64, bytes: u64 },
    Chain { device: usize, id: u8 },
    Revoke { device: usize },
    Wait { ms: u64 },
    Jump { to: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let ms = prop_oneof![0..10_000_000_u64, 0..50_000_000_000_u64];
    let bytes = prop_oneof![0..3_000_000_000_u64, 0..100_000_000_000_000_u64];
    prop_oneof![
        1 => (0..3_u8).prop_map(|account| Step::Enrol { account }),
        8 => (any::<usize>(), ms, bytes)
            .prop_map(|(device, ms, bytes)| Step::Claim { device, ms, bytes }),
        1 => (any::<usize>(), any::<u8>()).prop_map(|(device, id)| Step::Chain { device, id }),
        1 => any::<usize>().prop_map(|device| Step::Revoke { device }),
        4 => (0..6 * HOUR).prop_map(|ms| Step::Wait { ms }),
        1 => (0..400 * DAY).prop_map(|to| Step::Jump { to }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Σ awarded time ≤ the ledger's time since the account was opened, and of each jump of its
    /// clock no more than a backlog; Σ awarded bytes ≤ what the policy allows for it: after each
    /// step, for each account.
    #[test]
    fn no_sequence_of_lies_beats_the_age_of_its_account(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let mut pure = Pure::new();
        let mut earnable = Earnable::new(pure.time(), &pure.policy);
        let mut began = BTreeMap::new();
        let mut devices: Vec<(u8, Device)> = Vec::new();
        let mut earned: BTreeMap<u8, Earned> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Enrol { account } => {
                    let device = Device::numbered(devices.len() as u64);
                    pure.enrol(account, &device);
                    began.entry(account).or_insert_with(|| earnable.begins(pure.time()));
                    devices.push((account, device));
                }
                Step::Wait { ms } => pure.now += ms,
                Step::Jump { to } => pure.now = to,
                _ if devices.is_empty() => (),
                Step::Claim { device, ms, bytes } => {
                    let index = device % devices.len();
                    let (account, device) = &mut devices[index];
                    let report = device.report(ms, bytes);
                    if let Some(receipt) = pure.submit(&report) {
                        prop_assert!(receipt.answers(report.value()).is_ok());
                        earned.entry(*account).or_default().add(&receipt);
                    }
                }
                Step::Chain { device, id } => {
                    let index = device % devices.len();
                    devices[index].1.begin_chain(ChainId([id; 16]));
                }
                Step::Revoke { device } => {
                    let key = devices[device % devices.len()].1.key();
                    pure.shelf.devices.get_mut(&key).expect("enrolled").revoked = true;
                }
            }
            earnable.reads(pure.time());
            for (account, earned) in &earned {
                let most = earnable.since(began[account]);
                prop_assert!(earned.ms <= most.time, "{} of {} ms", earned.ms, most.time);
                let allowed = most.bytes * 2_000_000_000;
                prop_assert!(earned.bytes * u128::from(DAY) <= allowed, "{}", earned.bytes);
            }
        }
    }
}

/// A device that reports ten minutes every ten minutes, with nothing transferred.
fn idler(days: u64) -> Amount {
    let mut pure = Pure::new();
    let mut device = Device::numbered(1);
    pure.enrol(1, &device);
    let mut earned = Earned::default();
    while pure.now < days * DAY {
        pure.now += HOUR / 6;
        let report = device.report(HOUR / 6, 0);
        earned.add(&pure.submit(&report).expect("taken"));
    }
    Amount::new(earned.amount).expect("small")
}

#[test]
fn an_honest_idler_is_awarded_all_of_its_time() {
    let possible = 3 * Pure::new().policy.idle_per_day().get();
    let earned = idler(3).get();
    assert!(earned * 1000 >= possible * 999, "{earned} of {possible}");
    assert!(earned <= possible);
}

/// Whatever they claim, on two devices each, and as often as they can.
#[test]
fn a_thousand_liars_earn_at_most_1_12_times_what_an_idler_earns() {
    let idle = idler(2).get();
    let mut most = 0;
    for liar in 0..1000_u64 {
        let mut pure = Pure::new();
        let mut devices = [Device::numbered(2 * liar), Device::numbered(2 * liar + 1)];
        for device in &devices {
            pure.enrol(1, device);
        }
        let mut earned = Earned::default();
        while pure.now < 2 * DAY {
            pure.now += 4 * HOUR;
            for device in &mut devices {
                let report = device.report(2 * HOUR + liar, 1_000_000_000_000);
                earned.add(&pure.submit(&report).expect("taken"));
            }
        }
        most = most.max(earned.amount);
        let policy = &pure.policy;
        assert!(earned.amount <= 2 * policy.most_per_day().total.get());
    }
    println!("an idler earns {idle} nanocredits in two days, a liar {most}");
    assert!(most * 100 <= idle * 112, "{most} of {idle}");
    assert!(most > idle, "the liars have tried");
}
