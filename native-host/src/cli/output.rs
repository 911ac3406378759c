//! What a command has to say: text for people, or one JSON object for programs
//! (`docs/spec/command-line-json.md`).

use super::{
    exit,
    outcome::{CommandError, Outcome},
};
use meter_wire::Problem;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{
    fmt::Display,
    io::{self, Write, stdout},
    process::ExitCode,
};

/// For whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// People.
    Text,
    /// Programs: one object with a `state`.
    Json,
}

/// What a command found or did.
pub(super) struct Answer {
    text: String,
    object: Map<String, Value>,
    exit: u8,
    failure: Option<CommandError>,
}

impl Answer {
    /// `text` may have several lines; a line break at its end is added where it lacks one.
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

    /// Adds a member for programs.
    pub(super) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("values have string keys");
        self.object.insert(name.to_owned(), value);
        self
    }

    /// Adds the members of an object for programs.
    pub(super) fn with_all(mut self, value: impl Serialize) -> Self {
        if let Ok(Value::Object(members)) = serde_json::to_value(value) {
            self.object.extend(members);
        }
        self
    }

    /// Ends with another status than 0. `error` says so to programs.
    pub(super) fn exit(mut self, code: u8) -> Self {
        self.exit = code;
        if code != 0 {
            let error = error(exit::name(code), exit::meaning(code), None, code);
            self.object.insert("error".to_owned(), error);
        }
        self
    }

    /// Ends as a command that did not do all that it was asked; what it did stays in the answer.
    pub(super) fn failed(mut self, failure: CommandError) -> Self {
        self.failure = Some(failure);
        self
    }

    /// Says nothing to people.
    pub(super) fn silent(mut self) -> Self {
        self.text.clear();
        self
    }

    pub(super) fn print(self, format: Format) -> Outcome {
        if let (Format::Json, Some(failure)) = (format, &self.failure) {
            return Ok(tell_with(failure, format, &self.object));
        }
        self.write(format).map_err(CommandError::Output)?;
        Ok(match &self.failure {
            Some(failure) => tell(failure, format),
            None => ExitCode::from(self.exit),
        })
    }

    fn write(&self, format: Format) -> io::Result<()> {
        let mut out = stdout().lock();
        match format {
            Format::Json => write_object(&mut out, &self.object)?,
            Format::Text => {
                out.write_all(self.text.as_bytes())?;
                if !self.text.is_empty() && !self.text.ends_with('\n') {
                    out.write_all(b"\n")?;
                }
            }
        }
        out.flush()
    }

    /// One line, for a stream of objects.
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

/// Lines as they come: to people at once, to programs as `lines` of one object at the end.
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
            Format::Text => writeln!(stdout(), "{line}").map_err(CommandError::Output),
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

/// Tells why a command did not do what it was asked, and gives the status to end with.
pub(super) fn tell(failure: &CommandError, format: Format) -> ExitCode {
    tell_with(failure, format, &Map::new())
}

/// The same; `members` say to programs what it did all the same.
#[expect(clippy::print_stderr, reason = "this is where problems go")]
fn tell_with(failure: &CommandError, format: Format, members: &Map<String, Value>) -> ExitCode {
    let (code, object) = match failure {
        CommandError::Exit(code, message) => {
            (*code, error(exit::name(*code), message, None, *code))
        }
        CommandError::Problem(problem) => (exit::of_problem(problem.code), of_problem(problem)),
        // `onionmeter reports | head -1`: who reads has enough.
        CommandError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        CommandError::Output(error) => {
            eprintln!("onionmeter: the output cannot be written: {error}");
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
        CommandError::Exit(_, message) => eprintln!("onionmeter: {message}"),
        CommandError::Problem(problem) => {
            eprintln!("onionmeter: {}", problem.message);
            if let Some(detail) = &problem.detail {
                eprintln!("  {detail}");
            }
        }
        CommandError::Output(_) => {}
    }
    ExitCode::from(code)
}

/// Whether stdout goes to a screen.
pub(super) fn is_terminal() -> bool {
    io::IsTerminal::is_terminal(&stdout())
}

/// Whether whoever reads stdout has gone. Writing would tell, but a command that waits writes
/// nothing.
pub(super) fn has_reader() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let out = stdout();
    let mut look = [PollFd::new(&out, PollFlags::empty())];
    let at_once = Timespec::default();
    let gone = PollFlags::ERR | PollFlags::HUP;
    !(poll(&mut look, Some(&at_once)).is_ok() && look[0].revents().intersects(gone))
}
