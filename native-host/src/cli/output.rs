//! The output of a command: text for people, or one JSON object for programs
//! (`docs/spec/command-line-json.md`).

use super::{
    exit,
    outcome::{CommandError, Outcome},
    print,
};
use meter_wire::Problem;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{
    fmt::Display,
    io::{self, Write, stdout},
    process::ExitCode,
};

/// The form of the output.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// People.
    Text,
    /// Programs: one object with a `state`.
    Json,
}

/// The answer of a command.
pub(super) struct Answer {
    text: String,
    object: Map<String, Value>,
    exit: u8,
    failure: Option<CommandError>,
}

impl Answer {
    /// `text` may have several lines; a line break is added at its end if needed.
    pub(super) fn new(state: &str, text: impl Into<String>) -> Self {
        let mut object = Map::new();
        object.insert("state".to_owned(), json!(state));
        Self {
            text: text.into(),
            object,
            exit: 0,
            failure: None,
        }
    }

    /// The answer of a command that goes on although the daemon does not.
    pub(super) fn of_problem(problem: &Problem, text: impl Into<String>) -> Self {
        Self::new("error", text).with("error", of_problem(problem))
    }

    /// Adds a member to the object.
    pub(super) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("values have string keys");
        self.object.insert(name.to_owned(), value);
        self
    }

    /// Adds the members of an object.
    pub(super) fn with_all(mut self, value: impl Serialize) -> Self {
        if let Ok(Value::Object(members)) = serde_json::to_value(value) {
            self.object.extend(members);
        }
        self
    }

    /// Sets an exit status other than 0. Programs get it as `error`.
    pub(super) fn exit(mut self, code: u8) -> Self {
        self.exit = code;
        if code != 0 {
            let error = error(exit::name(code), exit::meaning(code), None, code);
            self.object.insert("error".to_owned(), error);
        }
        self
    }

    /// Ends as a command that did not do everything that it was asked. What it did stays in the
    /// answer.
    pub(super) fn failed(mut self, failure: CommandError) -> Self {
        self.failure = Some(failure);
        self
    }

    /// Removes the text for people.
    pub(super) fn silent(mut self) -> Self {
        self.text.clear();
        self
    }

    pub(super) fn print(self, format: Format) -> Outcome {
        self.print_after(Ok(()), format)
    }

    /// Like [`Self::print`], after lines that may not have been written. That the work failed says
    /// more than that its output did.
    pub(super) fn print_after(self, lines: io::Result<()>, format: Format) -> Outcome {
        if let (Format::Json, Some(failure)) = (format, &self.failure) {
            return Ok(tell_with(failure, format, &self.object));
        }
        let written = lines.and_then(|()| self.write(format));
        match (&self.failure, written) {
            (Some(failure), _) => Ok(tell(failure, format)),
            (None, Ok(())) => Ok(ExitCode::from(self.exit)),
            (None, Err(error)) => Err(CommandError::Output(error)),
        }
    }

    fn write(&self, format: Format) -> io::Result<()> {
        let mut out = stdout().lock();
        match format {
            Format::Json => write_object(&mut out, &self.object)?,
            Format::Text => {
                out.write_all(print::harmless(&self.text).as_bytes())?;
                if !self.text.is_empty() && !self.text.ends_with('\n') {
                    out.write_all(b"\n")?;
                }
            }
        }
        out.flush()
    }

    /// Prints the object on one line, for a stream of objects.
    pub(super) fn print_line(&self) -> io::Result<()> {
        let mut out = stdout().lock();
        serde_json::to_writer(&mut out, &self.object)?;
        writeln!(out)?;
        out.flush()
    }
}

fn write_object(out: &mut impl Write, object: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, object)?;
    writeln!(out)
}

fn error(code: &str, message: &str, detail: Option<&str>, status: u8) -> Value {
    let mut error = json!({"code": code, "message": message, "exit_status": status});
    if let (Some(detail), Some(members)) = (detail, error.as_object_mut()) {
        members.insert("detail".to_owned(), json!(detail));
    }
    error
}

fn of_problem(problem: &Problem) -> Value {
    let status = exit::of_problem(problem.code);
    let code = serde_json::to_value(problem.code).unwrap_or_default();
    let code = code.as_str().unwrap_or("unknown");
    error(code, &problem.message, problem.detail.as_deref(), status)
}

/// Lines that come over time: printed at once for people, collected in `lines` of one object for
/// programs.
pub(super) struct Lines {
    format: Format,
    kept: Vec<String>,
}

impl Lines {
    pub(super) const fn new(format: Format) -> Self {
        Self {
            format,
            kept: Vec::new(),
        }
    }

    pub(super) fn line(&mut self, line: impl Display) -> Result<(), CommandError> {
        match self.format {
            Format::Text => print::line(&mut stdout(), line).map_err(CommandError::Output),
            Format::Json => {
                let lines = line.to_string();
                self.kept.extend(lines.lines().map(str::to_owned));
                Ok(())
            }
        }
    }

    /// Ends the command.
    pub(super) fn end(self, answer: Answer) -> Outcome {
        answer.with("lines", self.kept).print(self.format)
    }
}

/// Prints the reason why a command did not do what it was asked. Returns its exit status.
pub(super) fn tell(failure: &CommandError, format: Format) -> ExitCode {
    tell_with(failure, format, &Map::new())
}

/// Like [`tell`]; `members` tell programs what was done anyway.
fn tell_with(failure: &CommandError, format: Format, members: &Map<String, Value>) -> ExitCode {
    let (code, object) = match failure {
        CommandError::Exit(code, message) => {
            (*code, error(exit::name(*code), message, None, *code))
        }
        CommandError::Problem(problem) => (exit::of_problem(problem.code), of_problem(problem)),
        // `onionmeter reports | head -1`: the reader has enough.
        CommandError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        CommandError::Output(error) => {
            to_stderr(&format!(
                "onionmeter: the output cannot be written: {error}"
            ));
            return ExitCode::from(exit::OUTPUT);
        }
    };
    if format == Format::Json {
        let state = match code {
            exit::NOT_RUNNING | exit::NO_REPORTS => exit::name(code),
            _ => "error",
        };
        let mut members = members.clone();
        members.insert("state".to_owned(), json!(state));
        members.insert("error".to_owned(), object);
        crate::ignore_because(
            "nobody reads it",
            write_object(&mut stdout().lock(), &members),
        );
        return ExitCode::from(code);
    }
    match failure {
        CommandError::Exit(_, message) => to_stderr(&format!("onionmeter: {message}")),
        CommandError::Problem(problem) => {
            to_stderr(&format!("onionmeter: {}", problem.message));
            if let Some(detail) = &problem.detail {
                to_stderr(&format!("  {detail}"));
            }
        }
        CommandError::Output(_) => {}
    }
    ExitCode::from(code)
}

fn to_stderr(line: &str) {
    crate::ignore_because(
        "the exit status says it, too",
        print::line(&mut io::stderr().lock(), line),
    );
}

/// Whether stdout is a terminal that can be redrawn; one that only prints has the type `dumb`
/// (terminfo(5)).
pub(super) fn is_screen() -> bool {
    let kind = std::env::var_os("TERM");
    io::IsTerminal::is_terminal(&stdout()) && kind.is_none_or(|kind| kind != "dumb")
}
