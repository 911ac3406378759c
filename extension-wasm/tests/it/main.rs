//! Tests the extension's decisions from outside.
#![cfg(not(target_arch = "wasm32"))]

mod anew;
mod badges;
mod circuit;
mod connection;
mod dashboard;
mod earlier;
mod failed;
mod floor;
mod forwarding;
mod history;
mod hostile;
mod identity;
mod ids;
mod ledger;
mod ledger_page;
mod nonsense;
mod notifications;
mod pages;
mod private;
mod properties;
mod protection;
mod put_back;
mod receipts;
mod refused;
mod reports;
mod said;
mod scene;
mod trouble;
mod uncovered;
mod unreached;
mod vectors;
mod welcome;
mod witness;
mod words;
