//! The results of a command for several things: a line for each for people, `parts` of one object
//! for programs (`docs/spec/command-line-json.md`).

use super::{
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
};
use serde_json::{Map, Value, json};
use std::{
    fmt::Display,
    io::{Write as _, stdout},
    path::Path,
};

/// One thing with its result.
pub(super) struct Part(Map<String, Value>);

impl Part {
    /// `part` is the kind of thing, `outcome` its result; both are words of the specification.
    pub(super) fn new(part: &str, outcome: &str) -> Self {
        let mut members = Map::new();
        members.insert("part".to_owned(), json!(part));
        members.insert("outcome".to_owned(), json!(outcome));
        Self(members)
    }

    /// The browser's name.
    pub(super) fn name(self, name: &str) -> Self {
        self.with("name", json!(name))
    }

    /// The file or folder.
    pub(super) fn at(self, path: &Path) -> Self {
        self.with("path", json!(path.to_string_lossy()))
    }

    /// The reason for the result, for people.
    pub(super) fn because(self, reason: impl Display) -> Self {
        self.with("reason", json!(reason.to_string()))
    }

    /// The content of the file.
    pub(super) fn content(self, text: &str) -> Self {
        self.with("content", json!(text))
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

/// All results in their order.
pub(super) struct Parts {
    format: Format,
    recorded: Vec<Value>,
}

impl Parts {
    pub(super) const fn new(format: Format) -> Self {
        Self {
            format,
            recorded: Vec::new(),
        }
    }

    /// Reports one result.
    pub(super) fn tell(&mut self, part: Part, line: impl Display) -> Result<(), CommandError> {
        self.record(part);
        self.say(line)
    }

    /// Adds a result for programs only; people get it in another line.
    pub(super) fn record(&mut self, part: Part) {
        if self.format == Format::Json {
            self.recorded.push(Value::Object(part.0));
        }
    }

    /// Prints a line for people that programs get in another member.
    pub(super) fn say(&self, line: impl Display) -> Result<(), CommandError> {
        match self.format {
            Format::Json => Ok(()),
            Format::Text => writeln!(stdout().lock(), "{line}").map_err(CommandError::Output),
        }
    }

    /// Ends the command.
    pub(super) fn end(self, answer: Answer) -> Outcome {
        answer.with("parts", self.recorded).print(self.format)
    }
}
