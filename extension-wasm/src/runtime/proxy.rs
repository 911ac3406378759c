//! The browser's proxy settings.

use super::js::{in_regular, js, regular, settle, text, to_json};
use super::worker::{dispatch, with_worker};
use crate::bindings::api;
use crate::proxy_value::{self, Engine, ProxyRefusal, Reading};
use crate::update::{Event, ProxyTurn};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

pub(super) async fn apply(turn: ProxyTurn, port: u16) {
    let value = in_regular(&proxy_value::settings(engine(), port));
    let set = settle(api().proxy().settings().set(&value)).await;
    answer(turn, and_read(set).await);
}

pub(super) async fn clear(turn: ProxyTurn) {
    let cleared = settle(api().proxy().settings().clear(&regular())).await;
    answer(turn, and_read(cleared).await);
}

pub(super) async fn read(turn: ProxyTurn) {
    answer(turn, read_settings(&json!({})).await);
}

/// `set` succeeds even if another extension stays in control, so only a value read back counts.
async fn and_read(done: Result<JsValue, JsValue>) -> Result<Reading, ProxyRefusal> {
    match done {
        Ok(_) => read_settings(&json!({})).await,
        Err(error) => Err(proxy_value::refusal(&text(&error))),
    }
}

/// With `incognito`, reads the settings of private windows. The browser tells them only to an
/// extension that may run there.
pub(super) async fn read_settings(details: &Value) -> Result<Reading, ProxyRefusal> {
    let settings = settle(api().proxy().settings().get(&js(details))).await;
    let settings = settings.map_err(|error| proxy_value::refusal(&text(&error)))?;
    let settings: Value = serde_json::from_str(&to_json(&settings)).unwrap_or_default();
    let level = settings["levelOfControl"].as_str().unwrap_or_default();
    Ok(proxy_value::reading(engine(), level, &settings["value"]))
}

fn engine() -> Engine {
    with_worker(|worker| worker.extension.state().engine)
}

fn answer(turn: ProxyTurn, answer: Result<Reading, ProxyRefusal>) {
    dispatch(Event::ProxyAnswered { turn, answer });
}
