//! Parses servers in JSON: SIP008, the configuration of a server or client, and the lists that
//! clients export.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    ServerFault, options,
    parts::Parts,
    unique::{Document, wipe},
};

/// Names of server lists, by the programs that write them: SIP008 and shadowsocks-rust;
/// shadowsocks-windows.
const LISTS: [&str; 2] = ["servers", "configs"];

/// Names of the four things that make up a server, in all programs. Clash calls the method a
/// cipher.
const HOST: [&str; 2] = ["server", "address"];
const PORT: [&str; 2] = ["server_port", "port"];
const METHOD: [&str; 2] = ["method", "cipher"];
const PASSWORD: &str = "password";

/// Values of `protocol` that are no ShadowsocksR (shadowsocks-rust, `config.rs`).
const LOCAL_PROTOCOLS: [&str; 6] = ["socks", "http", "tunnel", "redir", "dns", "tun"];

/// Switches of the proxy through which a client connects to its server, and the options that name
/// that proxy: shadowsocks-windows; `ShadowsocksR`.
const PROXY_SWITCHES: [&str; 2] = ["useProxy", "proxyEnable"];
const PROXY_PLACES: [&str; 2] = ["proxyServer", "proxyHost"];

/// The limit of serde_json.
const DEPTH_MAX: u32 = 127;

/// The first server, and how many there are.
pub(super) fn first_of(text: &str) -> Result<(Parts, usize), ServerFault> {
    // Configurations are written by hand, with comments and with commas at the end:
    // shadowsocks-rust reads them as JSON5.
    let parsed = serde_json::from_str(text).ok();
    let by_hand = || {
        (!is_deep(text))
            .then(|| json5::from_str(text).ok())
            .flatten()
    };
    let parsed = parsed.or_else(by_hand);
    let mut document: Document = parsed.ok_or_else(|| ServerFault::Document(not_json(text)))?;
    let outcome = match document.twice {
        Some(name) => Err(ServerFault::Twice(name)),
        None => look(&document.value),
    };
    wipe(&mut document.value);
    outcome
}

/// Whether a text may nest deeper than serde_json allows. The reader of JSON5 has no limit, and its
/// stack would overflow.
fn is_deep(text: &str) -> bool {
    let mut depth = 0_u32;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEPTH_MAX
    })
}

fn not_json(text: &str) -> &'static str {
    if text.contains(['\u{201c}', '\u{201d}', '\u{201e}']) {
        "it has typographic quotation marks; type plain ones"
    } else {
        "it is not JSON"
    }
}

fn look(document: &Value) -> Result<(Parts, usize), ServerFault> {
    if has_other_version(document) {
        return Err(ServerFault::Document("its version is not 1"));
    }
    if document.get("outbounds").is_some() || document.get("settings").is_some() {
        return Err(ServerFault::Document(
            "it is a configuration of sing-box, V2Ray or Xray; keep its Shadowsocks server alone, \
             with server, server_port, method and password",
        ));
    }
    if document.get("proxies").is_some() {
        return Err(ServerFault::Document(
            "it is a configuration of Clash; keep one entry of its list of proxies",
        ));
    }
    if document.get("port_password").is_some() {
        return Err(ServerFault::Document(
            "it has a list of ports and passwords; keep one of them, as server_port and password",
        ));
    }
    let listed = match document {
        Value::Array(servers) => Some(servers),
        _ => LISTS
            .iter()
            .find_map(|list| document.get(list).and_then(Value::as_array)),
    };
    match listed {
        Some(servers) => {
            // shadowsocks-rust leaves these out of use.
            let is_off = |server: &Value| server.get("disabled") == Some(&Value::Bool(true));
            let servers: Vec<_> = servers.iter().filter(|server| !is_off(server)).collect();
            let first = servers.first();
            let first = first.ok_or(ServerFault::Document("its list of servers is empty"))?;
            check_around(document)?;
            Ok((parts_of(first)?, servers.len()))
        }
        None => Ok((parts_of(document)?, 1)),
    }
}

/// Whether a document is of another version of SIP008 than 1. A text is the version of the program
/// that wrote the file, such as shadowsocks-windows, unless it stands beside SIP008's list.
fn has_other_version(document: &Value) -> bool {
    match document.get("version") {
        Some(Value::Number(version)) => version.as_u64() != Some(1),
        Some(Value::String(version)) => {
            document.get("servers").is_some() && !["", "1"].contains(&version.as_str())
        }
        _ => false,
    }
}

