//! The vectors of `docs/spec/receipt.md`.

mod chain_state;
mod ledger_keys;

use crate::{
    cases::{
        ABOUT_VALUES, Breaker, CHAIN, DEVICE_SEED, HUGE, LEDGER_SEED, NEXT_SEED, OTHER_SEED, array,
        device_key, ledger_key, signer, valid,
    },
    session_report::session,
};
use chain_state::chain_states;
use meter_core::{
    Amount, ByteCount, ChainHead, ChainId, ChainState, DeviceKey, DurationMs, KeyChange, LedgerKey,
    PolicyNumber, Reason, Receipt, SessionReport, Signable as _, Tariff, UnixMs, Verified,
};
use serde_json::{Value, json};

pub(crate) fn vectors() -> Value {
    let reports = reports();
    let receipts = receipts(&reports);
    json!({
        "about": format!("Test vectors of docs/spec/receipt.md. {ABOUT_VALUES}"),
        "payload_types": {
            "receipt": Receipt::KIND.payload_type(),
            "chain_state": ChainState::KIND.payload_type(),
            "key_change": KeyChange::KIND.payload_type(),
        },
        "ledger": ledger_keys::ledger(LEDGER_SEED),
        "next_ledger": ledger_keys::ledger(NEXT_SEED),
        "device": hex::encode(device_key(DEVICE_SEED).0),
        "chain": CHAIN,
        "valid_chain": reports.iter().zip(&receipts).map(answer).collect::<Vec<_>>(),
        "invalid": invalid(&receipts),
        "wrong_answers": wrong_answers(&reports, &receipts),
        "broken_chains": broken_chains(&receipts),
        "chain_states": chain_states(&reports, &receipts),
        "key_changes": ledger_keys::changes(),
        "vkeys": ledger_keys::vkeys(),
    })
}

fn ms(value: u64) -> DurationMs {
    DurationMs::new(value).expect("fits")
}

fn bytes(value: u64) -> ByteCount {
    ByteCount::new(value).expect("fits")
}

/// The chain that the receipts answer. Its first report is also that of the session report's page.
fn reports() -> Vec<Verified<SessionReport>> {
    let signer = signer::<DeviceKey>(DEVICE_SEED);
    let mut head = ChainHead::genesis(ChainId(array(CHAIN)), signer.key());
    let sessions = [
        session(1_800_000_000_000, 45_000, 50_000, 100_000, false),
        session(1_800_000_100_000, 600_000, 1, 0, true),
        session(1_800_000_700_000, 30_000, 9_007_199_254_740_993, 3, false),
        session(1_800_001_000_000, 10_800_000, 2_000_000, 3_000_000, false),
        session(1_800_020_000_000, 60_000, 70_000, 80_000, false),
    ];
    let sign = |session| {
        let report = head.next_report(session, &Tariff::V1).expect("small");
        let report = signer.sign(&report).expect("our own report");
        head = head.follow(&report).expect("next of its chain");
        report
    };
    sessions.iter().map(sign).collect()
}

fn receipts(reports: &[Verified<SessionReport>]) -> Vec<Verified<Receipt>> {
    use Reason::{BeforeEnrolment, ByteBudget, SessionCap, TimeBudget};
    let awards: [(u64, u64, &[Reason]); 5] = [
        (45_000, 150_000, &[]),
        (400_000, 1, &[TimeBudget]),
        (30_000, 1_999_850_000, &[ByteBudget]),
        (6_000_000, 0, &[TimeBudget, ByteBudget, SessionCap]),
        (0, 150_000, &[BeforeEnrolment]),
    ];
    let mut total = Amount::ZERO;
    let mut receipts = Vec::new();
    for (report, (duration, count, reasons)) in reports.iter().zip(awards) {
        let report = report.value();
        let mut receipt = receipt(report, duration, count, reasons, total);
        let mut seed = LEDGER_SEED;
        // The ledger changed its key and its policy before the last one.
        if report.sequence == 5 {
            seed = NEXT_SEED;
            receipt.ledger = ledger_key(seed);
            receipt.policy = PolicyNumber(2);
        }
        receipt.answers(report).expect("an answer");
        total = receipt.awarded_total;
        let signer = signer::<LedgerKey>(seed);
        receipts.push(signer.sign(&receipt).expect("our own receipt"));
    }
    receipts
}

