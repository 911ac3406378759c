//! Tests values that each browser returns, and which of them count as ours.

use super::*;
use serde_json::json;

const OURS: &str = "controlled_by_this_extension";

fn parsed(json: impl AsRef<str>) -> Value {
    parse(json.as_ref()).expect("JSON")
}

/// The way of a request of any window, while all are protected.
fn route_of(port: Option<u16>, host: &str) -> Route {
    let ways = [false, true].map(|private| route(port, Windows::All, Asking { host, private }));
    assert_eq!(ways[0], ways[1], "{host}");
    ways[0]
}

#[test]
fn what_is_written_reads_back_as_ours() {
    for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
        let value = parsed(settings(family, 9149));
        assert_eq!(reading(family, OURS, &value), Reading::Ours { port: 9149 });
        assert_eq!(
            reading(family, "controlled_by_other_extensions", &value),
            Reading::OtherExtension
        );
        // Chromium's setting goes with its extension.
        let free = match family {
            BrowserFamily::Chromium => Reading::Free,
            BrowserFamily::Gecko => Reading::Kept,
        };
        assert_eq!(
            reading(family, "controllable_by_this_extension", &value),
            free
        );
        let none = json!({ "proxyType": "system", "mode": "system" });
        assert_eq!(
            reading(family, "controllable_by_this_extension", &none),
            Reading::Free
        );
        for level in ["not_controllable", "", "controlled_by_the_moon"] {
            assert_eq!(reading(family, level, &value), Reading::NotControllable);
        }
    }
}

#[test]
fn chromium_leaves_out_and_adds_nothing() {
    let check = |value: Value, expected| {
        assert_eq!(
            reading(BrowserFamily::Chromium, OURS, &value),
            expected,
            "{value}"
        );
    };
    let single = json!({ "scheme": "socks5", "host": "127.0.0.1", "port": 9149 });
    let bypass = parsed(BYPASS);
    let ours = Reading::Ours { port: 9149 };
    let rules = |rules: Value| json!({ "mode": "fixed_servers", "rules": rules });
    check(
        rules(json!({ "singleProxy": single, "bypassList": bypass })),
        ours,
    );
    check(rules(json!({ "singleProxy": single })), Reading::OursOther);
    check(
        rules(json!({ "singleProxy": single, "bypassList": ["*.example"] })),
        Reading::OursOther,
    );
    check(
        rules(json!({ "singleProxy": single, "bypassList": bypass, "fallbackProxy": single })),
        Reading::OursOther,
    );
    for (scheme, host, port) in [
        ("http", "127.0.0.1", 9149),
        ("socks5", "127.0.0.2", 9149),
        ("socks5", "127.0.0.1", 0),
        ("socks5", "127.0.0.1", 70_000),
    ] {
        check(
            rules(json!({
                "singleProxy": { "scheme": scheme, "host": host, "port": port },
                "bypassList": BYPASS,
            })),
            Reading::OursOther,
        );
    }
    for value in [
        json!({ "mode": "direct" }),
        json!({ "mode": "system" }),
        json!(null),
        json!([]),
        json!("fixed_servers"),
    ] {
        check(value, Reading::OursOther);
    }
}

#[test]
fn firefox_may_add_empty_fields_but_no_other_way_out() {
    let with = |name: &str, field: Value| {
        let mut value = parsed(settings(BrowserFamily::Gecko, 9149));
        value[name] = field;
        reading(BrowserFamily::Gecko, OURS, &value)
    };
    assert_eq!(with("http", json!("")), Reading::Ours { port: 9149 });
    assert_eq!(
        with("autoLogin", json!(false)),
        Reading::Ours { port: 9149 }
    );
    for (name, field) in [
        ("http", json!("10.0.0.1:80")),
        ("ssl", json!("10.0.0.1:80")),
        ("ssl", json!(null)),
        ("proxyType", json!("system")),
        ("socks", json!("127.0.0.1:0")),
        ("socks", json!("example.org:9149")),
        ("socksVersion", json!(4)),
        ("proxyDNS", json!(false)),
        ("passthrough", json!("localhost, 127.0.0.1")),
    ] {
        assert_eq!(
            with(name, field.clone()),
            Reading::OursOther,
            "{name} {field}"
        );
    }
}

#[test]
fn only_this_computer_itself_is_loopback() {
    for host in [
        "localhost",
        "app.localhost",
        "a.b.localhost",
        "127.0.0.1",
        "127.255.255.254",
        "[::1]",
    ] {
        assert_eq!(route_of(Some(9149), host), Route::Loopback, "{host}");
    }
    for host in [
        "localhost.example.org",
        "notlocalhost",
        "localhost.",
        "127.0.0.1.example.org",
        "127.0.0.1.nip.io",
        "126.255.255.255",
        "128.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.1.1",
        "192.168.0.1",
        "[::]",
        "[::2]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "::1",
        "[::1",
        "",
        "example.org",
    ] {
        assert_eq!(
            route_of(Some(9149), host),
            Route::Relay { port: 9149 },
            "{host}"
        );
    }
}

