//! What the script of the options' page asks of Rust: values go in and come out as JSON.

use crate::options;
use meter_wire::{Outcome, read_json};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Whether these can be the thresholds: bytes and two times in seconds.
#[wasm_bindgen]
#[must_use]
pub fn check_thresholds(min_bytes: &str, min_s: &str, max_s: &str) -> String {
    json(&options::check(min_bytes, min_s, max_s))
}

/// The answer to `ledger_look` in words; `null` if it is none.
#[wasm_bindgen]
#[must_use]
pub fn ledger_offer(outcome: &str) -> String {
    let outcome = read_json::<Outcome>(outcome);
    json(&outcome.and_then(|outcome| options::offer(&outcome)))
}

/// The answer to `settings` as rows of a table.
#[wasm_bindgen]
#[must_use]
pub fn setting_rows(outcome: &str) -> String {
    json(&rows(outcome))
}

/// The text for somebody who helps.
#[wasm_bindgen]
#[must_use]
pub fn diagnostics(browser: &str, outcome: &str) -> String {
    options::diagnostics(env!("CARGO_PKG_VERSION"), browser, &rows(outcome))
}

fn rows(outcome: &str) -> Vec<options::SettingRow> {
    let outcome = read_json::<Outcome>(outcome);
    outcome.map_or_else(Vec::new, |outcome| options::settings(&outcome))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain values")
}