fn receipt(
    report: &SessionReport,
    duration: u64,
    count: u64,
    reasons: &[Reason],
    total_before: Amount,
) -> Receipt {
    let (duration, count) = (ms(duration), bytes(count));
    let amount = Tariff::V1.award(duration, count).expect("small").total;
    Receipt {
        reasons: reasons.iter().copied().collect(),
        ledger: ledger_key(LEDGER_SEED),
        device: report.key,
        chain: report.chain,
        sequence: report.sequence,
        link: report.link(),
        at: UnixMs::new(report.ended_at.get() + 2_000).expect("fits"),
        awarded_duration: duration,
        awarded_bytes: count,
        amount,
        awarded_total: total_before.checked_add(amount).expect("small"),
        policy: PolicyNumber(1),
        tariff: report.tariff,
    }
}

fn pair<T>(verified: &Verified<T>) -> Value {
    let signed = verified.signed();
    json!({ "body": hex::encode(signed.body()), "signature": hex::encode(signed.signature()) })
}

fn answer((report, receipt): (&Verified<SessionReport>, &Verified<Receipt>)) -> Value {
    let value = receipt.value();
    let fields = json!({
        "reasons": value.reasons.iter().map(Reason::name).collect::<Vec<_>>(),
        "ledger": hex::encode(value.ledger.0),
        "device": hex::encode(value.device.0),
        "chain": hex::encode(value.chain.0),
        "sequence": value.sequence.to_string(),
        "link": hex::encode(value.link.0),
        "at": value.at.get().to_string(),
        "awarded_ms": value.awarded_duration.get().to_string(),
        "awarded_bytes": value.awarded_bytes.get().to_string(),
        "amount": value.amount.get().to_string(),
        "awarded_total": value.awarded_total.get().to_string(),
        "policy": value.policy.0,
        "tariff": value.tariff.0,
    });
    let mut case = valid(receipt, &fields);
    case["report"] = pair(report);
    case
}

fn invalid(receipts: &[Verified<Receipt>]) -> Vec<Value> {
    let second = *receipts[1].value();
    let mut bad = Breaker::new(&second, LEDGER_SEED);
    bad.common();
    bad.keys();
    bad.patch("kind", 5, &[0]);
    bad.patch("kind", 5, &[2]);
    bad.patch("reserved", 6, &[0, 16]);
    bad.patch("reserved", 6, &[0x80, 1]);
    for at in [88, 128, 136, 144, 152, 160] {
        bad.patch("range", at, &HUGE);
    }
    bad.patch("reserved", 176, &[1]);
    bad.patch("reserved", 199, &[1]);
    bad.patch("sequence-zero", 88, &[0; 8]);
    bad.patch("policy", 168, &[0; 4]);
    bad.patch("tariff", 172, &2_u32.to_be_bytes());
    for wrong in [second.amount.get() + 1, second.amount.get() - 1, 0] {
        bad.patch("amount", 152, &wrong.to_be_bytes());
    }
    // The product has more than 64 bits: it must not wrap.
    let wrapped = (u64::MAX / 100_000 + 1) * 2;
    bad.patch("amount", 136, &wrapped.to_be_bytes());
    let below = second.amount.get() - 1;
    bad.patch("totals", 160, &below.to_be_bytes());
    let first = receipts[0].value();
    bad.value(
        "totals",
        &Receipt {
            awarded_total: first.amount.saturating_add(Amount::from_u32(1)),
            ..*first
        },
    );
    let ledger = LedgerKey([0x2a; 32]);
    bad.value("signer", &Receipt { ledger, ..second });
    bad.cases
}

