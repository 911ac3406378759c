//! A folder, a ledger, and a device whose reports are derived from their numbers.

use meter_core::{
    AccountId, Amount, AnsweredReport, ByteCount, ChainHead, ChainId, DeviceKey, DeviceSigner,
    DurationMs, EnrolmentRule, LedgerKey, LedgerSigner, Policy, PolicyNumber, Reason, Reasons,
    Receipt, SessionReport, SessionTotals, Tariff, UnixMs, Verified,
};
use meter_ledger::{Added, Membership, Receipts};
use std::path::{Path, PathBuf};

pub(crate) const CHAIN: ChainId = ChainId([0xc4; 16]);

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn receipts(&self) -> PathBuf {
        self.file("receipts.sqlite3")
    }
}

pub(crate) fn device() -> DeviceSigner {
    DeviceSigner::from_seed(&[0x51; 32])
}

pub(crate) fn key() -> DeviceKey {
    device().key()
}

pub(crate) fn ledger() -> LedgerSigner {
    LedgerSigner::from_seed(&[0x1e; 32])
}

pub(crate) fn at(ms: u32) -> UnixMs {
    UnixMs::from_u32(ms)
}

fn session(number: u64) -> SessionTotals {
    SessionTotals {
        started_at: at(1_000),
        ended_at: at(50_000),
        duration: DurationMs::new(30_000 + number).unwrap(),
        bytes_up: ByteCount::new(1_000 * number).unwrap(),
        bytes_down: ByteCount::new(100_000 + number).unwrap(),
        resumed: false,
    }
}

/// The first `count` reports of a chain.
pub(crate) fn reports(chain: ChainId, count: u64) -> Vec<Verified<SessionReport>> {
    let mut head = ChainHead::genesis(chain, key());
    let mut reports = Vec::new();
    for number in 1..=count {
        let report = head.next_report(&session(number), &Tariff::V1).unwrap();
        let report = device().sign(&report).unwrap();
        head = head.follow(&report).unwrap();
        reports.push(report);
    }
    reports
}

/// The head of a chain after its first `count` reports.
pub(crate) fn head(chain: ChainId, count: u64) -> ChainHead {
    let genesis = ChainHead::genesis(chain, key());
    let follow = |head: ChainHead, report: &Verified<SessionReport>| head.follow(report).unwrap();
    reports(chain, count).iter().fold(genesis, follow)
}

pub(crate) fn membership(head: ChainHead) -> Membership {
    Membership {
        ledger: ledger().key(),
        address: "127.0.0.1:3443".to_owned(),
        account: AccountId([0xac; 16]),
        name: "brave otter".to_owned(),
        enrolled_at: at(7_000),
        head,
        awarded: Amount::ZERO,
    }
}

pub(crate) fn policy_of(signer: &LedgerSigner, number: u32) -> Verified<Policy> {
    let policy = Policy {
        enrolment: EnrolmentRule::Open,
        ledger: signer.key(),
        number: PolicyNumber(number),
        tariff: Tariff::V1.id(),
        effective_at: at(1),
        time_backlog: DurationMs::from_u32(604_800_000),
        bytes_per_day: ByteCount::from_u32(2_000_000_000),
        byte_backlog: DurationMs::from_u32(86_400_000),
        session_cap: DurationMs::from_u32(7_200_000),
        devices_per_account: 10,
        chains_per_day: 20,
        reports_per_minute: 120,
    };
    signer.sign(&policy).unwrap()
}

pub(crate) fn policy() -> Verified<Policy> {
    policy_of(&ledger(), 1)
}

/// A receipt for the whole report, or for half of its time.
pub(crate) fn receipt_by(
    signer: &LedgerSigner,
    report: &Verified<SessionReport>,
    before: Amount,
    whole: bool,
) -> Receipt {
    let report = report.value();
    let given = report.duration.get() / if whole { 1 } else { 2 };
    let awarded_duration = DurationMs::new(given).unwrap();
    let amount = Tariff::V1
        .award(awarded_duration, report.bytes())
        .unwrap()
        .total;
    Receipt {
        reasons: match whole {
            true => Reasons::NONE,
            false => Reasons::NONE.with(Reason::TimeBudget),
        },
        ledger: signer.key(),
        device: report.key,
        chain: report.chain,
        sequence: report.sequence,
        link: report.link(),
        at: at(90_000),
        awarded_duration,
        awarded_bytes: report.bytes(),
        amount,
        awarded_total: before.checked_add(amount).unwrap(),
        policy: PolicyNumber(1),
        tariff: report.tariff,
    }
}

/// Answers to the reports with these numbers, of which every third is lowered. The totals begin
/// with the first of them.
pub(crate) fn answers_from(
    chain: ChainId,
    numbers: std::ops::RangeInclusive<u64>,
    mut total: Amount,
) -> Vec<AnsweredReport> {
    let reports = reports(chain, *numbers.end());
    let mut answers = Vec::new();
    for report in reports {
        let number = report.value().sequence;
        if !numbers.contains(&number) {
            continue;
        }
        let receipt = receipt_by(&ledger(), &report, total, number % 3 != 0);
        total = receipt.awarded_total;
        let receipt = ledger().sign(&receipt).unwrap();
        answers.push(AnsweredReport { report, receipt });
    }
    answers
}

pub(crate) fn answers(numbers: std::ops::RangeInclusive<u64>) -> Vec<AnsweredReport> {
    assert_eq!(*numbers.start(), 1);
    answers_from(CHAIN, numbers, Amount::ZERO)
}

/// A file in which the device is enrolled from the beginning of its chain.
pub(crate) fn enrolled(path: &Path) -> Receipts {
    let mut receipts = Receipts::create(path).unwrap();
    receipts
        .join(&membership(head(CHAIN, 0)), &policy())
        .unwrap();
    receipts
}

pub(crate) fn add(receipts: &mut Receipts, answers: &[AnsweredReport]) -> (u64, u64) {
    let Added { new, already } = receipts.add(answers).unwrap();
    (new, already)
}

/// The audit, with every report at hand.
pub(crate) fn audited(receipts: &Receipts) -> Result<u64, meter_ledger::ReceiptsError> {
    let all = reports(CHAIN, 40);
    let report = |chain, number: u64| {
        let report = all.get(usize::try_from(number).unwrap() - 1)?;
        (chain == CHAIN).then(|| report.signed().clone())
    };
    receipts.audit(report).map(|audit| audit.receipts)
}

pub(crate) fn other_ledger() -> (LedgerSigner, LedgerKey) {
    let signer = LedgerSigner::from_seed(&[0x2f; 32]);
    let key = signer.key();
    (signer, key)
}
