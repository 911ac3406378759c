//! Closes and opens WebRTC, each family in its way.

use super::js::{in_regular, js, regular, settle, watch};
use crate::bindings::{api, console_error};
use crate::web_rtc::{SCRIPT_ID, rule_ids, rules, script};
use js_sys::Array;
use serde_json::json;

/// Returns when pages that load from now on have no WebRTC, or the browser refused.
pub(super) async fn close() {
    match api().privacy().network().peer_connection() {
        Some(switch) => {
            watch("close WebRTC", switch.set(&in_regular(&json!(false))));
        }
        None => {
            let rules = js(&json!({ "removeRuleIds": rule_ids(), "addRules": rules() }));
            watch("forbid WebRTC", api().net_request().update_rules(&rules));
        }
    }
    // It may be there from an earlier start, which the browser calls an error.
    let registered = settle(api().scripting().register(&js(&json!([script()])))).await;
    if registered.is_err() && !is_registered().await {
        console_error("onionmeter: the browser refused to take WebRTC from pages");
    }
}

/// Pages that load from now on have WebRTC again, if the person has not closed it elsewhere.
pub(super) async fn open() {
    match api().privacy().network().peer_connection() {
        Some(switch) => watch("restore WebRTC", switch.clear(&regular())),
        None => {
            let rules = js(&json!({ "removeRuleIds": rule_ids() }));
            watch("allow WebRTC", api().net_request().update_rules(&rules));
        }
    }
    if is_registered().await {
        let script = js(&json!({ "ids": [SCRIPT_ID] }));
        watch(
            "give WebRTC to pages",
            api().scripting().unregister(&script),
        );
    }
}

async fn is_registered() -> bool {
    let filter = js(&json!({ "ids": [SCRIPT_ID] }));
    let found = settle(api().scripting().registered(&filter)).await;
    found.is_ok_and(|found| Array::from(&found).length() > 0)
}