/// Receipts that are valid alone, but do not answer the report beside them.
fn wrong_answers(reports: &[Verified<SessionReport>], right: &[Verified<Receipt>]) -> Vec<Value> {
    use Reason::{BeforeEnrolment, ByteBudget, SessionCap, TimeBudget};
    let report = &reports[1];
    let (most_ms, most_bytes) = (600_000, 1);
    let rows: [(&str, u64, u64, &[Reason]); 12] = [
        ("more-than-claimed", most_ms + 1, most_bytes, &[]),
        ("more-than-claimed", most_ms, most_bytes + 1, &[]),
        ("more-than-claimed", most_ms + 1, 0, &[ByteBudget]),
        ("unexplained", most_ms - 1, most_bytes, &[]),
        ("unexplained", most_ms, 0, &[]),
        ("unexplained", most_ms - 1, most_bytes, &[ByteBudget]),
        ("unexplained", 0, 0, &[TimeBudget]),
        ("unexplained", 0, 0, &[ByteBudget]),
        ("needless-reason", most_ms, most_bytes, &[TimeBudget]),
        ("needless-reason", most_ms, most_bytes, &[ByteBudget]),
        (
            "needless-reason",
            most_ms,
            0,
            &[ByteBudget, BeforeEnrolment],
        ),
        ("needless-reason", 0, most_bytes, &[SessionCap, ByteBudget]),
    ];
    let before = right[0].value().awarded_total;
    let made = rows.map(|(error, duration, count, reasons)| {
        let receipt = receipt(report.value(), duration, count, reasons, before);
        (error, receipt)
    });
    let good = *right[1].value();
    let others = [
        Receipt {
            device: device_key(OTHER_SEED),
            ..good
        },
        Receipt {
            chain: ChainId([9; 16]),
            ..good
        },
        Receipt {
            sequence: 3,
            ..good
        },
        Receipt {
            link: reports[0].value().link(),
            ..good
        },
    ];
    let others = others.map(|receipt| ("other-report", receipt));
    let signer = signer::<LedgerKey>(LEDGER_SEED);
    let cases = others.into_iter().chain(made);
    cases
        .map(|(error, receipt)| {
            let mut case = pair(&signer.sign(&receipt).expect("valid alone"));
            case["report"] = pair(report);
            case["error"] = error.into();
            case
        })
        .collect()
}

/// Two receipts each, valid alone, of which the second is not the next one.
fn broken_chains(receipts: &[Verified<Receipt>]) -> Vec<Value> {
    let signer = signer::<LedgerKey>(LEDGER_SEED);
    let second = *receipts[1].value();
    let changed = |change: fn(&mut Receipt)| {
        let mut receipt = second;
        change(&mut receipt);
        signer.sign(&receipt).expect("valid alone")
    };
    let one = Amount::from_u32(1);
    let smaller = Receipt {
        awarded_total: second.amount,
        ..second
    };
    let larger = Receipt {
        awarded_total: second.awarded_total.saturating_add(one),
        ..second
    };
    let sign = |receipt| signer.sign(&receipt).expect("valid alone");
    let rows = [
        ("other-chain", changed(|next| next.chain = ChainId([9; 16]))),
        (
            "other-chain",
            changed(|next| next.device = DeviceKey([9; 32])),
        ),
        ("sequence", receipts[0].clone()),
        ("sequence", receipts[2].clone()),
        ("chain-totals", sign(smaller)),
        ("chain-totals", sign(larger)),
    ];
    let before = pair(&receipts[0]);
    let broken = |(error, after): (&str, Verified<Receipt>)| {
        let mut case = json!({ "before": before.clone(), "after": pair(&after) });
        case["error"] = error.into();
        case
    };
    rows.map(broken).to_vec()
}
