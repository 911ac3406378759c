//! The vectors of `docs/spec/policy.md`.

use crate::cases::{ABOUT_VALUES, Breaker, HUGE, LEDGER_SEED, ledger_key, signer, valid};
use meter_core::{
    ByteCount, DurationMs, EnrolmentRule, LedgerKey, Policy, PolicyNumber, Signable as _, TariffId,
    UnixMs,
};
use serde_json::{Value, json};

/// The most bytes of a day that can be promised: (2⁶³ − 1 − 8,640 · 10⁹) / 500.
const MOST_BYTES: u64 = (i64::MAX.unsigned_abs() - 8_640_000_000_000) / 500;

pub(crate) fn vectors() -> Value {
    let signer = signer::<LedgerKey>(LEDGER_SEED);
    let strict = Policy {
        enrolment: EnrolmentRule::ByInvitation,
        number: PolicyNumber(2),
        time_backlog: DurationMs::ZERO,
        bytes_per_day: ByteCount::ZERO,
        byte_backlog: DurationMs::ZERO,
        session_cap: DurationMs::ZERO,
        devices_per_account: 1,
        chains_per_day: 1,
        reports_per_minute: 1,
        ..policy()
    };
    let generous = Policy {
        number: PolicyNumber(u32::MAX),
        bytes_per_day: ByteCount::new(MOST_BYTES).expect("fits"),
        ..policy()
    };
    let policies = [policy(), strict, generous].map(|policy| {
        let signed = signer.sign(&policy).expect("our own policy");
        valid(&signed, &fields(&policy))
    });
    json!({
        "about": format!("Test vectors of docs/spec/policy.md. {ABOUT_VALUES}"),
        "payload_type": Policy::KIND.payload_type(),
        "seed": LEDGER_SEED,
        "key": hex::encode(signer.key().0),
        "valid": policies,
        "invalid": invalid(),
    })
}

/// The policy of a new ledger.
fn policy() -> Policy {
    Policy {
        enrolment: EnrolmentRule::Open,
        ledger: ledger_key(LEDGER_SEED),
        number: PolicyNumber(1),
        tariff: TariffId(1),
        effective_at: UnixMs::new(1_800_000_000_000).expect("fits"),
        time_backlog: DurationMs::from_u32(604_800_000),
        bytes_per_day: ByteCount::from_u32(2_000_000_000),
        byte_backlog: DurationMs::from_u32(86_400_000),
        session_cap: DurationMs::from_u32(7_200_000),
        devices_per_account: 10,
        chains_per_day: 20,
        reports_per_minute: 120,
    }
}

fn fields(policy: &Policy) -> Value {
    let enrolment = match policy.enrolment {
        EnrolmentRule::Open => "open",
        EnrolmentRule::ByInvitation => "by-invitation",
    };
    let most = policy.most_per_day();
    json!({
        "enrolment": enrolment,
        "ledger": hex::encode(policy.ledger.0),
        "number": policy.number.0,
        "tariff": policy.tariff.0,
        "effective_at": policy.effective_at.get().to_string(),
        "time_backlog_ms": policy.time_backlog.get().to_string(),
        "bytes_per_day": policy.bytes_per_day.get().to_string(),
        "byte_backlog_ms": policy.byte_backlog.get().to_string(),
        "session_cap_ms": policy.session_cap.get().to_string(),
        "devices_per_account": policy.devices_per_account,
        "chains_per_day": policy.chains_per_day,
        "reports_per_minute": policy.reports_per_minute,
        "most_per_day": most.total.get().to_string(),
        "idle_per_day": policy.idle_per_day().get().to_string(),
    })
}

fn invalid() -> Vec<Value> {
    let mut bad = Breaker::new(&policy(), LEDGER_SEED);
    bad.common();
    bad.patch("enrolment", 5, &[0]);
    bad.patch("enrolment", 5, &[3]);
    bad.patch("reserved", 6, &[1]);
    for at in [48, 56, 64, 72, 80] {
        bad.patch("range", at, &HUGE);
    }
    bad.patch("reserved", 100, &[1]);
    bad.patch("reserved", 127, &[1]);
    bad.patch("number-zero", 40, &[0; 4]);
    bad.patch("tariff", 44, &2_u32.to_be_bytes());
    for at in [88, 92, 96] {
        bad.patch("limit-zero", at, &[0; 4]);
    }
    bad.patch("amount", 64, &(MOST_BYTES + 1).to_be_bytes());
    let ledger = LedgerKey([0x2a; 32]);
    bad.value("signer", &Policy { ledger, ..policy() });
    bad.cases
}
