//! A bridge that is wrong is named, wherever it stands in a text; and no line is taken with which
//! Tor would refuse all of its configuration.

use super::{CERT, FINGERPRINT};
use crate::bridge::{Bridge, BridgeFault as Fault};

fn good() -> String {
    format!("obfs4 192.0.2.7:443 {FINGERPRINT} {CERT} iat-mode=0")
}

/// Bridges that are wrong, in ways that leave them recognizable.
fn wrong() -> Vec<String> {
    let rest = format!("{FINGERPRINT} {CERT} iat-mode=0");
    [
        "obfs4 bridge.example:443",
        "obfs4 192.0.2.8:99999",
        "obfs4 192.0.2.8",
        "obfs4 2001:db8::2:443",
        "obfs4 192.0.2.8\u{ff1a}443",
        "obfs4 abcdefgh.onion:443",
        "obfs5 192.0.2.8",
    ]
    .map(|begin| format!("{begin} {rest}"))
    .into()
}

#[track_caller]
fn is_refused(text: &str) {
    let judged = Bridge::parse_all(text);
    assert!(judged.iter().any(Result::is_err), "{text:?}: {judged:?}");
}

#[track_caller]
fn is_taken(text: &str, count: usize) {
    let judged = Bridge::parse_all(text);
    let taken = judged.iter().filter(|one| one.is_ok()).count();
    assert_eq!(
        (taken, judged.len()),
        (count, count),
        "{text:?}: {judged:?}"
    );
}

#[test]
fn a_wrong_bridge_beside_a_good_one_is_never_left_out_unsaid() {
    let good = good();
    for wrong in wrong() {
        for text in [
            format!("{wrong}\n{good}"),
            format!("{wrong} {good}"),
            format!("{good} {wrong}"),
            format!("[\"{good}\", \"{wrong}\"]"),
            format!("user_pref(\"a.0\", \"{good}\");\nuser_pref(\"a.1\", \"{wrong}\");"),
            format!("{{\"a\": \"{good}\", \"b\": \"{wrong}\"}}"),
            format!("TOR_BRIDGE_1=\"{good}\"\nTOR_BRIDGE_2=\"{wrong}\""),
            format!("bridges = [\"{good}\",\n\"{wrong}\"]"),
            format!("`{good}` and `{wrong}`"),
            format!("\"{good}\"\n{wrong}"),
            format!("Bridge '{good}'\nBridge {wrong}"),
        ] {
            is_refused(&text);
        }
    }
}

/// Without a fingerprint or an argument, only its place tells that a line is meant as a bridge.
#[test]
fn a_place_that_is_typed_with_other_digits_or_signs_is_no_part_of_a_letter() {
    let good = good();
    for wrong in [
        "obfs4 192.0.2.2\u{ff1a}8443",
        "192.0.2.9\u{ff1a}9001",
        "\u{661}\u{669}\u{662}.\u{660}.\u{662}.\u{669}:\u{669}\u{660}\u{660}\u{661}",
        "192.0.2.9.9001",
        "192.0.2.9-9001",
        "192,0,2,9:9001",
        "192.0.2.9;9001",
    ] {
        is_refused(&format!("{good}\n{wrong}"));
        is_refused(&format!("{wrong}\n{good}"));
    }
    for letter in ["2026-11-30, 12:30", "call 030-123-45-67-8", "version 1.2.3"] {
        is_taken(&format!("{letter}\n{good}"), 1);
    }
}

#[test]
fn an_answer_without_a_bridge_is_called_that() {
    for text in [
        "{\"settings\": null, \"country\": \"de\"}",
        "{\"errors\": [{\"code\": 404, \"detail\": \"not found\"}]}",
        "{\"settings\":[{\"bridges\":{\"type\":\"snowflake\",\"source\":\"builtin\"}}]}",
    ] {
        assert_eq!(Bridge::parse_all(text), [Err(Fault::Empty)], "{text}");
    }
}

#[test]
fn a_line_of_a_letter_behind_a_bridge_does_not_become_a_part_of_it() {
    let webtunnel = format!("webtunnel 192.0.2.7:443 {FINGERPRINT} url=https://a.example/x");
    is_refused(&format!("{webtunnel}\nlogin=ali\npass=secret"));
    is_taken(&format!("{webtunnel}\nver=0.0.1"), 1);
}

#[test]
fn what_stands_around_bridges_is_still_left_out() {
    let good = good();
    for text in [
        format!("[12:30] Alice: {good}"),
        format!("user_pref(\"a.0\", \"{good}\");\nuser_pref(\"a.kind\", \"by mail\");"),
        format!("bridge=\"{good}\""),
        format!("bridges = [\n  \"{good}\",\n]"),
        format!("{{\"about\": \"from a friend\", \"bridge\": \"{good}\"}}"),
    ] {
        is_taken(&text, 1);
    }
}

#[test]
fn arguments_that_tor_would_refuse_with_all_of_its_configuration_are_refused_alone() {
    let begin = format!("snowflake 192.0.2.3:80 {FINGERPRINT} url=https://a.example/ ice=stun:");
    let arguments = "url=https://a.example/ ice=stun:".len();
    let fits = format!("{begin}{}", "a".repeat(510 - arguments));
    is_taken(&fits, 1);
    let judged = Bridge::parse(&format!("{fits}a"));
    assert_eq!(judged, Err(Fault::Arguments(511)));
    // Tor puts a sign before each of these.
    let escaped = format!("{begin};{}", "a".repeat(509 - arguments));
    assert_eq!(Bridge::parse(&escaped), Err(Fault::Arguments(511)));
}

#[test]
fn a_mail_may_break_its_line_anywhere_and_json_may_write_any_letter_as_a_number() {
    let mail = format!("obfs4 192.0.2.7:443 {FINGERPRINT} {CERT} iat-mode=3D0");
    let mail = mail.replace("cert=", "cert=3D");
    for place in mail.char_indices().map(|(place, _)| place).skip(1) {
        // No program breaks a line within a sign of three letters.
        let near = mail.get(place.saturating_sub(2)..place).unwrap();
        if !near.contains('=') {
            let (begin, end) = mail.split_at(place);
            is_taken(&format!("{begin}=\n{end}\n"), 1);
        }
    }
    let moat = "{\"settings\":[{\"bridges\":{\"bridge_strings\":[\"webtunnel \
                [2001:db8::1]:443 url=https://a.example/x?y=1\\u0026z=2 ver=0.0.1\"]}}]}";
    let bridges = Bridge::parse_all(moat);
    let line = bridges[0].as_ref().unwrap().line();
    assert!(line.contains("?y=1&z=2 "), "{line}");
}

#[test]
fn keys_that_no_relay_has_are_refused() {
    for (key, value) in [("node-id", "00"), ("public-key", "11")] {
        let line = format!(
            "obfs4 192.0.2.1:443 node-id={} public-key={} iat-mode=0",
            if key == "node-id" { value } else { FINGERPRINT },
            if key == "node-id" {
                "0f".repeat(32)
            } else {
                value.to_owned()
            },
        );
        let judged = Bridge::parse(&line);
        let is_of_key = |fault: &Fault| matches!(fault, Fault::Value { key: of, .. } if *of == key);
        assert!(judged.as_ref().is_err_and(is_of_key), "{line}: {judged:?}");
    }
}
