//! The browsers' proxy settings as JSON values: the value to write, whether a value read back is
//! ours, and where Firefox sends a request.

use meter_wire::parse;
use serde::Serialize;
use serde_json::Value;
use std::net::{Ipv4Addr, Ipv6Addr};

/// TCP port 1 (tcpmux). Only root may listen on it, and usually nothing does. A browser that is set
/// to it reaches nothing.
pub const SINK_PORT: u16 = 1;

/// The family of the browser, which decides how an extension sets a proxy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum BrowserFamily {
    /// One setting, `chrome.proxy.settings`.
    #[default]
    Chromium,
    /// A setting as the floor, and in addition `proxy.onRequest` for each request.
    Gecko,
}

/// Which windows are protected.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Windows {
    /// All windows.
    #[default]
    All,
    /// Private windows; the others go out directly.
    PrivateOnly,
}

impl Windows {
    /// Chromium's scope in which the proxy is set. Both last longer than the browser, so a browser
    /// that was killed starts closed. A value of `incognito_session_only` would be gone then, and
    /// the first private window would open before the worker could set it again.
    #[must_use]
    pub const fn scope(self) -> &'static str {
        match self {
            Self::All => "regular",
            Self::PrivateOnly => "incognito_persistent",
        }
    }

    /// Reads what was stored; anything else means all windows.
    #[must_use]
    pub fn stored(value: Option<&Value>) -> Self {
        match value.and_then(Value::as_str) {
            Some("private_only") => Self::PrivateOnly,
            Some(_) | None => Self::All,
        }
    }

    /// The other choice.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::All => Self::PrivateOnly,
            Self::PrivateOnly => Self::All,
        }
    }
}

/// Chromium's answer about the proxy of private windows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PrivateReading {
    /// What applies there.
    pub reading: Reading,
    /// Whether it was set for private windows alone. Otherwise they inherit it.
    pub own: bool,
}

/// The browser's answer about its proxy settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// This extension controls them, and they are exactly what [`settings`] returns for this port.
    Ours {
        /// The port.
        port: u16,
    },
    /// They are that, but not only for the windows that the person chose: all windows have them,
    /// private ones among them.
    Wider {
        /// The port.
        port: u16,
    },
    /// This extension controls them, but the value does not come from this version.
    OursOther,
    /// No extension controls them; this extension may set them.
    Free,
    /// The same, and yet they are what [`settings`] returns. Firefox stores the settings themselves
    /// some seconds before it stores that they are an extension's; if it is killed between the two,
    /// it keeps them as the person's own, and gives those back when this extension clears them. Or
    /// the person made them.
    Kept,
    /// Another extension controls them.
    OtherExtension,
    /// A policy or the command line controls them.
    NotControllable,
}

/// The reason why the browser refused the settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProxyRefusal {
    /// Firefox accepts them only from an extension that may run in private windows.
    PrivateWindows,
    /// Any other reason.
    Other,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route {
    /// Protection is off or was never on: the extension does not decide.
    Default,
    /// To this computer itself, without a proxy.
    Loopback,
    /// Without a proxy, because the person chose that only private windows are protected.
    Direct,
    /// To the relay, without a second choice if that fails.
    Relay {
        /// The relay's port on 127.0.0.1.
        port: u16,
    },
}

/// The value that sends everything to the relay on `port`, as JSON: a single SOCKS5 server that
/// also resolves names, no exceptions except this computer itself, and no second choice.
#[must_use]
pub fn settings(family: BrowserFamily, port: u16) -> String {
    match family {
        BrowserFamily::Chromium => format!(
            r#"{{"mode": "fixed_servers", "rules": {{
                "singleProxy": {{"scheme": "socks5", "host": "127.0.0.1", "port": {port}}},
                "bypassList": {BYPASS}}}}}"#
        ),
        BrowserFamily::Gecko => format!(
            r#"{{"proxyType": "manual", "socks": "127.0.0.1:{port}", "socksVersion": 5,
                "proxyDNS": true, "passthrough": ""}}"#
        ),
    }
}

/// Without these, Chromium also sends link-local addresses past a proxy, and they are not this
/// computer.
const BYPASS: &str = r#"["<-loopback>", "localhost", "*.localhost", "127.0.0.0/8", "[::1]"]"#;

/// Interprets the settings that were read back. `level` and `value` are `levelOfControl` and
/// `value` of the browser's answer.
#[must_use]
pub fn reading(family: BrowserFamily, level: &str, value: &Value) -> Reading {
    match level {
        "controlled_by_this_extension" => {
            let port = match family {
                BrowserFamily::Chromium => chromium_port(value),
                BrowserFamily::Gecko => gecko_port(value),
            };
            port.map_or(Reading::OursOther, |port| Reading::Ours { port })
        }
        "controllable_by_this_extension" => match family {
            BrowserFamily::Gecko if gecko_port(value).is_some() => Reading::Kept,
            BrowserFamily::Gecko | BrowserFamily::Chromium => Reading::Free,
        },
        "controlled_by_other_extensions" => Reading::OtherExtension,
        // `not_controllable`, or a value of a later browser: it must not be relied on.
        _ => Reading::NotControllable,
    }
}

