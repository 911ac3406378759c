//! The first daemon that spoke protocol 1, as a host in place of ours plays it: it knows nine
//! requests, and its messages have the fields of then. `crates/meter-wire/tests/first_version` has
//! these messages as text.

use anyhow::Result;
use meter_wire::{FromDaemon, write_message};
use serde_json::{Value, json};

/// As long as this file is in the folder of `stand_in`, its host is the first daemon.
pub const FILE: &str = "first";

/// The requests that it knew; any other it answered with `unknown_request`.
pub const REQUESTS: [&str; 9] = [
    "hello",
    "status",
    "reports",
    "tor_start",
    "tor_stop",
    "monitor_start",
    "monitor_stop",
    "set_thresholds",
    "ping",
];

/// Whether it knew this request, which is a frame of the extension.
#[must_use]
pub fn knows(frame: &[u8]) -> bool {
    let envelope: Value = serde_json::from_slice(frame).unwrap_or_default();
    let request = &envelope["request"];
    let fields = request.as_object();
    let name = fields.and_then(|fields| fields.keys().next().map(String::as_str));
    name.or_else(|| request.as_str())
        .is_some_and(|name| REQUESTS.contains(&name))
}

/// A message of ours as it wrote it.
///
/// # Errors
/// The message is no JSON.
pub fn frame(message: &FromDaemon) -> Result<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(&write_message(message))?;
    if let Some(hello) = value.pointer_mut("/reply/ok/hello") {
        keep(
            hello,
            &["protocol", "version", "capabilities", "key", "chain"],
        );
        hello["version"] = json!("0.1.0");
        hello["capabilities"] = json!(REQUESTS);
    }
    for place in ["/reply/ok/status", "/notice/status"] {
        if let Some(status) = value.pointer_mut(place) {
            keep(status, &STATUS);
            keep(&mut status["tor"], &["backend", "version", "state"]);
        }
    }
    Ok(serde_json::to_vec(&value)?)
}

fn keep(value: &mut Value, names: &[&str]) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| names.contains(&name.as_str()));
    }
}

const STATUS: [&str; 7] = [
    "relay",
    "tor",
    "session",
    "balance",
    "reports",
    "thresholds",
    "problem",
];
