//! The browsers' proxy settings as JSON values: what to write, whether what is read back is ours,
//! and where Firefox is to send one request.

use serde_json::{Value, json};
use std::net::{Ipv4Addr, Ipv6Addr};

/// TCP port 1 (tcpmux): only root may listen on it, and nobody does. A browser sent there reaches
/// nothing.
pub const SINK_PORT: u16 = 1;

/// The family of the browser, by the way it lets an extension set a proxy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Engine {
    /// One setting, `chrome.proxy.settings`.
    #[default]
    Chromium,
    /// A setting as the floor, and `proxy.onRequest` for each request.
    Gecko,
}

/// What the browser said when asked for its proxy settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// Controlled by this extension, and exactly what [`settings`] gives for this port.
    Ours {
        /// The port.
        port: u16,
    },
    /// Controlled by this extension, but not a value of this version.
    OursOther,
    /// Nobody's; this extension may set it.
    Free,
    /// Another extension has it.
    OtherExtension,
    /// A policy or the command line has it.
    NotControllable,
}

/// Why the browser did not take the settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Firefox takes them only from an extension that may run in private windows.
    PrivateWindows,
    /// Anything else.
    Other,
}

/// Where one request is to go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route {
    /// Protection is off or was never on: the extension has no opinion.
    Default,
    /// To this computer itself, which no proxy is asked for.
    Loopback,
    /// To the relay, and nowhere else if that fails.
    Relay {
        /// The relay's port on 127.0.0.1.
        port: u16,
    },
}

/// The value that sends everything to the relay on `port`: a single SOCKS5 server, names resolved
/// by it, no exceptions but this computer itself, and no second choice.
#[must_use]
pub fn settings(engine: Engine, port: u16) -> Value {
    match engine {
        Engine::Chromium => json!({
            "mode": "fixed_servers",
            "rules": {
                "singleProxy": { "scheme": "socks5", "host": "127.0.0.1", "port": port },
                "bypassList": BYPASS,
            },
        }),
        Engine::Gecko => json!({
            "proxyType": "manual",
            "socks": format!("127.0.0.1:{port}"),
            "socksVersion": 5,
            "proxyDNS": true,
            "passthrough": "",
        }),
    }
}

/// By itself Chromium also sends link-local addresses past a proxy, and they are not this computer.
const BYPASS: [&str; 5] = [
    "<-loopback>",
    "localhost",
    "*.localhost",
    "127.0.0.0/8",
    "[::1]",
];

/// Judges a read-back. `level` and `value` are `levelOfControl` and `value` of the browser's
/// answer.
#[must_use]
pub fn reading(engine: Engine, level: &str, value: &Value) -> Reading {
    match level {
        "controlled_by_this_extension" => {
            let port = match engine {
                Engine::Chromium => chromium_port(value),
                Engine::Gecko => gecko_port(value),
            };
            port.map_or(Reading::OursOther, |port| Reading::Ours { port })
        }
        "controllable_by_this_extension" => Reading::Free,
        "controlled_by_other_extensions" => Reading::OtherExtension,
        // `not_controllable`, or a word that does not exist yet: nothing to rely on.
        _ => Reading::NotControllable,
    }
}

/// Anything that is not exactly so is not ours.
fn chromium_port(value: &Value) -> Option<u16> {
    let port = port_of(value.pointer("/rules/singleProxy/port")?)?;
    (*value == settings(Engine::Chromium, port)).then_some(port)
}

/// Firefox answers with every field it has; those that could route around the relay must be empty.
fn gecko_port(value: &Value) -> Option<u16> {
    let socks = value.get("socks")?.as_str()?;
    let port: u16 = socks.strip_prefix("127.0.0.1:")?.parse().ok()?;
    let ours = settings(Engine::Gecko, port);
    let same = ours
        .as_object()?
        .iter()
        .all(|(name, expected)| value.get(name) == Some(expected));
    let empty = ["http", "ssl"].iter().all(|name| {
        let text = value.get(name).map_or(Some(""), Value::as_str);
        text == Some("")
    });
    (same && empty && port != 0).then_some(port)
}

fn port_of(value: &Value) -> Option<u16> {
    let port = u16::try_from(value.as_u64()?).ok()?;
    (port != 0).then_some(port)
}

/// Judges the text of an exception that `proxy.settings.set` threw.
#[must_use]
pub fn refusal(text: &str) -> Refusal {
    match text.to_lowercase().contains("private") {
        true => Refusal::PrivateWindows,
        false => Refusal::Other,
    }
}

/// Decides about one request. `port` is the relay's while protection is on; `host` is the URL's
/// host as the browser's own URL parser gives it.
#[must_use]
pub fn route(port: Option<u16>, host: &str) -> Route {
    match port {
        None => Route::Default,
        Some(_) if is_loopback(host) => Route::Loopback,
        Some(port) => Route::Relay { port },
    }
}

/// `localhost`, `*.localhost`, 127.0.0.0/8 and `[::1]`: what Chromium never sends to a proxy
/// either (`net/docs/proxy.md`, implicit bypass rules).
fn is_loopback(host: &str) -> bool {
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return address.is_loopback();
    }
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .and_then(|host| host.parse::<Ipv6Addr>().ok())
        .is_some_and(|address| address == Ipv6Addr::LOCALHOST)
}

/// The answer of a `proxy.onRequest` listener. The `null` at the end is what forbids Firefox to
/// fall back to another way (`ProxyChannelFilter.sys.mjs`).
#[must_use]
pub fn answer(route: Route) -> Option<Value> {
    match route {
        Route::Default => None,
        Route::Loopback => Some(json!({ "type": "direct" })),
        Route::Relay { port } => Some(json!([
            {
                "type": "socks",
                "host": "127.0.0.1",
                "port": port,
                "proxyDNS": true,
                "failoverTimeout": 5,
            },
            null,
        ])),
    }
}

/// Whether Firefox is about to send a request another way than [`route`] says. `way` is the
/// `proxyInfo` of its `webRequest` events: what all extensions together have decided, nothing for a
/// direct way.
#[must_use]
pub fn is_astray(port: Option<u16>, host: &str, way: &Value) -> bool {
    match route(port, host) {
        Route::Default | Route::Loopback => false,
        Route::Relay { port } => {
            // Nobody listens at the sink, so what was sent there by an instance before this one
            // fails.
            let leads = way["port"] == port || way["port"] == SINK_PORT;
            // Without `proxyDNS` Firefox asks this computer's resolver for the name.
            way["type"] != "socks"
                || way["host"] != "127.0.0.1"
                || !leads
                || way["proxyDNS"] != true
        }
    }
}

#[cfg(test)]
mod tests;
