//! The dashboard for the script of its page: each call returns one [`Turn`] as JSON.

use crate::dashboard::{Dashboard, Turn};
use meter_wire::write_json;
use wasm_bindgen::prelude::*;

/// One page.
#[wasm_bindgen]
#[derive(Default)]
pub struct Page(Dashboard);

#[wasm_bindgen]
impl Page {
    /// A page that was just loaded.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins.
    #[must_use]
    pub fn start(&mut self) -> String {
        json(&self.0.start(env!("CARGO_PKG_VERSION")))
    }

    /// A frame came.
    #[must_use]
    pub fn frame(&mut self, connection: u32, frame: String) -> String {
        json(&self.0.frame(connection, frame))
    }

    /// A connection ended.
    #[must_use]
    pub fn closed(&mut self, connection: u32, reason: Option<String>) -> String {
        json(&self.0.closed(connection, reason))
    }

    /// A timer is due.
    #[must_use]
    pub fn timer(&mut self, number: u32) -> String {
        json(&self.0.timer(number))
    }

    /// The page asks the host something: `{"number": 1, "ask": "traffic"}`.
    #[must_use]
    pub fn ask(&mut self, question: &str) -> String {
        json(&self.0.ask(question))
    }

    /// A person pressed a button: `{"intent": "tor_start"}`.
    #[must_use]
    pub fn intent(&mut self, intent: &str) -> String {
        json(&self.0.intent(intent))
    }
}

fn json(turn: &Turn) -> String {
    write_json(turn)
}