/// Puts both readings of Chromium together: what applies to the windows that are to be protected,
/// or that a value of ours is left in the scope of the other choice. `private` is `None` where the
/// person does not allow this extension in private windows.
///
/// # Errors
/// When only private windows are to be protected, and this extension is not allowed there.
pub fn combined(
    windows: Windows,
    regular: Reading,
    private: Option<PrivateReading>,
) -> Result<Reading, ProxyRefusal> {
    let is_ours = |reading| matches!(reading, Reading::Ours { .. } | Reading::OursOther);
    // Beside a value of their own, what other windows have does not matter to private ones.
    let is_wider = |private: PrivateReading| !private.own || is_ours(regular);
    match (windows, private) {
        (Windows::All, Some(private)) if private.own && is_ours(private.reading) => {
            Ok(Reading::OursOther)
        }
        (Windows::All, _) => Ok(regular),
        (Windows::PrivateOnly, None) => Err(ProxyRefusal::PrivateWindows),
        (Windows::PrivateOnly, Some(private)) => Ok(match private.reading {
            Reading::Ours { port } if is_wider(private) => Reading::Wider { port },
            reading => reading,
        }),
    }
}

/// Whether `port` is in force for the windows of this choice by a value of their own, and a value
/// of ours is left for the others. Then, and only then, that one may be cleared.
#[must_use]
pub fn is_replaced(
    windows: Windows,
    port: u16,
    regular: Reading,
    private: Option<PrivateReading>,
) -> bool {
    let set = Reading::Ours { port };
    let is_ours = |reading| matches!(reading, Reading::Ours { .. } | Reading::OursOther);
    private.is_some_and(|private| match windows {
        Windows::All => regular == set && private.own && is_ours(private.reading),
        Windows::PrivateOnly => private.own && private.reading == set && is_ours(regular),
    })
}

/// The port, if the value is exactly ours.
fn chromium_port(value: &Value) -> Option<u16> {
    let port = port_of(value.get("rules")?.get("singleProxy")?.get("port")?)?;
    (*value == parse(&settings(BrowserFamily::Chromium, port))?).then_some(port)
}

/// Firefox answers with all its fields. Those that could route around the relay must be empty.
fn gecko_port(value: &Value) -> Option<u16> {
    let socks = value.get("socks")?.as_str()?;
    let port: u16 = socks.strip_prefix("127.0.0.1:")?.parse().ok()?;
    let ours = parse(&settings(BrowserFamily::Gecko, port))?;
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

/// Interprets the text of an exception that `proxy.settings.set` threw.
#[must_use]
pub fn refusal(text: &str) -> ProxyRefusal {
    let text = text.to_ascii_lowercase();
    match ["private", "incognito"]
        .iter()
        .any(|word| text.contains(word))
    {
        true => ProxyRefusal::PrivateWindows,
        false => ProxyRefusal::Other,
    }
}

/// What is known about a request before it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The host of the URL as the browser's own parser returns it.
    pub host: &'a str,
    /// Whether it comes from a private window.
    pub private: bool,
}

/// Decides about one request. `port` is the relay's port while protection is on.
///
/// Our own requests, which show whether requests arrive at the relay, come from no window. Their
/// names end in `.invalid` (RFC 2606 §2), which nobody else must be asked for.
#[must_use]
pub fn route(port: Option<u16>, windows: Windows, asking: Asking<'_>) -> Route {
    let protects = match windows {
        Windows::All => true,
        Windows::PrivateOnly => asking.private || asking.host.ends_with(".invalid"),
    };
    match port {
        None => Route::Default,
        Some(_) if is_loopback(asking.host) => Route::Loopback,
        Some(port) if protects => Route::Relay { port },
        Some(_) => Route::Direct,
    }
}

/// `localhost`, `*.localhost`, 127.0.0.0/8 and `[::1]`: Chromium never sends these to a proxy
/// either (`net/docs/proxy.md`, implicit bypass rules).
pub(crate) fn is_loopback(host: &str) -> bool {
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

/// The answer of a `proxy.onRequest` listener, as JSON. The `null` at the end prevents Firefox from
/// falling back to another way (`ProxyChannelFilter.sys.mjs`).
#[must_use]
pub fn answer(route: Route) -> Option<String> {
    match route {
        Route::Default => None,
        Route::Loopback => Some(r#"{"type": "direct"}"#.to_owned()),
        // `{ type: "direct" }` would mean the setting, which is the relay.
        Route::Direct => Some("null".to_owned()),
        Route::Relay { port } => Some(format!(
            r#"[{{"type": "socks", "host": "127.0.0.1", "port": {port}, "proxyDNS": true,
                "failoverTimeout": 5}}, null]"#
        )),
    }
}

/// Whether Firefox is about to send a request in another way than [`route`] says. `way` is the
/// `proxyInfo` of its `webRequest` events: the result of all extensions together; empty for a
/// direct connection.
#[must_use]
pub fn is_astray(route: Route, way: &Value) -> bool {
    match route {
        Route::Default | Route::Loopback | Route::Direct => false,
        Route::Relay { port } => {
            // An earlier instance may have sent a request to the sink. Nothing listens there, so it
            // fails.
            let leads = way["port"] == port || way["port"] == SINK_PORT;
            // Without `proxyDNS` Firefox resolves the name on this computer.
            way["type"] != "socks"
                || way["host"] != "127.0.0.1"
                || !leads
                || way["proxyDNS"] != true
        }
    }
}

#[cfg(test)]
mod tests;
