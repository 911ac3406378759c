//! Tests which values switch an option off.

use super::{
    super::{ServerFault as Fault, option_name::OptionName},
    check, refused,
};

const SERVER: &str = r#""server": "192.0.2.7", "server_port": 8388, "password": "x",
    "method": "aes-128-gcm""#;

/// Words that switch off one option or another.
const WORDS: [&str; 10] = [
    "0",
    "false",
    "none",
    "plain",
    "origin",
    "tcp",
    "raw",
    "ss",
    "shadowsocks",
    "[]",
];

/// In other options they are values: the name of an outbound, or bytes to be sent.
#[test]
fn a_word_switches_off_only_the_options_in_which_it_means_that() {
    let unknown = |name| Fault::UnknownOption(OptionName::of(name));
    for (key, fault, off) in [
        ("detour", Fault::Way("detour"), &[][..]),
        ("dialer-proxy", Fault::Way("dialer-proxy"), &[]),
        (
            "outbound_bind_interface",
            Fault::Way("outbound_bind_interface"),
            &[],
        ),
        ("outbound_fwmark", Fault::Way("outbound_fwmark"), &["0"]),
        ("proxyEnable", Fault::Way("proxyEnable"), &["0", "false"]),
        ("host", Fault::Option("host"), &[]),
        ("prefix", Fault::Option("prefix"), &[]),
        ("plugin", Fault::Plugin, &["none"]),
        ("obfs", Fault::Option("obfs"), &["plain", "none"]),
        ("security", Fault::Option("security"), &["none"]),
        ("headertype", Fault::Option("headertype"), &["none"]),
        ("ota", Fault::Option("ota"), &["0", "false"]),
        (
            "type",
            Fault::Option("type"),
            &["ss", "shadowsocks", "tcp", "raw"],
        ),
        ("tomorrow", unknown("tomorrow"), &[]),
    ] {
        for word in WORDS {
            let json = format!(r#"{{{SERVER}, "{key}": "{word}"}}"#);
            let url = format!("ss://aes-128-gcm:x@192.0.2.7:8388/?{key}={word}");
            for text in [json, url] {
                if off.contains(&word) {
                    check(&text, "aes-128-gcm", "x", "192.0.2.7:8388");
                } else {
                    refused(&text, fault);
                }
            }
        }
        // What is empty or off by its type, in all options.
        for empty in ["\"\"", "null", "false", "[]", "{}", r#"{"enabled": false}"#] {
            let text = format!(r#"{{{SERVER}, "{key}": {empty}}}"#);
            check(&text, "aes-128-gcm", "x", "192.0.2.7:8388");
        }
        let on = r#"{"enabled": true, "useProxy": false}"#;
        refused(&format!(r#"{{{SERVER}, "{key}": {on}}}"#), fault);
    }
}
