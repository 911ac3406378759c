//! What no server can be made of, and the reason that is given; secrets are not in it.

use super::{
    super::{ServerFault as Fault, *},
    KEY_32, check, refused,
};

#[test]
fn an_option_that_is_not_known_or_changes_the_way_is_refused_by_its_name() {
    let unknown = |name| Fault::UnknownOption(OptionName::of(name));
    for (option, expected) in [
        (
            r#""outbound_proxy": "socks5://192.0.2.9:1080""#,
            Fault::Way("outbound_proxy"),
        ),
        (
            r#""outbound_bind_interface": "wg0""#,
            Fault::Way("outbound_bind_interface"),
        ),
        (r#""outbound_fwmark": 100"#, Fault::Way("outbound_fwmark")),
        (r#""detour": "other""#, Fault::Way("detour")),
        (r#""Dialer-Proxy": "other""#, Fault::Way("dialer-proxy")),
        (r#""routing_mark": 1"#, Fault::Way("routing_mark")),
        (r#""mode": "websocket""#, Fault::Option("mode")),
        (r#""network": "kcp""#, Fault::Option("network")),
        (r#""network": ["udp"]"#, Fault::UdpOnly),
        (r#""auth": true"#, Fault::Option("auth")),
        (r#""security": "reality""#, Fault::Option("security")),
        (r#""security": {"reality": {}}"#, Fault::Option("security")),
        (r#""plugin": ["obfs-local"]"#, Fault::Plugin),
        (r#""Plugin": "obfs-local""#, Fault::Plugin),
        (r#""key": "bm90IGEgcGFzc3dvcmQ""#, unknown("key")),
        (r#""flow": "xtls-rprx-vision""#, unknown("flow")),
        (r#""websocket-path": "/x""#, unknown("websocket-path")),
        (r#""Tomorrow": 1"#, unknown("Tomorrow")),
    ] {
        let server = r#""server": "192.0.2.7", "server_port": 8388, "password": "x",
            "method": "aes-128-gcm""#;
        refused(&format!("{{{server}, {option}}}"), expected);
        refused(
            &format!(r#"{{"servers": [{{{server}, {option}}}]}}"#),
            expected,
        );
        // Beside a list, everybody may add an option.
        let around = format!(r#"{{"servers": [{{{server}}}], {option}}}"#);
        match expected {
            Fault::UnknownOption(_) => check(&around, "aes-128-gcm", "x", "192.0.2.7:8388"),
            expected => refused(&around, expected),
        }
    }
    for (key, shown) in [
        ("flow", "not known here (\"flow\"), and"),
        ("local_ipv4_address", "here (\"local_ipv4_address\"), and"),
        ("remarks_base64", "here (\"remarks_base64\"), and"),
        ("isIPv6Enabled", "here (\"isIPv6Enabled\"), and"),
        ("base64hunter2", "its name may be a secret"),
        ("hunter2", "its name may be a secret"),
        ("correct horse", "its name may be a secret"),
        ("", "its name may be a secret"),
        (
            "a_name_of_more_letters_than_any_has",
            "its name may be a secret",
        ),
    ] {
        let said = unknown(key).to_string();
        assert!(said.contains(shown), "{said}");
    }
    refused("ss://aes-256-gcm:x@192.0.2.1:1?flow=a", unknown("flow"));
}

#[test]
fn what_is_for_another_program_is_called_what_it_is() {
    for (text, what) in [
        ("vmess://eyJ2IjoiMiJ9", "a VMess link"),
        ("ssd://eyJhIjoxfQ", "a subscription in the form of SSD"),
        ("sub://aHR0cHM6Ly8", "the link of a subscription"),
        (
            "clash://install-config?url=x",
            "a link for the program Clash",
        ),
        (
            "tg://proxy?server=192.0.2.1&port=1",
            "a link for the program Telegram",
        ),
        ("VLESS://id@192.0.2.1:443?security=reality", "a VLESS link"),
        ("trojan://pw@192.0.2.1:443", "a Trojan link"),
        ("hysteria2://pw@192.0.2.1:443", "a Hysteria 2 link"),
        ("ssr://MTkyLjAuMi4xOjg=", "a ShadowsocksR link"),
        (
            "http://aes-256-gcm:x@192.0.2.1:1",
            "the address of a page or of an HTTP proxy",
        ),
        (
            "proxies:\n  - name: a\n    type: ss\n",
            "a Clash configuration (YAML)",
        ),
        (
            "- {name: a, type: ss, server: 192.0.2.1}",
            "a Clash configuration (YAML)",
        ),
        (
            "transport:\n  $type: tcpudp\n",
            "a configuration of Outline (YAML)",
        ),
        (
            "{name: a, type: ss, server: 192.0.2.1, port: 1, cipher: aes-128-gcm, password: x}",
            "a Clash configuration (YAML)",
        ),
        ("[Interface]\nPrivateKey = x\n", "a WireGuard configuration"),
        (
            "obfs4 192.0.2.1:443 cert=x iat-mode=0",
            "a bridge line, which belongs into tor.bridges",
        ),
        (
            r#"{"apiUrl":"https://192.0.2.1:1/x","certSha256":"A"}"#,
            "the access by which an Outline server is managed, which nobody but its owner may have",
        ),
        (
            "https://site.example/#vless%3A%2F%2Fid@192.0.2.1:1",
            "the address of a page or of an HTTP proxy",
        ),
    ] {
        refused(text, Fault::Other(what));
    }
    // "ss://a\nss://b".
    refused("c3M6Ly9hCnNzOi8vYg==\n", Fault::Subscription);
    for text in [
        r#"{"outbounds": [{"type": "shadowsocks"}]}"#,
        r#"{"protocol": "shadowsocks", "settings": {"servers": []}}"#,
        r#"{"server": "192.0.2.1", "port_password": {"8388": "x"}, "method": "aes-128-gcm"}"#,
        r#"{"version": "2", "servers": []}"#,
        r#"{"proxies": [{"name": "a", "type": "ss"}], "proxy-groups": []}"#,
    ] {
        let reason = Server::parse(text).unwrap_err();
        assert!(matches!(reason, Fault::Document(_)), "{text}: {reason}");
        assert_ne!(reason, Fault::Document("it is not JSON"), "{text}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_with_what_is_wrong() {
    for (text, expected) in [
        (" \n", Fault::Empty),
        ("hello", Fault::Unknown),
        ("ss://aes-256-gcm:x@192.0.2.1:1\nss://b", Fault::Several),
        (
            "ss://aes-256-gcm:x@192.0.2.1:1#a ss://aes-256-gcm:x@192.0.2.2:1#b",
            Fault::Several,
        ),
        (
            "ss://aes-256-gcm:x@192.0.2.1:1#a\nGreetings",
            Fault::NotOneLine,
        ),
        (
            "ss://aes-256-gcm:x@192.0.2.1:1\u{7}",
            Fault::Character('\u{7}'),
        ),
        ("ss://aes-256-gcm:a b@192.0.2.1:1", Fault::Character(' ')),
        ("ss\u{ff1a}//x@192.0.2.1:1", Fault::Character('\u{ff1a}')),
        (
            "ss://aes-256-gcm:x@192.0.2.1\u{ff1a}8388",
            Fault::Character('\u{ff1a}'),
        ),
        (
            "ss://aes-256-gcm:x@192\u{3002}0.2.1:\u{ff11}",
            Fault::Character('\u{3002}'),
        ),
        ("My key: ss://x@192.0.2.1:1", Fault::TextBefore),
        ("[key](ss://x@192.0.2.1:1)", Fault::TextBefore),
        (
            "[Outline](https://site.example/invite.html#ss%3A%2F%2Fx@192.0.2.1:1)",
            Fault::TextBefore,
        ),
        ("ss://aes-256-gcm:a#b@192.0.2.1:1", Fault::Hash),
        ("ss://192.0.2.1:8388", Fault::Url(UrlPart::User)),
        ("ss://aes-256-gcm:x@192.0.2.1:-1", Fault::Port),
        ("ss://aes-256-gcm:x@192.0.2.256:1", Fault::Address),
        ("ss://aes-256-gcm:x@192.000.002.001:1", Fault::Address),
        ("ss://aes-256-gcm:x@[fe80::1%25eth0]:1", Fault::Address),
        ("ss://aes-256-gcm:x@255.255.255.255:1", Fault::Address),
        ("ss://aes-256-gcm:x@b\u{fc}cher.example:1", Fault::Name),
        ("ss://!!!@192.0.2.1:1", Fault::Url(UrlPart::User)),
        ("ss://aes-256-gcm:x@192.0.2.1:99999", Fault::Port),
        ("ss://", Fault::Url(UrlPart::Server)),
        ("ss://@", Fault::Url(UrlPart::Server)),
        ("ss://aes-256-gcm:x@192.0.2.1", Fault::NoPort),
        ("ss://aes-256-gcm:x@192.0.2.1:/", Fault::NoPort),
        ("ss://aes-256-gcm:x@[2001:db8::1]", Fault::NoPort),
        ("ss://aes-256-gcm:x@2001:db8::1:443", Fault::Address),
        ("ssconf://example.org/key.json", Fault::Dynamic),
    ] {
        refused(text, expected);
    }
}

#[test]
fn options_methods_and_passwords_that_cannot_be_used_are_refused_with_what_is_wrong() {
    for (text, expected) in [
        (
            "ss://YWVzLTI1Ni1nY206eA==@192.0.2.1:1/?outline=1&prefix=%16%03",
            Fault::Option("prefix"),
        ),
        (
            "ss://aes-256-gcm:x@192.0.2.1:1?type=ws&security=tls",
            Fault::Option("type"),
        ),
        (
            "ss://aes-256-gcm:x@192.0.2.1:1?type=tcp&security=tls",
            Fault::Option("security"),
        ),
        (
            "ss://aes-256-gcm:x@192.0.2.1:1?obfs=http",
            Fault::Option("obfs"),
        ),
        (
            "ss://aes-256-gcm:x@192.0.2.1:1?tomorrow=1",
            Fault::UnknownOption(OptionName::of("tomorrow")),
        ),
        (
            "ss://aes-256-gcm:x@192.0.2.1:1?outline=1;pre%66ix=a",
            Fault::Option("prefix"),
        ),
        ("ss://aes-256-gcm:x@example.org:8388", Fault::Name),
        ("ss://aes-256-gcm:x@0.0.0.0:8388", Fault::Unspecified),
        ("ss://aes-256-gcm:x@192.0.2.1:0", Fault::Port),
        ("ss://rc4-md5:x@192.0.2.1:1", Fault::Method),
        ("ss://aes-256-cfb:x@192.0.2.1:1", Fault::Method),
        ("ss://none:x@192.0.2.1:1", Fault::NoEncryption),
        ("ss://plain:x@192.0.2.1:1", Fault::NoEncryption),
        // base64url of "aes-256-gcm:".
        ("ss://YWVzLTI1Ni1nY206@192.0.2.1:1", Fault::NoPassword),
        (
            "ss://aes-256-gcm:x@192.0.2.1:1?plugin=obfs-local%3Bobfs%3Dtls",
            Fault::Plugin,
        ),
        (
            "ss://2022-blake3-aes-256-gcm:no+base64!@192.0.2.1:1",
            Fault::KeyEncoding,
        ),
        (
            "ss://2022-blake3-chacha20-poly1305:no:base64!@192.0.2.1:1",
            Fault::KeyEncoding,
        ),
        (
            "ss://2022-blake3-aes-256-gcm:AAECAwQFBgcICQoLDA0ODw%3D%3D@192.0.2.1:1",
            Fault::KeyLength {
                bytes: 16,
                wanted: 32,
            },
        ),
    ] {
        refused(text, expected);
    }
}

/// Both keys are base64, but this method of 2022 has no keys of users.
#[test]
fn a_second_key_for_a_method_that_takes_one_is_called_that() {
    let url = |method: &str| {
        let keys = format!("{KEY_32}:{KEY_32}").replace('=', "%3D");
        format!("ss://{method}:{keys}@192.0.2.1:1")
    };
    refused(&url("2022-blake3-chacha20-poly1305"), Fault::SecondKey);
    assert!(Server::parse(&url("2022-blake3-aes-256-gcm")).is_ok());
}

#[test]
fn a_sip008_file_that_is_none_is_refused() {
    let file = |servers: &str| format!(r#"{{"version": 1, "servers": {servers}}}"#);
    let server = |host: &str, rest: &str| {
        file(&format!(
            r#"[{{"server": "{host}", "server_port": 1, "method": "aes-128-gcm"{rest}}}]"#
        ))
    };
    refused("{", Fault::Document("it is not JSON"));
    for version in ["2", "1.5", "-1", "\"2\"", "\"4.4.1.0\""] {
        refused(
            &format!(r#"{{"version": {version}, "servers": []}}"#),
            Fault::Document("its version is not 1"),
        );
    }
    refused(&file("[]"), Fault::Document("its list of servers is empty"));
    refused(&server("example.org", r#", "password": "x""#), Fault::Name);
    for password in ["", r#", "password": """#, r#", "password": null"#] {
        refused(&server("192.0.2.1", password), Fault::NoPassword);
    }
    for password in ["1.5", "-1", "true", "[]", "{}"] {
        refused(
            &server("192.0.2.1", &format!(r#", "password": {password}"#)),
            Fault::Document("its password is not a text; put it in quotation marks"),
        );
    }
    let plugin = r#", "password": "x", "plugin": "sh""#;
    refused(&server("192.0.2.1", plugin), Fault::Plugin);
}

#[test]
fn neither_server_nor_reasons_show_a_secret() {
    let shown = format!(
        "{:?}",
        Server::parse("ss://aes-256-gcm:hunter2@192.0.2.1:1").unwrap()
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("192.0.2.1"),
        "{shown}"
    );
    for text in [
        "ss://bad:hunter2@192.0.2.1:1",
        "ss://2022-blake3-aes-256-gcm:hunter2@192.0.2.1:1",
    ] {
        let error = Server::parse(text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("192.0.2.1"),
            "{shown}"
        );
    }
}
