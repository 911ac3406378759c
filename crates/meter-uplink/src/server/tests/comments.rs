//! Tests comments around a server, and what only looks like a second link.

use super::{super::ServerFault as Fault, check, refused};

const URL: &str = "ss://aes-256-gcm:x@192.0.2.1:8388";

const JSON: &str = r#"{"server": "192.0.2.1", "server_port": 8388, "password": "x",
    "method": "aes-256-gcm"}"#;

#[test]
fn comments_above_and_below_a_server_are_ignored() {
    for comment in [
        "# mine",
        "  # mine",
        "\u{feff}# mine",
        "// mine",
        "/* mine */",
        "/* mine,\n   # of old */",
        "# ss://old@192.0.2.9:1",
        "// ss://old@192.0.2.9:1\n\n# {\"server\": 1}",
        "/*\nss://old@192.0.2.9:1\n*/ // gone",
        "# a/*/b",
    ] {
        for server in [URL, JSON, "\"ss://aes-256-gcm:x@192.0.2.1:8388\","] {
            for end in ["\n", "\r\n", "\r", "\n\n"] {
                for text in [
                    format!("{comment}{end}{server}"),
                    format!("{server}{end}{comment}"),
                    format!("{comment}{end}{server}{end}{comment}{end}"),
                ] {
                    check(&text, "aes-256-gcm", "x", "192.0.2.1:8388");
                }
            }
        }
    }
    for nothing in ["# mine", "// mine\n# ss://old@192.0.2.9:1\n", "/* mine */"] {
        refused(nothing, Fault::Empty);
    }
}

#[test]
fn comments_inside_json_are_ignored() {
    for comment in [
        "# old: 1",
        "// \"password\": \"y\",",
        "/* \"password\": \"y\", */",
        "/* two\n# lines */",
        "/* two\n// lines */",
    ] {
        for above in ["\n", " "] {
            // A block may begin behind something else; the others begin a line.
            if above == "\n" || comment.starts_with("/*") {
                let text = JSON.replace("\"method\"", &format!("{above}{comment}\n\"method\""));
                check(&text, "aes-256-gcm", "x", "192.0.2.1:8388");
                let text =
                    JSON.replace(", \"server_port\"", &format!(",{above}{comment}\n\"port\""));
                check(&text, "aes-256-gcm", "x", "192.0.2.1:8388");
            }
        }
    }
    // What begins like a comment inside a text is part of it.
    let text = JSON.replace("\"x\"", "\"# /* // x\"");
    check(&text, "aes-256-gcm", "# /* // x", "192.0.2.1:8388");
}

/// The end of another scheme's name, and an address inside another one, begin no link.
#[test]
fn a_tag_may_contain_the_address_of_a_page() {
    for tag in [
        "from https://bss://x",
        "vless://x",
        "https://pages.example/?from=ss://x",
        "https://pages.example/ss://x",
    ] {
        check(
            &format!("{URL}#{tag}"),
            "aes-256-gcm",
            "x",
            "192.0.2.1:8388",
        );
    }
    for more in [
        "#a ss://b",
        "#a SS://b",
        "#a,ss://b",
        "#a\nss://b",
        "#ss://b",
        "ss://b",
        "\nss://aes-256-gcm:x@192.0.2.2:1",
    ] {
        refused(&format!("{URL}{more}"), Fault::Several);
    }
}
