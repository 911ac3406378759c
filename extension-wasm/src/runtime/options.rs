//! What the script of the options' page asks of Rust: values go in and come out as JSON.

use crate::options::{self, form};
use meter_wire::{Outcome, SetThresholds, read_json, write_json};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Whether these can be the thresholds: bytes and two times in seconds.
#[wasm_bindgen]
#[must_use]
pub fn check_thresholds(min_bytes: &str, min_s: &str, max_s: &str) -> String {
    json(&options::check(min_bytes, min_s, max_s))
}

/// The answer to `ledger_look` in words; `null` if it is another answer.
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

/// The answer to `settings` as controls.
#[wasm_bindgen]
#[must_use]
pub fn setting_controls(outcome: &str) -> String {
    let outcome = read_json::<Outcome>(outcome);
    json(&outcome.map_or_else(Vec::new, |outcome| form::controls(&outcome)))
}

/// The request that changes a setting, or only checks its value.
#[wasm_bindgen]
#[must_use]
pub fn change_setting(key: &str, value: &str, keep: bool) -> String {
    json(&form::change(key, value, keep))
}

/// What is said of the change of this answer.
#[wasm_bindgen]
#[must_use]
pub fn setting_said(outcome: &str) -> String {
    let outcome = read_json::<Outcome>(outcome);
    json(&outcome.and_then(|outcome| form::changed(&outcome)))
}

/// The requests that keep thresholds beyond the daemon's end.
#[wasm_bindgen]
#[must_use]
pub fn keep_thresholds(thresholds: &str) -> String {
    let thresholds = read_json::<SetThresholds>(thresholds);
    json(&thresholds.map_or_else(Vec::new, |thresholds| form::keep(&thresholds)))
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
    write_json(value)
}
