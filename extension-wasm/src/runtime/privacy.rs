//! Closes the ways past the proxy, and gives them back.

use super::js::{in_regular, regular, watch};
use super::web_rtc;
use crate::bindings::{Setting, api};
use serde_json::{Value, json};

/// WebRTC ignores the proxy and sends UDP past it; the prefetcher resolves names past it.
pub(super) async fn harden() {
    let network = api().privacy().network();
    let set = |setting: Setting, value: Value| {
        watch(
            "close a way past the proxy",
            setting.set(&in_regular(&value)),
        );
    };
    set(network.web_rtc_policy(), json!("disable_non_proxied_udp"));
    set(network.prediction(), json!(false));
    web_rtc::close().await;
}

pub(super) async fn restore() {
    let network = api().privacy().network();
    for setting in [network.web_rtc_policy(), network.prediction()] {
        watch("restore a privacy setting", setting.clear(&regular()));
    }
    web_rtc::open().await;
}
