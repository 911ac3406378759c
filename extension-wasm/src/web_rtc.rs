//! The values that close WebRTC in pages.
//!
//! In Chromium, `webRTCIPHandlingPolicy` keeps the packets of WebRTC on the proxy, but the computer
//! itself still resolves the names of TURN servers and remote candidates. Two different measures
//! close that. A script removes the constructor from every page; it comes too late only for a frame
//! that has begun to load and is accessed within the same turn. A header forbids WebRTC for the
//! page and for what it creates, from Chromium 152 on; it is missing only in pages that a service
//! worker answers. Firefox has a setting, which another extension can change back; there the script
//! is the second measure.

/// The script, as `scripting.registerContentScripts` takes it. It stays registered when the browser
/// ends, so that pages restored with the browser have it, too.
pub const SCRIPT: &str = include_str!("web_rtc/script.json");

/// The script by its name, for `scripting.getRegisteredContentScripts` and its opposite.
pub const SCRIPT_ID: &str = r#"{"ids": ["no_web_rtc"]}"#;

/// The header, as rules for `declarativeNetRequest.updateDynamicRules`. They apply to every
/// document, except if its site sends its own list that closes WebRTC. A list does that unless it
/// says otherwise, and there cannot be more than one list. The first rule is for sites without a
/// list, the second for a list that names WebRTC, the third for values that cannot be a list: an
/// empty one, for example, which closes nothing.
///
/// The value allows everything as before, except WebRTC. Its second pattern is for addresses
/// without a host, such as `mailto:`.
pub const CLOSING_RULES: &str = include_str!("web_rtc/rules.json");

/// Removes the rules.
pub const OPENING_RULES: &str = r#"{"removeRuleIds": [1, 2, 3]}"#;

/// How many rules there are.
pub const RULES: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn parsed(json: &str) -> Value {
        serde_json::from_str(json).expect("JSON")
    }

    #[test]
    fn every_document_gets_the_header_unless_its_own_closes_web_rtc() {
        let change = parsed(CLOSING_RULES);
        let rules = change["addRules"].as_array().expect("rules");
        assert_eq!(u32::try_from(rules.len()), Ok(RULES));
        let ids: Vec<_> = rules.iter().map(|rule| &rule["id"]).collect();
        for change in [&change, &parsed(OPENING_RULES)] {
            let removed = change["removeRuleIds"].as_array().expect("numbers");
            assert_eq!(removed.iter().collect::<Vec<_>>(), ids);
        }
        for rule in rules {
            let header = &rule["action"]["responseHeaders"][0];
            let value = r#"("*://*:*/*" "*:*");redirects=allow;webrtc=block"#;
            assert_eq!(
                (&header["header"], &header["value"]),
                (&"Connection-Allowlist".into(), &value.into())
            );
            let condition = &rule["condition"];
            let documents = parsed(r#"["main_frame", "sub_frame", "object"]"#);
            assert_eq!(condition["resourceTypes"], documents);
            let found = ["excludedResponseHeaders", "responseHeaders"].map(|key| &condition[key]);
            let found = found.into_iter().find(|headers| headers.is_array());
            assert_eq!(found.expect("one")[0]["header"], "connection-allowlist");
        }
        assert_eq!(rules[0]["condition"]["responseHeaders"], Value::Null);
        let of = |rule: usize| &rules[rule]["condition"]["responseHeaders"][0];
        assert_eq!(of(1)["values"][0], "*webrtc*");
        assert_eq!(of(2)["excludedValues"][0], "*(*");
    }

    #[test]
    fn the_script_runs_in_every_frame_before_the_page() {
        let script = &parsed(SCRIPT)[0];
        assert_eq!(script["runAt"], "document_start");
        assert_eq!(script["world"], "MAIN");
        assert_eq!(script["allFrames"], true);
        assert_eq!(script["matchOriginAsFallback"], true);
        assert_eq!(script["matches"][0], "<all_urls>");
        assert_eq!(script["id"], parsed(SCRIPT_ID)["ids"][0]);
    }
}
