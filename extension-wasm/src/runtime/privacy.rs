//! Closes the ways past the proxy, and opens them again.

use super::js::{in_regular, regular, tell, watch};
use super::web_rtc;
use super::worker::dispatch;
use crate::bindings::api;
use crate::update::Event;
use serde_json::json;

/// WebRTC ignores the proxy and sends UDP past it. DNS prefetching resolves names past it.
pub(super) async fn harden() {
    let network = api().privacy().network();
    let mut complete = true;
    for (setting, value) in [
        (network.web_rtc_policy(), json!("disable_non_proxied_udp")),
        (network.prediction(), json!(false)),
    ] {
        let set = setting.set(&in_regular(&value));
        complete &= tell("close a way past the proxy", set).await;
    }
    complete &= web_rtc::close().await;
    dispatch(Event::Hardened { complete });
}

pub(super) async fn restore() {
    let network = api().privacy().network();
    for setting in [network.web_rtc_policy(), network.prediction()] {
        watch("restore a privacy setting", setting.clear(&regular()));
    }
    web_rtc::open().await;
}
