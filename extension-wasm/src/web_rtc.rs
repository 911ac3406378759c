//! What closes WebRTC in pages, as plain values.
//!
//! In Chromium, `webRTCIPHandlingPolicy` keeps its packets on the proxy, but the names of TURN
//! servers and of remote candidates are still looked up by the computer itself. Two things of
//! different make close that. A script takes the constructor away from every page; it comes too
//! late only for a frame that has begun to load and is reached into within the same turn. A header
//! forbids WebRTC for the page and what it makes, from Chromium 152 on; it is missing only from
//! pages that a service worker answers. Firefox has a switch, which another extension can turn
//! back; there the script is the second thing.

use serde_json::{Value, json};

/// Names the registered script.
pub const SCRIPT_ID: &str = "no_web_rtc";

/// The script, as `scripting.registerContentScripts` takes it. It outlives the browser's end, so
/// that pages which come back with the browser have it, too.
#[must_use]
pub fn script() -> Value {
    json!({
        "id": SCRIPT_ID,
        "js": ["pages/no_web_rtc.js"],
        "matches": ["<all_urls>"],
        "allFrames": true,
        "matchOriginAsFallback": true,
        "runAt": "document_start",
        "world": "MAIN",
    })
}

/// The numbers of the rules.
#[must_use]
pub fn rule_ids() -> Vec<u32> {
    conditions().map(|(id, _)| id).collect()
}

/// The header, as rules of `declarativeNetRequest`.
#[must_use]
pub fn rules() -> Vec<Value> {
    let rule = |(id, condition): (u32, Value)| {
        json!({
            "id": id,
            "condition": condition,
            "action": {
                "type": "modifyHeaders",
                "responseHeaders": [{ "header": HEADER, "operation": "set", "value": VALUE }],
            },
        })
    };
    conditions().map(rule).collect()
}

/// Every document, except those whose site has a list of its own that closes WebRTC: a list does
/// so unless it says otherwise, and more than one list cannot be given.
fn conditions() -> impl Iterator<Item = (u32, Value)> {
    let header = HEADER.to_ascii_lowercase();
    let where_header = [
        ("excludedResponseHeaders", json!([{ "header": header }])),
        (
            "responseHeaders",
            json!([{ "header": header, "values": ["*webrtc*"] }]),
        ),
        // None that could be a list: empty, for example, which closes nothing.
        (
            "responseHeaders",
            json!([{ "header": header, "excludedValues": ["*(*"] }]),
        ),
    ];
    (1..).zip(where_header.map(|(key, headers)| {
        let mut condition = json!({ "resourceTypes": ["main_frame", "sub_frame", "object"] });
        condition[key] = headers;
        condition
    }))
}

const HEADER: &str = "Connection-Allowlist";

/// Everything as before, but no WebRTC. The second address is for those without a host, as
/// `mailto:`.
const VALUE: &str = r#"("*://*:*/*" "*:*");redirects=allow;webrtc=block"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_gets_the_header_unless_its_own_closes_web_rtc() {
        let rules = rules();
        assert_eq!(rules.len(), 3);
        for (rule, id) in rules.iter().zip(rule_ids()) {
            assert_eq!(rule["id"], id);
            let headers = &rule["action"]["responseHeaders"];
            assert_eq!(headers[0]["value"], VALUE);
            assert_eq!(rule["condition"]["resourceTypes"][0], "main_frame");
        }
    }

    #[test]
    fn the_script_runs_in_every_frame_before_the_page() {
        let script = script();
        assert_eq!(script["runAt"], "document_start");
        assert_eq!(script["world"], "MAIN");
        assert_eq!(script["allFrames"], true);
        assert_eq!(script["matchOriginAsFallback"], true);
    }
}