#[test]
fn without_protection_the_extension_has_no_opinion() {
    assert_eq!(route_of(None, "example.org"), Route::Default);
    assert_eq!(answer(Route::Default), None);
}

#[test]
fn the_relay_is_the_only_and_last_choice() {
    let answer = parsed(answer(Route::Relay { port: 9149 }).expect("an opinion"));
    let list = answer.as_array().expect("a list");
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["proxyDNS"], true);
    assert_eq!(list[0]["port"], 9149);
    assert!(list[1].is_null(), "without it Firefox falls back");
}

#[test]
fn a_request_on_any_other_way_than_to_the_relay_is_astray() {
    let ours = json!({ "type": "socks", "host": "127.0.0.1", "port": 9149, "proxyDNS": true });
    let port = Some(9149);
    assert!(!is_astray(route_of(port, "example.org"), &ours));
    for (name, value) in [
        ("type", json!("socks4")),
        ("type", json!("http")),
        ("type", json!("direct")),
        ("host", json!("127.0.0.2")),
        ("host", json!("proxy.example")),
        ("port", json!(1080)),
        ("port", json!("9149")),
        ("port", json!(null)),
        ("proxyDNS", json!(false)),
        ("proxyDNS", json!(null)),
    ] {
        let mut way = ours.clone();
        way[name] = value;
        assert!(is_astray(route_of(port, "example.org"), &way), "{way}");
    }
    let mut sink = ours.clone();
    sink["port"] = json!(SINK_PORT);
    assert!(
        !is_astray(route_of(port, "example.org"), &sink),
        "nobody is there"
    );
    for way in [json!(null), json!({}), json!([]), json!("socks")] {
        assert!(is_astray(route_of(port, "example.org"), &way), "{way}");
        assert!(
            !is_astray(route_of(port, "localhost"), &way),
            "to this computer"
        );
        assert!(
            !is_astray(route_of(None, "example.org"), &way),
            "protection is off"
        );
    }
}

#[test]
fn firefox_says_private_when_it_wants_private_windows() {
    let text = "Error: proxy.settings requires private browsing permission.";
    assert_eq!(refusal(text), ProxyRefusal::PrivateWindows);
    assert_eq!(
        refusal("Type error for parameter value"),
        ProxyRefusal::Other
    );
}

#[test]
fn with_private_windows_only_the_others_go_out_directly_and_our_own_requests_do_not() {
    let way = |host, private| {
        let asking = Asking { host, private };
        route(Some(9149), Windows::PrivateOnly, asking)
    };
    let relay = Route::Relay { port: 9149 };
    assert_eq!(way("example.org", true), relay);
    assert_eq!(way("example.org", false), Route::Direct);
    assert_eq!(way("localhost", true), Route::Loopback);
    assert_eq!(way("abc.invalid", false), relay, "nobody else is asked for");
    let direct = answer(Route::Direct).map(parsed);
    assert_eq!(direct, Some(Value::Null), "not the setting");
    let nowhere = json!(null);
    assert!(is_astray(way("example.org", true), &nowhere));
    assert!(!is_astray(way("example.org", false), &nowhere));
}

#[test]
fn what_chromium_says_of_both_kinds_of_windows_is_put_together() {
    let (ours, free) = (Reading::Ours { port: 9149 }, Reading::Free);
    let own = |reading| Some(PrivateReading { reading, own: true });
    let inherits = |reading| {
        let own = false;
        Some(PrivateReading { reading, own })
    };
    #[track_caller]
    fn check(
        (windows, regular): (Windows, Reading),
        private: Option<PrivateReading>,
        expected: Result<Reading, ProxyRefusal>,
        replaced: bool,
    ) {
        assert_eq!(combined(windows, regular, private), expected);
        assert_eq!(is_replaced(windows, 9149, regular, private), replaced);
    }
    let (all, some) = (Windows::All, Windows::PrivateOnly);
    let wider = Reading::Wider { port: 9149 };
    check((all, ours), None, Ok(ours), false);
    check((all, ours), inherits(ours), Ok(ours), false);
    check((all, free), inherits(free), Ok(free), false);
    // The choice before is still there: it goes once the new one is in force, and not before.
    check((all, ours), own(ours), Ok(Reading::OursOther), true);
    check((all, free), own(ours), Ok(Reading::OursOther), false);
    check((some, free), own(ours), Ok(ours), false);
    check((some, ours), own(ours), Ok(wider), true);
    check((some, ours), inherits(ours), Ok(wider), false);
    check((some, free), inherits(free), Ok(free), false);
    check(
        (some, ours),
        own(Reading::OursOther),
        Ok(Reading::OursOther),
        false,
    );
    // Another extension has private windows: what other windows have does not help them.
    let other = Reading::OtherExtension;
    check((some, ours), own(other), Ok(other), false);
    check((some, other), own(ours), Ok(ours), false);
    let refused = Err(ProxyRefusal::PrivateWindows);
    check((some, free), None, refused, false);
    check((some, ours), None, refused, false);
}

#[test]
fn chromium_says_incognito_when_it_wants_private_windows() {
    let text = "Error: You do not have permission to access incognito preferences.";
    assert_eq!(refusal(text), ProxyRefusal::PrivateWindows);
}
