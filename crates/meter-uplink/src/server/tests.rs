//! Tests what is accepted as a server and what is not.

mod comments;
mod exports;
mod refusals;
mod switches;

use super::{ServerFault as Fault, *};
use proptest::prelude::*;

/// 16 and 32 bytes in base64.
const KEY_16: &str = "AAECAwQFBgcICQoLDA0ODw==";

const KEY_32: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[track_caller]
fn check(text: &str, method: &str, password: &str, address: &str) {
    let server = Server::parse(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(server.method(), method);
    // The library keeps it only for methods that derive their key from it.
    assert_eq!(server.config.password(), password);
    assert_eq!(server.address(), address.parse().unwrap());
}

const TWICE: &str = "it says its address, port or method twice, and not the same";

#[track_caller]
fn refused(text: &str, expected: Fault) {
    assert_eq!(
        Server::parse(text).map(|server| server.method()),
        Err(expected),
        "{text}"
    );
}

#[test]
fn both_forms_of_the_user_part_are_read() {
    // base64url of "aes-256-gcm:pass:word" and, padded, of "aes-256-gcm:pass:words".
    for (user, password) in [
        ("YWVzLTI1Ni1nY206cGFzczp3b3Jk", "pass:word"),
        ("YWVzLTI1Ni1nY206cGFzczp3b3Jkcw%3D%3D", "pass:words"),
        ("YWVzLTI1Ni1nY206cGFzczp3b3Jkcw", "pass:words"),
    ] {
        let url = format!("ss://{user}@192.0.2.1:8388/#my%20server");
        check(&url, "aes-256-gcm", password, "192.0.2.1:8388");
    }
    check(
        "ss://chacha20-ietf-poly1305:p%40ss@[2001:db8::1]:443",
        "chacha20-ietf-poly1305",
        "p@ss",
        "[2001:db8::1]:443",
    );
    let key = KEY_32.replace('=', "%3D");
    check(
        &format!("ss://2022-blake3-aes-256-gcm:{key}@192.0.2.1:8388"),
        "2022-blake3-aes-256-gcm",
        KEY_32,
        "192.0.2.1:8388",
    );
}

#[test]
fn the_first_server_of_a_sip008_file_counts() {
    let text = format!(
        r#"{{"version": 1, "servers": [
            {{"id": "x", "server": "192.0.2.7", "server_port": 8388, "password": "{KEY_16}",
              "method": "2022-blake3-aes-128-gcm", "plugin": "", "remarks": "1"}},
            {{"server": "192.0.2.8", "server_port": 1, "password": "", "method": "rc4"}}
        ], "bytes_used": 1}}"#
    );
    check(&text, "2022-blake3-aes-128-gcm", KEY_16, "192.0.2.7:8388");
    assert_eq!(Server::parse(&text).unwrap().listed(), 2);
}

/// URLs as programs export them and as people copy them.
#[test]
fn urls_are_read_as_programs_write_them() {
    // Standard base64 of "aes-256-gcm:a?b/c>" contains a slash.
    let slash = "YWVzLTI1Ni1nY206Pz8/Pj4+";
    for (url, password) in [
        (
            "ss://aes-256-gcm:x@192.0.2.1:8388#My server \u{1f1e9}\u{1f1ea}!".to_owned(),
            "x",
        ),
        (
            "\u{feff}SS://aes-256-gcm:x@192.0.2.1:8388\r\n".to_owned(),
            "x",
        ),
        (format!("ss://{slash}@192.0.2.1:8388"), "???>>>"),
        (
            format!("Ss://{}@192.0.2.1:8388/", slash.replace('/', "%2F")),
            "???>>>",
        ),
        (
            "ss://AES-256-GCM:p@ss/w?rd@192.0.2.1:8388/?outline=1".to_owned(),
            "p@ss/w?rd",
        ),
        (
            "ss://aes-256-gcm:x@192.0.2.1:8388?plugin=&tag=a@b".to_owned(),
            "x",
        ),
        // As an invitation's page has it behind its own address.
        (
            "ss%3A%2F%2Faes-256-gcm%3Ap%2525%40192.0.2.1%3A8388%2F%3Foutline%3D1".to_owned(),
            "p%",
        ),
        (
            "ss://aes-256-gcm:x@192.0.2.1:8388?type=tcp&encryption=none".to_owned(),
            "x",
        ),
    ] {
        check(&url, "aes-256-gcm", password, "192.0.2.1:8388");
    }
    check(
        "ss://chacha20-poly1305:x@192.0.2.1:1",
        "chacha20-ietf-poly1305",
        "x",
        "192.0.2.1:1",
    );
}

