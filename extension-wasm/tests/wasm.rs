//! Verifies the vectors of `docs/spec/session-report.json` and `docs/spec/receipt.json` with the
//! module's own code as Wasm.
//!
//! `CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner cargo test -p
//! extension-wasm --target wasm32-unknown-unknown --test wasm` runs it in Node;
//! with `WASM_BINDGEN_USE_BROWSER=1` and `CHROMEDRIVER` set, in headless Chromium.
#![cfg(target_arch = "wasm32")]

#[path = "it/vectors.rs"]
mod vectors;

use meter_core::{ChainHead, ChainId, DeviceKey, LedgerKey, Receipt, SessionReport, Signed, Vkey};
use meter_wire::{HexBytes, WireReport};
use onionmeter::update::{Event, State, update};
use serde::Deserialize;
use wasm_bindgen_test::wasm_bindgen_test;

const VECTORS: &str = include_str!("../../docs/spec/session-report.json");
const RECEIPT_VECTORS: &str = include_str!("../../docs/spec/receipt.json");

#[derive(Deserialize)]
struct Vectors {
    key: HexBytes<32>,
    chain: HexBytes<16>,
    valid_chain: Vec<Valid>,
    invalid: Vec<Invalid>,
}

#[derive(Deserialize)]
struct Valid {
    body: HexBytes<200>,
    signature: HexBytes<64>,
}

/// Some of these bodies have another length on purpose.
#[derive(Deserialize)]
struct Invalid {
    body: String,
    signature: HexBytes<64>,
    error: String,
}

#[derive(Deserialize)]
struct ReceiptVectors {
    ledger: Ledger,
    next_ledger: Ledger,
    device: HexBytes<32>,
    valid_chain: Vec<Answer>,
    invalid: Vec<InvalidReceipt>,
    wrong_answers: Vec<Answer>,
}

#[derive(Deserialize)]
struct Ledger {
    key: HexBytes<32>,
    vkey: String,
}

#[derive(Deserialize)]
struct Answer {
    body: HexBytes<200>,
    signature: HexBytes<64>,
    report: Valid,
    error: Option<String>,
}

#[derive(Deserialize)]
struct InvalidReceipt {
    body: String,
    signature: HexBytes<64>,
    error: String,
    key: Option<HexBytes<32>>,
}

fn vectors() -> Vectors {
    serde_json::from_str(VECTORS).expect("the vector file is JSON")
}

#[wasm_bindgen_test]
fn every_valid_vector_verifies_and_follows() {
    let vectors = vectors();
    let key = DeviceKey(vectors.key.0);
    let mut head = ChainHead::genesis(ChainId(vectors.chain.0), key);
    for valid in vectors.valid_chain {
        let report = WireReport {
            body: valid.body,
            signature: valid.signature,
        };
        let report = Signed::<SessionReport>::from(&report).verify(key);
        let report = report.expect("a valid report");
        head = head.follow(&report).expect("the next one");
    }
    assert_eq!(head.sequence, 3);
}

#[wasm_bindgen_test]
fn no_invalid_vector_verifies() {
    let vectors = vectors();
    assert!(vectors.invalid.len() > 15);
    for invalid in vectors.invalid {
        let body = hex::decode(&invalid.body).expect("hex");
        let report = Signed::<SessionReport>::new(body, invalid.signature.0);
        let verified = report.verify(DeviceKey(vectors.key.0));
        assert!(verified.is_err(), "{}", invalid.error);
    }
}

fn receipt_vectors() -> ReceiptVectors {
    serde_json::from_str(RECEIPT_VECTORS).expect("the vector file is JSON")
}

/// The receipt and the report of a case, both verified.
fn verified(case: &Answer, key: &HexBytes<32>, device: &HexBytes<32>) -> (Receipt, SessionReport) {
    let receipt = Signed::<Receipt>::new(case.body.0.to_vec(), case.signature.0);
    let receipt = receipt.verify(LedgerKey(key.0)).expect("a valid receipt");
    let report = Signed::<SessionReport>::new(case.report.body.0.to_vec(), case.report.signature.0);
    let report = report.verify(DeviceKey(device.0)).expect("a valid report");
    (*receipt.value(), *report.value())
}

#[wasm_bindgen_test]
fn every_valid_receipt_verifies_answers_its_report_and_follows() {
    let vectors = receipt_vectors();
    let mut before: Option<Receipt> = None;
    for case in &vectors.valid_chain {
        let is_last = before.is_some_and(|before| before.sequence == 4);
        let ledger = if is_last {
            &vectors.next_ledger
        } else {
            &vectors.ledger
        };
        let (receipt, report) = verified(case, &ledger.key, &vectors.device);
        assert_eq!(receipt.answers(&report), Ok(()));
        assert!(before.is_none_or(|before| receipt.follows(&before).is_ok()));
        before = Some(receipt);
    }
    assert_eq!(before.map(|last| last.sequence), Some(5));
}

#[wasm_bindgen_test]
fn no_invalid_receipt_verifies_and_no_wrong_answer_answers() {
    let vectors = receipt_vectors();
    assert!(vectors.invalid.len() >= 40);
    for invalid in &vectors.invalid {
        let body = hex::decode(&invalid.body).expect("hex");
        let key = invalid.key.as_ref().unwrap_or(&vectors.ledger.key);
        let receipt = Signed::<Receipt>::new(body, invalid.signature.0);
        let verified = receipt.verify(LedgerKey(key.0));
        assert!(verified.is_err(), "{}", invalid.error);
    }
    assert!(vectors.wrong_answers.len() >= 16);
    for case in &vectors.wrong_answers {
        let (receipt, report) = verified(case, &vectors.ledger.key, &vectors.device);
        assert!(receipt.answers(&report).is_err(), "{:?}", case.error);
    }
}

#[wasm_bindgen_test]
fn the_product_counts_the_receipts_of_the_vectors_and_none_that_is_wrong() {
    vectors::hold();
}

#[wasm_bindgen_test]
fn the_vkey_of_a_ledger_is_read() {
    for ledger in [receipt_vectors().ledger, receipt_vectors().next_ledger] {
        let vkey: Vkey = ledger.vkey.parse().expect("a vkey");
        assert_eq!(vkey.key(), LedgerKey(ledger.key.0));
    }
}

#[wasm_bindgen_test]
fn the_first_event_leads_to_a_connection() {
    let started = Event::Started(Box::default());
    let (state, effects) = update(State::default(), started);
    assert!(!effects.is_empty());
    assert!(!state.is_protected());
}
