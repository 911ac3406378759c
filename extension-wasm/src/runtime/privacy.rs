//! Closes the ways past the proxy, and opens them again.

use super::js::{from_json, in_regular, regular, settle, tell, to_json};
use super::web_rtc;
use super::worker::dispatch;
use crate::bindings::{Setting, api};
use crate::update::Event;
use meter_wire::parse;
use std::cell::Cell;
use wasm_bindgen_futures::spawn_local;

/// How the ways past the proxy are to be.
#[derive(Clone, Copy)]
pub(super) enum Ways {
    Closed,
    Open,
}

thread_local! {
    /// The last order that is not carried out yet.
    static NEXT: Cell<Option<Ways>> = const { Cell::new(None) };
    static IS_BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Carries out an order after the one before it. Each takes several steps, and those of two would
/// mix: what turning off takes away last would be missing after turning on.
pub(super) fn set(ways: Ways) {
    NEXT.set(Some(ways));
    if IS_BUSY.replace(true) {
        return;
    }
    spawn_local(async {
        while let Some(ways) = NEXT.take() {
            match ways {
                Ways::Closed => harden().await,
                Ways::Open => restore().await,
            }
        }
        IS_BUSY.set(false);
    });
}

/// WebRTC ignores the proxy and sends UDP past it. DNS prefetching resolves names past it.
async fn harden() {
    let mut complete = true;
    for (setting, value) in ways() {
        let set = setting.set(&in_regular(value));
        complete &= tell("close a way past the proxy", set).await;
    }
    complete &= web_rtc::close().await;
    // `set` succeeds even where another extension stays in control.
    complete &= are_closed().await;
    // Another order may wait, and then this is not how it stays.
    if NEXT.get().is_none() {
        dispatch(Event::Hardened { complete });
    }
}

/// Whether that is so still: another extension may have opened one again.
pub(super) async fn read() {
    let complete = are_closed().await;
    // Something between two states is no answer.
    if !IS_BUSY.get() {
        dispatch(Event::Hardened { complete });
    }
}

/// With the values that close them, as JSON.
fn ways() -> [(Setting, &'static str); 2] {
    let network = api().privacy().network();
    [
        (network.web_rtc_policy(), "\"disable_non_proxied_udp\""),
        (network.prediction(), "false"),
    ]
}

async fn are_closed() -> bool {
    let peers = api().privacy().network().peer_connection();
    let peers = peers.map(|switch| (switch, "false"));
    for (setting, value) in ways().into_iter().chain(peers) {
        let found = settle(setting.get(&from_json("{}"))).await;
        let found = found.map(|found| to_json(&found)).unwrap_or_default();
        let found = parse(&found).unwrap_or_default();
        if Some(&found["value"]) != parse(value).as_ref() {
            return false;
        }
    }
    web_rtc::is_closed().await
}

async fn restore() {
    let network = api().privacy().network();
    for setting in [network.web_rtc_policy(), network.prediction()] {
        tell("restore a privacy setting", setting.clear(&regular())).await;
    }
    web_rtc::open().await;
}
