//! The results of a command for several things: a line for each for people, `parts` of one object
//! for programs (`docs/spec/command-line-json.md`).

use super::{
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    print,
};
use serde_json::{Map, Value, json};
use std::{
    fmt::Display,
    io::{self, stdout},
    mem,
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

/// All results in their order. A command does its work whatever becomes of the output: the first
/// line that cannot be written is told at the end.
pub(super) struct Parts {
    format: Format,
    recorded: Vec<Value>,
    written: io::Result<()>,
}

impl Parts {
    pub(super) const fn new(format: Format) -> Self {
        Self {
            format,
            recorded: Vec::new(),
            written: Ok(()),
        }
    }

    pub(super) const fn format(&self) -> Format {
        self.format
    }

    /// Reports one result.
    pub(super) fn tell(&mut self, part: Part, line: impl Display) {
        self.record(part);
        self.say(line);
    }

    /// Adds a result for programs only; people get it in another line.
    pub(super) fn record(&mut self, part: Part) {
        if self.format == Format::Json {
            self.recorded.push(Value::Object(part.0));
        }
    }

    /// Prints a line for people that programs get in another member.
    pub(super) fn say(&mut self, line: impl Display) {
        if self.format == Format::Text && self.written.is_ok() {
            self.written = print::line(&mut stdout().lock(), line);
        }
    }

    /// Fails if a line could not be written: nobody agrees to what they were not shown.
    pub(super) fn shown(&mut self) -> Result<(), CommandError> {
        mem::replace(&mut self.written, Ok(())).map_err(CommandError::Output)
    }

    /// Ends the command.
    pub(super) fn end(self, answer: Answer) -> Outcome {
        let answer = answer.with("parts", self.recorded);
        answer.print_after(self.written, self.format)
    }
}