/// The whole of `aes-256-gcm:…@…:8388` in base64, in both alphabets, with and without padding.
#[test]
fn the_older_form_takes_any_password() {
    // "aes-256-gcm:a#b/c?d@e:f@192.0.2.1:8388" and, at an IPv6 address,
    // "aes-256-gcm:???>>>@[2001:db8::1]:8388".
    let first = "YWVzLTI1Ni1nY206YSNiL2M/ZEBlOmZAMTkyLjAuMi4xOjgzODg=";
    for coded in [first, first.trim_end_matches('='), &first.replace('/', "_")] {
        for behind in ["", "#a tag with spaces", "?plugin="] {
            let url = format!("ss://{coded}{behind}");
            check(&url, "aes-256-gcm", "a#b/c?d@e:f", "192.0.2.1:8388");
        }
    }
    let second = "YWVzLTI1Ni1nY206Pz8/Pj4+QFsyMDAxOmRiODo6MV06ODM4OA==";
    check(
        &format!("ss://{second}"),
        "aes-256-gcm",
        "???>>>",
        "[2001:db8::1]:8388",
    );
}

#[test]
fn configurations_and_exported_lists_are_read() {
    let server = r#"{"server": "192.0.2.7", "server_port": "8388", "password": "x",
        "method": "aes-128-gcm", "plugin": null, "obfs": "plain", "mode": "tcp_and_udp",
        "timeout": 300, "local_port": 1080}"#;
    for text in [
        server.to_owned(),
        format!("[{server}]"),
        format!(r#"{{"configs": [{server}], "index": 0}}"#),
        format!(r#"{{"servers": [{server}]}}"#),
        server
            .replace("\"server\"", "\"address\"")
            .replace("server_port", "port"),
        server.replace("\"192.0.2.7\"", "[\"192.0.2.7\", \"::\"]"),
    ] {
        check(&text, "aes-128-gcm", "x", "192.0.2.7:8388");
    }
    let ipv6 = server.replace("192.0.2.7", "[2001:db8::1]");
    check(&ipv6, "aes-128-gcm", "x", "[2001:db8::1]:8388");
    for (from, to, expected) in [
        ("192.0.2.7", "0.0.0.0", Fault::Unspecified),
        ("192.0.2.7", "::", Fault::Unspecified),
        ("\"server_port\": \"8388\",", "", Fault::NoPort),
        ("\"8388\"", "\"83x\"", Fault::Port),
        ("\"8388\"", "70000", Fault::Port),
        ("\"aes-128-gcm\"", "null", Fault::NoMethod),
        (
            "\"timeout\": 300",
            "\"users\": [{\"name\": \"a\", \"password\": \"b\"}]",
            Fault::Option("users"),
        ),
        ("\"plain\"", "\"http_simple\"", Fault::Option("obfs")),
        (
            "\"timeout\": 300",
            "\"prefix\": \"\\u0016\"",
            Fault::Option("prefix"),
        ),
        (
            "\"timeout\": 300",
            "\"multiplex\": {\"enabled\": true}",
            Fault::Option("multiplex"),
        ),
        ("tcp_and_udp", "udp_only", Fault::UdpOnly),
        ("\"timeout\": 300", "\"network\": \"udp\"", Fault::UdpOnly),
        ("192.0.2.7", " ", Fault::Document("it has no server")),
        ("null", "\"v2ray-plugin\"", Fault::Plugin),
    ] {
        refused(&server.replace(from, to), expected);
    }
    for twice in [
        "\"cipher\": \"aes-256-gcm\"",
        "\"port\": 1",
        "\"address\": \"192.0.2.8\"",
    ] {
        let text = server.replace("\"timeout\": 300", twice);
        refused(&text, Fault::Document(TWICE));
    }
    refused("[]", Fault::Document("its list of servers is empty"));
    refused("{}", Fault::Document("it has no server"));
    refused(
        &server.replace("\"server\"", "\u{201d}server\u{201d}"),
        Fault::Document("it has typographic quotation marks; type plain ones"),
    );
    refused("[1]", Fault::Document("its first server is no object"));
}

/// What shadowsocks-rust, -libev, -windows and -android, Outline, sing-box and Clash write beside
/// address, port, method and password.
#[test]
fn options_of_other_programs_that_change_nothing_here_pass() {
    for options in [
        r#""remarks": "mine", "group": "home", "id": "7", "timeout": 300, "plugin": """#,
        r#""local_address": "127.0.0.1", "local_port": 1080, "locals": [{"local_port": 1}]"#,
        r#""fast_open": true, "no_delay": true, "reuse_port": true, "mptcp": true, "mtu": 1492"#,
        r#""nameserver": "192.0.2.53", "ipv6_first": true, "acl": "/etc/acl", "user": "nobody""#,
        r#""mode": "tcp_only", "protocol": "tunnel", "forward_address": "192.0.2.1""#,
        r#""security": {"replay_attack": {"policy": "reject"}}, "dns": {"x": 1}, "nofile": 9"#,
        r#""route": "bypass-lan", "remote_dns": "1.1.1.1", "ipv6": true, "metered": false,
            "proxy_apps": {"enabled": true}, "udpdns": false, "udp_fallback": {"server": "x"}"#,
        r#""type": "shadowsocks", "tag": "a", "network": "tcp", "connect_timeout": "5s",
            "domain_strategy": "prefer_ipv4", "detour": "", "tcp_fast_open": false"#,
        r#""udp_over_tcp": {"enabled": true, "version": 2}, "uot": true, "UoTVersion": 2"#,
        r#""network": ["tcp", "udp"], "one_time_auth": false, "warnLegacyUrl": true"#,
        r#""version": 1, "bytes_used": 1, "something_new": false, "something_else": null"#,
    ] {
        let server = r#""server": "192.0.2.7", "server_port": 8388, "password": "x",
            "method": "aes-128-gcm""#;
        for text in [
            format!("{{{server}, {options}}}"),
            format!(r#"{{"servers": [{{{server}, {options}}}]}}"#),
            format!(r#"{{"version": 1, "servers": [{{{server}}}], "custom": 7}}"#),
        ] {
            check(&text, "aes-128-gcm", "x", "192.0.2.7:8388");
        }
    }
    let clash = r#"{"name": "a", "type": "ss", "server": "192.0.2.7", "port": 8388,
        "cipher": "aes-128-gcm", "password": "x", "udp": true}"#;
    check(clash, "aes-128-gcm", "x", "192.0.2.7:8388");
}

/// As mail, chat programs and command lines leave them.
#[test]
fn what_copying_does_to_a_server_is_undone() {
    let url = "ss://aes-256-gcm:x@192.0.2.1:8388";
    // "aes-256-gcm:x" and a line feed, as `echo` adds it; the whole with one, and with its tag.
    let user = "ss://YWVzLTI1Ni1nY206eAo=@192.0.2.1:8388";
    let whole = "ss://YWVzLTI1Ni1nY206eEAxOTIuMC4yLjE6ODM4OAo=#tag";
    let with_tag = "ss://YWVzLTI1Ni1nY206eEAxOTIuMC4yLjE6ODM4OCNhQGI=";
    for pasted in [
        format!("\"{url}\","),
        format!("<{url}>"),
        format!("\u{201c}{url}\u{201d}"),
        format!("\u{2066}{url}\u{2069}\n"),
        format!("{url},"),
        format!("# mine\n\n{url}\n"),
        url.replace("gcm", "g\u{200b}cm"),
        url.replace("192", "%31%39%32"),
        url.replace("aes-256-gcm", "AEAD_AES_256_GCM"),
        format!("{url}?plugin=none"),
        format!("https://pages.example/invite.html#{url}"),
        format!(
            "HTTPS://pages.example/#/en/invite/{}",
            url.replace("://", "%3A%2F%2F")
        ),
        user.to_owned(),
        whole.to_owned(),
        with_tag.to_owned(),
    ] {
        check(&pasted, "aes-256-gcm", "x", "192.0.2.1:8388");
    }
    check(
        "ss://aes-256-gcm:x@%5B2001:db8::1%5D:1",
        "aes-256-gcm",
        "x",
        "[2001:db8::1]:1",
    );
}

/// With comments and commas, as people write them and shadowsocks-rust reads them.
#[test]
fn configurations_written_by_hand_are_read() {
    for text in [
        "// mine\n{'server': '192.0.2.7', server_port: 8388, /* secret */ password: 12345,
            method: 'aes-128-gcm',}",
        "# mine\n{\"type\": \"shadowsocks\", \"server\": \"192.0.2.7\", \"server_port\": 8388,
            \"password\": 12345, \"method\": \"aes-128-gcm\", \"plugin\": \"none\",
            \"protocol\": \"socks\", \"multiplex\": {\"enabled\": false}, \"tls\": {}}",
        "{\"servers\": [{\"server\": \"192.0.2.6\", \"disabled\": true}, {\"server\": \"192.0.2.7\",
            \"server_port\": 8388, \"password\": \"12345\", \"method\": \"aes-128-gcm\"}]}",
    ] {
        check(text, "aes-128-gcm", "12345", "192.0.2.7:8388");
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(text in "(ss://)?\\PC*") {
        let judged = Server::parse(&text);
        prop_assert!(judged.is_ok() || judged.is_err());
    }

    #[test]
    fn every_password_survives_the_plain_form(password in "[ -~]{1,40}") {
        let encoded: String = password.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let server = Server::parse(&format!("ss://aes-128-gcm:{encoded}@192.0.2.1:1")).unwrap();
        prop_assert_eq!(server.config.password(), password);
    }
}
