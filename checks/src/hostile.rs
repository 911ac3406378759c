//! What a hostile host makes of the messages of ours before it sends them.
//!
//! The file `hostile` in the folder of `stand_in` names the way; without it, every message is sent
//! as it is.

use anyhow::{Context as _, Result, ensure};
use meter_wire::{
    ErrorCode, FromDaemon, Problem, Status, TorReply, TorState, TorTrouble, Unreached,
    write_message,
};
use serde_json::{Value, json};
use std::{fmt, fs, io, path::Path, str::FromStr};

/// The file that names the way.
pub const FILE: &str = "hostile";

/// How a host is hostile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// It never says anything.
    Silence,
    /// It says what is no message of ours.
    Nonsense,
    /// Its messages are larger than a browser takes.
    Oversized,
    /// No signature of its reports is right.
    Signature,
    /// It leaves out the second of its reports, so that the third does not follow.
    Chain,
    /// Every text has markup in it, and characters that turn the direction of writing.
    Markup,
    /// Its relay is at this port.
    Port(u32),
}

impl Way {
    /// Every way, with the ports at the ends of what is allowed.
    pub const ALL: [Self; 9] = [
        Self::Silence,
        Self::Nonsense,
        Self::Oversized,
        Self::Signature,
        Self::Chain,
        Self::Markup,
        Self::Port(0),
        Self::Port(80),
        Self::Port(65_536),
    ];

    /// The way of this folder; `None` while its host is not hostile.
    ///
    /// # Errors
    /// The file names no way.
    pub fn of(folder: &Path) -> Result<Option<Self>> {
        match fs::read_to_string(folder.join(FILE)) {
            Ok(text) => text.parse().map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What it sends in place of a message: frames without their lengths.
    ///
    /// # Errors
    /// The message is not as this way expects it.
    pub fn frames(self, message: &FromDaemon) -> Result<Vec<Vec<u8>>> {
        let mut value: Value = serde_json::from_slice(&write_message(message))?;
        match self {
            Self::Silence => return Ok(Vec::new()),
            Self::Nonsense => return Ok(nonsense()),
            Self::Oversized => {
                let padded = json!({ "padding": " ".repeat(TAKEN_MAX), "and": value });
                return Ok(vec![serde_json::to_vec(&padded)?]);
            }
            Self::Signature => each_report(&mut value, wrong_signature)?,
            Self::Chain => {
                if let Some(Value::Array(reports)) = value.pointer_mut(REPORTS) {
                    ensure!(reports.len() > 2, "a chain of three reports");
                    reports.remove(1);
                }
            }
            Self::Markup => mark_up(&mut value),
            Self::Port(port) => {
                for place in STATUSES.map(|place| format!("{place}/relay/listening/port")) {
                    if let Some(found) = value.pointer_mut(&place) {
                        *found = json!(port);
                    }
                }
            }
        }
        Ok(vec![serde_json::to_vec(&value)?])
    }
}

impl fmt::Display for Way {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(to, "Port {port}"),
            other => write!(to, "{other:?}"),
        }
    }
}

impl FromStr for Way {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|way| way.to_string() == text);
        found.with_context(|| format!("what is {text:?}?"))
    }
}

fn nonsense() -> Vec<Vec<u8>> {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let texts = [
        "null",
        "\"hello\"",
        "[[[]]]",
        r#"{"reply":[],"notice":[]}"#,
        r#"{"notice":{"status":{"relay":{"listening":{"port":"9149"}}}}}"#,
        r#"{"__proto__":{"reply":{"id":1}}}"#,
        &deep,
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

fn each_report(value: &mut Value, act: fn(&mut Value) -> Option<()>) -> Result<()> {
    let reports = value.pointer_mut(REPORTS).and_then(Value::as_array_mut);
    for report in reports.into_iter().flatten() {
        act(report).context("a report")?;
    }
    Ok(())
}

/// Another first byte.
fn wrong_signature(report: &mut Value) -> Option<()> {
    let signature = report["signature"].as_str()?;
    let first = if signature.starts_with('0') { "1" } else { "0" };
    let wrong = format!("{first}{}", signature.get(1..)?);
    report["signature"] = Value::String(wrong);
    Some(())
}

/// Replaces each text that is for people, wherever it stands.
fn mark_up(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if FOR_PEOPLE.contains(&name.as_str()) => {
                        *text = MARKUP.to_owned();
                    }
                    other => mark_up(other),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(mark_up),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Gives a status texts of every kind: those of a problem whose code nobody knows, and Tor's own.
pub fn say_more(status: &mut Status) {
    let problem = Problem::with_detail(ErrorCode::Unknown, "a cause");
    status.tor.state = TorState::Bootstrapping {
        percent: 40,
        tag: "conn".to_owned(),
        summary: "Connecting".to_owned(),
        warning: Some("a warning".to_owned()),
    };
    status.tor.trouble = Some(TorTrouble::of(problem.clone(), 60));
    status.problem = Some(problem);
    status.unreached = vec![Unreached::new(TorReply::GeneralFailure, 3)];
}

/// A page that took it for markup would have an element `<i class="hostile">` and a picture that
/// does not load, whose script leaves a word behind.
pub const MARKUP: &str = "A sentence.<i class=\"hostile\">x</i>\
    <img src=x onerror=\"globalThis.hostile = 'ran'\"><script>globalThis.hostile = 'ran'</script>\
    \u{202E}txet\u{2066}\u{200F}&lt;&#60; $name$ {name}";

/// The texts of our messages that a person reads.
const FOR_PEOPLE: [&str; 10] = [
    "version", "message", "detail", "action", "summary", "warning", "tag", "address", "name",
    "vkey",
];
const REPORTS: &str = "/reply/ok/reports/reports";
const STATUSES: [&str; 2] = ["/reply/ok/status", "/notice/status"];
/// More than 1 MiB, which is what both browsers take of a host (`docs/browsers.md`).
const TAKEN_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_read_from_its_own_words() {
        for way in Way::ALL {
            assert_eq!(way.to_string().parse::<Way>().ok(), Some(way));
        }
        assert!("else".parse::<Way>().is_err());
    }
}
