//! Parses servers in JSON: SIP008, the configuration of a server or client, and the lists that
//! clients export.

use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use super::{ServerFault, fault::changing, parts::Parts};

/// Names of server lists, by the programs that write them: SIP008 and shadowsocks-rust;
/// shadowsocks-windows.
const LISTS: [&str; 2] = ["servers", "configs"];

/// Returns the first server and the number of servers.
pub(super) fn first_of(text: &str) -> Result<(Parts, usize), ServerFault> {
    let parsed = serde_json::from_str(text);
    let mut document: Value = parsed.map_err(|_| ServerFault::Document("it is not JSON"))?;
    let outcome = look(&document);
    wipe(&mut document);
    outcome
}

fn look(document: &Value) -> Result<(Parts, usize), ServerFault> {
    // SIP008 has a version number; the other formats do not have this member.
    let version = document.get("version").and_then(Value::as_u64);
    if version.is_some_and(|version| version != 1) {
        return Err(ServerFault::Document("its version is not 1"));
    }
    let listed = match document {
        Value::Array(servers) => Some(servers),
        _ => LISTS
            .iter()
            .find_map(|list| document.get(list).and_then(Value::as_array)),
    };
    match listed {
        Some(servers) => {
            let first = servers.first();
            let first = first.ok_or(ServerFault::Document("its list of servers is empty"))?;
            Ok((parts_of(first)?, servers.len()))
        }
        None => Ok((parts_of(document)?, 1)),
    }
}

fn parts_of(server: &Value) -> Result<Parts, ServerFault> {
    let member = |names: [&str; 2]| names.iter().find_map(|name| server.get(name));
    let text = |key: &str| server.get(key).and_then(Value::as_str).unwrap_or_default();
    check_options(server)?;
    // A server's own configuration may list the addresses that it listens on.
    let host = member(["server", "address"]).and_then(|host| match host {
        Value::Array(hosts) => hosts.first().and_then(Value::as_str),
        host => host.as_str(),
    });
    let host = host.ok_or(ServerFault::Document("it has no server"))?;
    let port = member(["server_port", "port"]).ok_or(ServerFault::NoPort)?;
    let port = match port {
        Value::String(port) => port.trim().parse().ok(),
        port => port.as_u64().and_then(|port| u16::try_from(port).ok()),
    };
    Ok(Parts {
        host: host.trim().trim_matches(['[', ']']).to_owned(),
        port: port.ok_or(ServerFault::Address)?,
        method: text("method").to_owned(),
        password: Zeroizing::new(text("password").to_owned()),
    })
}

fn check_options(server: &Value) -> Result<(), ServerFault> {
    let members = server
        .as_object()
        .ok_or(ServerFault::Document("its first server is no object"))?;
    for (key, value) in members {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            // Other values matter only if they are words for "unchanged".
            value => value.to_string(),
        };
        match key.as_str() {
            "plugin" if !value.is_empty() => return Err(ServerFault::Plugin),
            "mode" if value == "udp_only" => return Err(ServerFault::UdpOnly),
            _ => changing(key, &value).unwrap_or(Ok(()))?,
        }
    }
    Ok(())
}

/// Overwrites every string of a document.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
