//! Closes and opens WebRTC, in a different way for each browser family.

use super::js::{from_json, in_regular, regular, settle, tell};
use crate::bindings::{api, console_error};
use crate::web_rtc::{CLOSING_RULES, OPENING_RULES, RULES, SCRIPT, SCRIPT_ID};
use js_sys::Array;

/// Returns when pages that load from now on have no WebRTC, or when the browser has refused. The
/// result tells whether everything was done.
pub(super) async fn close() -> bool {
    let is_off = match api().privacy().network().peer_connection() {
        Some(switch) => tell("close WebRTC", switch.set(&in_regular("false"))).await,
        None => {
            let rules = from_json(CLOSING_RULES);
            tell("forbid WebRTC", api().net_request().update_rules(&rules)).await
        }
    };
    take_from_pages().await && is_off
}

/// The script may be registered since an earlier start, or another call may be registering it now.
/// The browser reports both as errors, and lists only a script that is already registered.
async fn take_from_pages() -> bool {
    for _ in 0..2 {
        let registered = settle(api().scripting().register(&from_json(SCRIPT))).await;
        if registered.is_ok() || is_registered().await {
            return true;
        }
    }
    console_error("onionmeter: the browser refused to take WebRTC from pages");
    false
}

/// Pages that load from now on have WebRTC again, unless the person has closed it elsewhere.
pub(super) async fn open() {
    match api().privacy().network().peer_connection() {
        Some(switch) => tell("restore WebRTC", switch.clear(&regular())).await,
        None => {
            let rules = from_json(OPENING_RULES);
            tell("allow WebRTC", api().net_request().update_rules(&rules)).await
        }
    };
    if is_registered().await {
        let script = from_json(SCRIPT_ID);
        tell(
            "give WebRTC to pages",
            api().scripting().unregister(&script),
        )
        .await;
    }
}

/// Whether pages have no WebRTC, as the browser lists it. The setting of Firefox is not looked at.
pub(super) async fn is_closed() -> bool {
    let has_rules = match api().privacy().network().peer_connection() {
        Some(_) => true,
        None => {
            let found = settle(api().net_request().rules()).await;
            found.is_ok_and(|found| Array::from(&found).length() == RULES)
        }
    };
    has_rules && is_registered().await
}

async fn is_registered() -> bool {
    let filter = from_json(SCRIPT_ID);
    let found = settle(api().scripting().registered(&filter)).await;
    found.is_ok_and(|found| Array::from(&found).length() > 0)
}
