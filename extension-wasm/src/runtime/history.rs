//! The sessions for the script of the dashboard: values go in and come out as JSON.

use crate::history::{self, Filter, History, Measure, Rate};
use meter_wire::{Outcome, read_json, write_json};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// All sessions of one chain.
#[wasm_bindgen]
pub struct Sessions {
    history: History,
    rate: Rate,
}

#[wasm_bindgen]
impl Sessions {
    /// Nothing is known of this chain yet.
    ///
    /// # Errors
    /// Key or chain are not written as they should be.
    #[wasm_bindgen(constructor)]
    pub fn new(key: &str, chain: &str) -> Result<Self, JsValue> {
        let history = History::of(key, chain).ok_or(JsValue::NULL)?;
        let rate = Rate::default();
        Ok(Self { history, rate })
    }

    /// What to ask the host next.
    #[must_use]
    pub fn next(&self) -> String {
        json(&self.history.next())
    }

    /// Takes the host's answer. Returns whether it brought a session.
    #[must_use]
    pub fn take(&mut self, outcome: &str) -> bool {
        let outcome = read_json::<Outcome>(outcome);
        outcome.is_some_and(|outcome| self.history.take(&outcome))
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> String {
        json(&self.history.progress())
    }

    /// Lists only what a filter leaves. One that cannot be read leaves everything.
    pub fn filter(&mut self, filter: &str) {
        let filter: Filter = read_json(filter).unwrap_or_default();
        self.history.set_filter(filter);
    }

    /// Rows of the list.
    #[must_use]
    pub fn rows(&self, from: usize, count: usize) -> String {
        json(&self.history.rows(from, count))
    }

    /// The session at a place of the list with everything that proves it, verified again.
    #[must_use]
    pub fn proof(&self, listed: usize) -> String {
        json(&history::proof(&self.history, listed))
    }

    /// What to ask the host for the receipt of the session at a place of the list.
    #[must_use]
    pub fn ask_receipt(&self, listed: usize) -> String {
        json(&history::ask_receipt(&self.history, listed))
    }

    /// The receipt of the session with this number in the host's answer, verified with the ledger's
    /// pinned key. `null`: the answer cannot be read.
    #[must_use]
    pub fn receipt(&self, number: &str, pinned: &str, outcome: &str) -> String {
        let outcome = read_json::<Outcome>(outcome);
        let view =
            outcome.and_then(|outcome| history::receipt(&self.history, number, pinned, &outcome));
        json(&view)
    }

    /// A picture with these edges, in milliseconds since 1970.
    #[must_use]
    pub fn picture(&self, measure: &str, edges: &str) -> String {
        let measure = match measure {
            "traffic" => Measure::Traffic,
            _ => Measure::Credits,
        };
        let edges: Vec<u64> = read_json(edges).unwrap_or_default();
        json(&history::picture(&self.history, measure, &edges))
    }

    /// How fast bytes move, from the host's answer at this time of the page's clock.
    #[must_use]
    pub fn rate(&mut self, now_ms: u32, outcome: &str) -> String {
        let outcome = read_json::<Outcome>(outcome);
        let rate = outcome.and_then(|outcome| self.rate.take(now_ms.into(), &outcome));
        json(&rate)
    }

    /// The listed sessions as CSV.
    #[must_use]
    pub fn csv(&self) -> String {
        history::to_csv(&self.history)
    }

    /// All sessions as the file that `onionmeter verify` reads.
    #[must_use]
    pub fn json(&self) -> String {
        history::to_json(&self.history)
    }
}

fn json(value: &impl Serialize) -> String {
    write_json(value)
}
