//! Closes the ways past the proxy, and opens them again.

use super::js::{in_regular, js, regular, settle, tell, to_json, watch};
use super::web_rtc;
use super::worker::dispatch;
use crate::bindings::{Setting, api};
use crate::update::Event;
use meter_wire::parse;
use serde_json::{Value, json};

/// WebRTC ignores the proxy and sends UDP past it. DNS prefetching resolves names past it.
pub(super) async fn harden() {
    let mut complete = true;
    for (setting, value) in ways() {
        let set = setting.set(&in_regular(&value));
        complete &= tell("close a way past the proxy", set).await;
    }
    complete &= web_rtc::close().await;
    // `set` succeeds even where another extension stays in control.
    complete &= are_closed().await;
    dispatch(Event::Hardened { complete });
}

/// Whether that is so still: another extension may have opened one again.
pub(super) async fn read() {
    let complete = are_closed().await;
    dispatch(Event::Hardened { complete });
}

fn ways() -> [(Setting, Value); 2] {
    let network = api().privacy().network();
    [
        (network.web_rtc_policy(), json!("disable_non_proxied_udp")),
        (network.prediction(), json!(false)),
    ]
}

async fn are_closed() -> bool {
    let peers = api().privacy().network().peer_connection();
    let peers = peers.map(|switch| (switch, json!(false)));
    for (setting, value) in ways().into_iter().chain(peers) {
        let found = settle(setting.get(&js(&json!({})))).await;
        let found = found.map(|found| to_json(&found)).unwrap_or_default();
        let found = parse(&found).unwrap_or_default();
        if found["value"] != value {
            return false;
        }
    }
    true
}

pub(super) async fn restore() {
    let network = api().privacy().network();
    for setting in [network.web_rtc_policy(), network.prediction()] {
        watch("restore a privacy setting", setting.clear(&regular()));
    }
    web_rtc::open().await;
}
