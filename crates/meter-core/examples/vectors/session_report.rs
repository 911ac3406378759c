//! The vectors of `docs/spec/session-report.md`.

use crate::cases::{
    ABOUT_VALUES, CHAIN, DEVICE_SEED as SEED, HUGE, OTHER_SEED, array, ed25519, signer,
};
use meter_core::{
    ByteCount, ChainHead, ChainId, DeviceKey, DurationMs, SessionReport, SessionTotals,
    Signable as _, Tariff, UnixMs, Verified, pae,
};
use serde_json::{Value, json};

pub(crate) fn vectors() -> Value {
    let signer = signer::<DeviceKey>(SEED);
    let chain = ChainId(array(CHAIN));
    let genesis = ChainHead::genesis(chain, signer.key());
    let sessions = [
        session(1_800_000_000_000, 45_000, 50_000, 100_000, false),
        session(1_800_000_100_000, 600_000, 1, 0, true),
        session(1_800_000_700_000, 30_000, 9_007_199_254_740_993, 3, false),
    ];
    let mut head = genesis;
    let mut reports = Vec::new();
    for session in &sessions {
        let report = head
            .next_report(session, &Tariff::V1)
            .expect("small enough");
        let verified = signer.sign(&report).expect("our own report");
        head = head.follow(&verified).expect("next of its chain");
        reports.push(verified);
    }
    json!({
        "about": format!("Test vectors of docs/spec/session-report.md. {ABOUT_VALUES}"),
        "payload_type": SessionReport::KIND.payload_type(),
        "seed": SEED,
        "key": hex::encode(signer.key().0),
        "chain": hex::encode(chain.0),
        "genesis_link": hex::encode(genesis.link.0),
        "valid_chain": reports.iter().map(valid).collect::<Vec<_>>(),
        "invalid": invalid(reports[0].value()),
    })
}

pub(crate) fn session(start: u64, ms: u64, up: u64, down: u64, resumed: bool) -> SessionTotals {
    SessionTotals {
        started_at: UnixMs::new(start).expect("fits"),
        ended_at: UnixMs::new(start + ms).expect("fits"),
        duration: DurationMs::new(ms).expect("fits"),
        bytes_up: ByteCount::new(up).expect("fits"),
        bytes_down: ByteCount::new(down).expect("fits"),
        resumed,
    }
}

fn valid(report: &Verified<SessionReport>) -> Value {
    let (value, signed) = (report.value(), report.signed());
    json!({
        "body": hex::encode(signed.body()),
        "signing_input": hex::encode(pae(SessionReport::KIND, signed.body())),
        "signature": hex::encode(signed.signature()),
        "report_id": hex::encode(value.id().0),
        "link": hex::encode(value.link().0),
        "fields": {
            "resumed": value.resumed,
            "sequence": value.sequence.to_string(),
            "previous": hex::encode(value.previous.0),
            "started_at": value.started_at.get().to_string(),
            "ended_at": value.ended_at.get().to_string(),
            "duration_ms": value.duration.get().to_string(),
            "bytes_up": value.bytes_up.get().to_string(),
            "bytes_down": value.bytes_down.get().to_string(),
            "amount": value.amount.get().to_string(),
            "total_duration_ms": value.totals.duration.get().to_string(),
            "total_bytes_up": value.totals.bytes_up.get().to_string(),
            "total_bytes_down": value.totals.bytes_down.get().to_string(),
            "total_amount": value.totals.amount.get().to_string(),
            "tariff": value.tariff.0,
        },
    })
}

/// Bodies that break one rule each, with a correct signature, and bodies with a wrong signature.
fn invalid(good: &SessionReport) -> Vec<Value> {
    let body = good.to_body().to_vec();
    let patched = |name: &str, at: usize, bytes: &[u8]| {
        let mut changed = body.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        signed_case(name, &changed, SEED)
    };
    let mut cases = vec![
        signed_case("length", &body[..199], SEED),
        signed_case("length", &[&body[..], &[0]].concat(), SEED),
        patched("magic", 0, b"OMUR"),
        patched("version", 4, &[2]),
        patched("kind", 5, &[2]),
        patched("reserved", 6, &[0, 2]),
        patched("reserved", 199, &[1]),
        patched("range", 56, &HUGE),
        patched("range", 120, &HUGE),
        patched("sequence-zero", 56, &[0; 8]),
        patched("end-before-start", 104, &[0; 8]),
        patched("tariff", 176, &2_u32.to_be_bytes()),
        patched("amount", 136, &4_575_000_001_u64.to_be_bytes()),
        patched("totals", 168, &4_575_000_001_u64.to_be_bytes()),
        signed_case("signature", &body, OTHER_SEED),
    ];
    let other = SessionReport {
        key: DeviceKey([0x2a; 32]),
        ..*good
    };
    cases.push(signed_case("signer", &other.to_body(), SEED));
    cases.push(raw_case("signature", &body, &[0; 64]));
    // Signs the body without its payload type. PAE exists to prevent this mistake.
    cases.push(raw_case("signature", &body, &ed25519(SEED, &body)));
    cases
}

fn signed_case(error: &str, body: &[u8], seed: &str) -> Value {
    raw_case(error, body, &ed25519(seed, &pae(SessionReport::KIND, body)))
}

fn raw_case(error: &str, body: &[u8], signature: &[u8; 64]) -> Value {
    json!({ "error": error, "body": hex::encode(body), "signature": hex::encode(signature) })
}