fn parts_of(server: &Value) -> Result<Parts, ServerFault> {
    let member = |names: [&str; 2]| names.iter().find_map(|name| server.get(name));
    let says_twice = |[one, other]: [&str; 2]| match (server.get(one), server.get(other)) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    if [HOST, PORT, METHOD].into_iter().any(says_twice) {
        return Err(ServerFault::Document(
            "it says its address, port or method twice, and not the same",
        ));
    }
    let text = |value: Option<&Value>| value.map(text_of).unwrap_or_default();
    check_options(server)?;
    // A server's own configuration may list the addresses that it listens on.
    let host = member(HOST).and_then(|host| match host {
        Value::Array(hosts) => hosts.first().and_then(Value::as_str),
        host => host.as_str(),
    });
    let host = host.filter(|host| !host.trim().is_empty());
    let host = host.ok_or(ServerFault::Document("it has no server"))?;
    let port = member(PORT).ok_or(ServerFault::NoPort)?;
    let port = match port {
        Value::String(port) => port.trim().parse().ok(),
        port => port.as_u64().and_then(|port| u16::try_from(port).ok()),
    };
    let password = match server.get(PASSWORD) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(password)) => password.clone(),
        // People write it without quotation marks.
        Some(Value::Number(password)) if password.is_u64() => password.to_string(),
        Some(_) => {
            return Err(ServerFault::Document(
                "its password is not a text; put it in quotation marks",
            ));
        }
    };
    Ok(Parts {
        host: host.trim().trim_matches(['[', ']']).to_owned(),
        port: port.ok_or(ServerFault::Port)?,
        method: text(member(METHOD)),
        password: Zeroizing::new(password),
    })
}

/// A text, or a whole number in its place, as people write passwords; nothing for all else.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_u64() => number.to_string(),
        _ => String::new(),
    }
}

/// Checks the options of the server itself. Each must be known.
fn check_options(server: &Value) -> Result<(), ServerFault> {
    let members = server
        .as_object()
        .ok_or(ServerFault::Document("its first server is no object"))?;
    for (key, value) in members {
        let is_part = [HOST, PORT, METHOD].as_flattened().contains(&key.as_str());
        // What a SIP008 file has beside its list, if there is no list.
        let is_version = key == "version" && !value.is_object();
        let is_known = is_part || key == PASSWORD || is_version;
        if is_known || is_for_others(key, value) || is_switched_off(key, members) {
            continue;
        }
        options::judge(key, &said(value))?;
    }
    Ok(())
}

/// Checks the options beside a list of servers, which are for all of them.
fn check_around(document: &Value) -> Result<(), ServerFault> {
    let Some(members) = document.as_object() else {
        return Ok(());
    };
    for (key, value) in members {
        if !is_for_others(key, value) && !is_switched_off(key, members) {
            options::judge_around(key, &said(value))?;
        }
    }
    Ok(())
}

/// Whether an option names a proxy that another option beside it switches off. Clients keep its
/// address then.
fn is_switched_off(key: &str, beside: &Map<String, Value>) -> bool {
    let mut switches = PROXY_SWITCHES.iter();
    PROXY_PLACES.contains(&key)
        && switches.any(|switch| beside.get(*switch) == Some(&Value::Bool(false)))
}

/// Whether an option has the name of one that changes what is sent, and is another one of
/// shadowsocks-rust: the protocol of its local end, and its guard against replayed connections.
fn is_for_others(key: &str, value: &Value) -> bool {
    match (key, value) {
        ("protocol", Value::String(protocol)) => LOCAL_PROTOCOLS.contains(&protocol.as_str()),
        ("security", Value::Object(guard)) => guard.keys().all(|key| key == "replay_attack"),
        _ => false,
    }
}

/// The value of an option as text: empty if by its type it is nothing or off, in JSON otherwise.
fn said(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(false) => String::new(),
        Value::Array(items) if items.is_empty() => String::new(),
        Value::Object(parts) if is_object_off(parts) => String::new(),
        // Only whether it is a word that switches the option off counts.
        value => value.to_string(),
    }
}

/// Whether an object is empty or off, as sing-box (`enabled`) and shadowsocks-windows (`useProxy`)
/// switch options off.
fn is_object_off(parts: &Map<String, Value>) -> bool {
    let is_switch = |name: &str| {
        let mut switches = ["enabled", "useProxy"].iter();
        switches.any(|switch| name.eq_ignore_ascii_case(switch))
    };
    let mut switches = parts.iter().filter(|(name, _)| is_switch(name)).peekable();
    parts.is_empty()
        || switches.peek().is_some() && switches.all(|(_, on)| *on == Value::Bool(false))
}
