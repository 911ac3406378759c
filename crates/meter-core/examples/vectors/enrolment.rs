//! The vectors of `docs/spec/enrolment.md`.

use crate::cases::{
    ABOUT_VALUES, Breaker, CHAIN, DEVICE_SEED, HUGE, LEDGER_SEED, array, device_key, ledger_key,
    signer, valid,
};
use meter_core::{
    Amount, BodyHash, ByteCount, ChainHead, ChainId, Challenge, CodeHash, DeviceKey, DurationMs,
    Enrolment, LedgerKey, LedgerRequest, LinkHash, RequestMethod, RunningTotals, Signable as _,
    TargetHash,
};
use serde_json::{Value, json};

/// 128 bits, as a person would have them from an invitation.
const CODE: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

pub(crate) fn vectors() -> Value {
    let device = signer::<DeviceKey>(DEVICE_SEED);
    let enrolments = [first(), later()].map(|enrolment| {
        let signed = device.sign(&enrolment).expect("our own");
        valid(&signed, &enrolment_fields(&enrolment))
    });
    json!({
        "about": format!("Test vectors of docs/spec/enrolment.md. {ABOUT_VALUES}"),
        "payload_types": {
            "enrolment": Enrolment::KIND.payload_type(),
            "request": LedgerRequest::KIND.payload_type(),
        },
        "seed": DEVICE_SEED,
        "key": hex::encode(device.key().0),
        "ledger": hex::encode(ledger().0),
        "codes": [
            { "code": CODE, "code_hash": hex::encode(CodeHash::of(&array(CODE)).0) },
            { "code": "0".repeat(32), "code_hash": hex::encode(CodeHash::of(&[0; 16]).0) },
        ],
        "enrolments": { "valid": enrolments, "invalid": bad_enrolments() },
        "requests": { "valid": requests(), "invalid": bad_requests() },
    })
}

fn ledger() -> LedgerKey {
    ledger_key(LEDGER_SEED)
}

fn challenge() -> Challenge {
    Challenge([0xc0; 32])
}

/// A new chain, without a code.
fn first() -> Enrolment {
    let key = device_key(DEVICE_SEED);
    Enrolment {
        ledger: ledger(),
        challenge: challenge(),
        head: ChainHead::genesis(ChainId(array(CHAIN)), key),
        code: None,
    }
}

/// A chain that has reports, with a code.
fn later() -> Enrolment {
    Enrolment {
        head: ChainHead {
            sequence: 3,
            link: LinkHash([0x11; 32]),
            totals: RunningTotals {
                duration: DurationMs::from_u32(675_000),
                bytes_up: ByteCount::new(9_007_199_254_790_994).expect("fits"),
                bytes_down: ByteCount::from_u32(100_003),
                amount: Amount::new(4_503_599_694_945_498_500).expect("fits"),
            },
            ..first().head
        },
        code: Some(CodeHash::of(&array(CODE))),
        ..first()
    }
}

fn enrolment_fields(enrolment: &Enrolment) -> Value {
    let (head, code) = (&enrolment.head, enrolment.code);
    json!({
        "ledger": hex::encode(enrolment.ledger.0),
        "device": hex::encode(head.key.0),
        "challenge": hex::encode(enrolment.challenge.0),
        "chain": hex::encode(head.chain.0),
        "sequence": head.sequence.to_string(),
        "link": hex::encode(head.link.0),
        "total_duration_ms": head.totals.duration.get().to_string(),
        "total_bytes_up": head.totals.bytes_up.get().to_string(),
        "total_bytes_down": head.totals.bytes_down.get().to_string(),
        "total_amount": head.totals.amount.get().to_string(),
        "code_hash": code.map(|code| hex::encode(code.0)),
    })
}

fn bad_enrolments() -> Vec<Value> {
    let mut bad = Breaker::new(&first(), DEVICE_SEED);
    bad.common();
    bad.patch("kind", 5, &[0]);
    bad.patch("kind", 5, &[2]);
    bad.patch("reserved", 6, &[1]);
    bad.patch("reserved", 7, &[1]);
    for at in [120, 160, 168, 176, 184] {
        bad.patch("range", at, &HUGE);
    }
    bad.patch("genesis", 128, &[0; 32]);
    // Another chain has another beginning.
    bad.patch("genesis", 104, &[9; 16]);
    for at in [160, 168, 176, 184] {
        bad.patch("totals", at, &1_u64.to_be_bytes());
    }
    let mut other = later();
    other.head.key = DeviceKey([0x2a; 32]);
    bad.value("signer", &other);
    bad.cases
}

fn request(method: RequestMethod, target: &str, body: &[u8]) -> LedgerRequest {
    LedgerRequest {
        method,
        ledger: ledger(),
        device: device_key(DEVICE_SEED),
        challenge: challenge(),
        target: TargetHash::of(target),
        body: BodyHash::of(body),
    }
}

fn requests() -> Vec<Value> {
    let device = signer::<DeviceKey>(DEVICE_SEED);
    let rows = [
        (
            RequestMethod::Get,
            "/api/sessions?account=00112233445566778899aabbccddeeff&limit=20",
            "",
        ),
        (RequestMethod::Post, "/api/login", "{}"),
        (RequestMethod::Delete, "/api/account?note=%C3%A4", ""),
    ];
    let cases = rows.map(|(method, target, body)| {
        let request = request(method, target, body.as_bytes());
        let fields = json!({
            "method": method.name(),
            "target": target,
            "request_body": body,
            "ledger": hex::encode(request.ledger.0),
            "device": hex::encode(request.device.0),
            "challenge": hex::encode(request.challenge.0),
            "target_hash": hex::encode(request.target.0),
            "body_hash": hex::encode(request.body.0),
        });
        valid(&device.sign(&request).expect("our own"), &fields)
    });
    cases.to_vec()
}

fn bad_requests() -> Vec<Value> {
    let good = request(RequestMethod::Get, "/api/account/export", b"");
    let mut bad = Breaker::new(&good, DEVICE_SEED);
    bad.common();
    bad.patch("method", 5, &[0]);
    bad.patch("method", 5, &[4]);
    bad.patch("reserved", 6, &[1]);
    bad.patch("reserved", 7, &[1]);
    let device = DeviceKey([0x2a; 32]);
    bad.value("signer", &LedgerRequest { device, ..good });
    bad.cases
}
