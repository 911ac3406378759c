//! The values that close WebRTC in pages.
//!
//! In Chromium, `webRTCIPHandlingPolicy` keeps the packets of WebRTC on the proxy, but the computer
//! itself still resolves the names of TURN servers and remote candidates. Two different measures
//! close that. A script removes the constructor from every page; it comes too late only for a frame
//! that has begun to load and is accessed within the same turn. A header forbids WebRTC for the
//! page and for what it creates, from Chromium 152 on; it is missing only in pages that a service
//! worker answers. Firefox has a setting, which another extension can change back; there the script
//! is the second measure.

use serde_json::{Value, json};

/// The name of the registered script.
pub const SCRIPT_ID: &str = "no_web_rtc";

/// The script, as `scripting.registerContentScripts` takes it. It stays registered when the browser
/// ends, so that pages restored with the browser have it, too.
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

/// The header, as rules for `declarativeNetRequest`.
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

/// The rules apply to every document, except if its site sends its own list that closes WebRTC. A
/// list does that unless it says otherwise, and there cannot be more than one list.
fn conditions() -> impl Iterator<Item = (u32, Value)> {
    let header = HEADER.to_ascii_lowercase();
    let where_header = [
        ("excludedResponseHeaders", json!([{ "header": header }])),
        (
            "responseHeaders",
            json!([{ "header": header, "values": ["*webrtc*"] }]),
        ),
        // Values that cannot be a list: an empty one, for example, which closes nothing.
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

/// Allows everything as before, except WebRTC. The second pattern is for addresses without a host,
/// such as `mailto:`.
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
