//! Verifies the vectors of `docs/spec/session-report.json` with the module's own code as Wasm.
//!
//! `CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner cargo test -p
//! extension-wasm --target wasm32-unknown-unknown --test wasm` runs it in Node;
//! with `WASM_BINDGEN_USE_BROWSER=1` and `CHROMEDRIVER` set, in headless Chromium.
#![cfg(target_arch = "wasm32")]

use meter_core::{ChainHead, ChainId, DeviceKey, SessionReport, Signed};
use meter_wire::{HexBytes, WireReport};
use onionmeter::update::{Event, State, update};
use serde::Deserialize;
use wasm_bindgen_test::wasm_bindgen_test;

const VECTORS: &str = include_str!("../../docs/spec/session-report.json");

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

#[wasm_bindgen_test]
fn the_first_event_leads_to_a_connection() {
    let started = Event::Started(Box::default());
    let (state, effects) = update(State::default(), started);
    assert!(!effects.is_empty());
    assert!(!state.is_protected());
}
