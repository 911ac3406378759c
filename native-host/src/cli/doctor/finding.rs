//! A finding of the doctor, as text and for programs.

use Finding::{Bad, Good, Note};
use serde_json::json;
use std::fmt;

/// What was found, and the remedy if it is bad.
pub(super) enum Finding {
    Good(String),
    Note(String),
    Bad { what: String, remedy: String },
}

impl Finding {
    /// The finding as JSON.
    pub(super) fn object(&self, section: &str) -> serde_json::Value {
        match self {
            Good(what) => json!({"section": section, "level": "ok", "text": what}),
            Note(what) => json!({"section": section, "level": "note", "text": what}),
            Bad { what, remedy } => {
                json!({"section": section, "level": "bad", "text": what, "remedy": remedy})
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Good(what) => write!(out, "  ok     {what}"),
            Note(what) => write!(out, "  note   {what}"),
            Bad { what, remedy } => {
                let remedy = remedy.replace('\n', "\n            ");
                write!(out, "  BAD    {what}\n         -> {remedy}")
            }
        }
    }
}
