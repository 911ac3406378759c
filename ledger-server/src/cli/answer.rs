//! The output of a command: text for people, or one JSON object with a `state` for programs.

use super::exit;
use crate::{
    config::ConfigError,
    copy::CopyError,
    folder::FolderError,
    ledger::{RevokeError, StartError},
    opening::OpenError,
    restore::RestoreError,
    rotation::RotationError,
    store::{BackupError, StoreError, StoreFault},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

/// The form of the output.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// What a command says when it did what it was asked.
pub(super) struct Answer {
    text: String,
    object: Map<String, Value>,
    status: u8,
}

/// Why a command did not do what it was asked.
pub(super) struct CommandError {
    status: u8,
    message: String,
}

impl Answer {
    /// `text` may have several lines.
    pub(super) fn new(state: &str, text: impl Into<String>) -> Self {
        let mut object = Map::new();
        object.insert("state".to_owned(), json!(state));
        Self {
            text: text.into(),
            object,
            status: 0,
        }
    }

    /// Adds a member to the object.
    pub(super) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("values have string keys");
        self.object.insert(name.to_owned(), value);
        self
    }

    /// Ends with another status than 0.
    pub(super) fn exit(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    /// Prints it to stdout.
    pub(super) fn print(&self, format: Format) -> ExitCode {
        let text = match format {
            Format::Text => self.text.clone(),
            Format::Json => Value::Object(self.object.clone()).to_string(),
        };
        write_out(&text, self.status)
    }
}

impl CommandError {
    /// A status and a sentence.
    pub(super) fn new(status: u8, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// Prints it: to stderr for people, to stdout for programs.
    pub(super) fn print(&self, format: Format) -> ExitCode {
        if format == Format::Json {
            let error = json!({
                "code": exit::name(self.status),
                "message": self.message,
                "exit_status": self.status,
            });
            let object = json!({"state": "error", "error": error});
            return write_out(&object.to_string(), self.status);
        }
        let line = format!("onionmeter-ledger: {}\n", self.message);
        // There is nowhere else to say it.
        drop(io::stderr().lock().write_all(line.as_bytes()));
        ExitCode::from(self.status)
    }
}

fn write_out(text: &str, status: u8) -> ExitCode {
    let mut out = io::stdout().lock();
    let end = if text.ends_with('\n') || text.is_empty() {
        ""
    } else {
        "\n"
    };
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(end.as_bytes()))
        .and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::from(exit::OUTPUT),
        _ => ExitCode::from(status),
    }
}

impl From<FolderError> for CommandError {
    fn from(error: FolderError) -> Self {
        Self::new(exit::REFUSED, error.to_string())
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) | OpenError::Start(StartError::Store(error)) => error.into(),
            other => Self::new(exit::REFUSED, other.to_string()),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let status = match &error {
            StoreError::Lost | StoreError::Unavailable(_) | StoreError::Held(_) => {
                exit::UNAVAILABLE
            }
            StoreError::Statement(_) => exit::INTERNAL,
            StoreError::Damaged(_) | StoreError::Fault(_) => exit::REFUSED,
        };
        let message = match &error {
            StoreError::Damaged(_) => format!(
                "{error}. Nothing was changed. Restore a copy with: onionmeter-ledger restore FILE"
            ),
            _ => error.to_string(),
        };
        Self::new(status, message)
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(error) => error.into(),
            other => Self::new(exit::REFUSED, other.to_string()),
        }
    }
}

impl From<RotationError> for CommandError {
    fn from(error: RotationError) -> Self {
        match error {
            RotationError::Store(error) => error.into(),
            RotationError::Move { .. } => Self::new(exit::CANNOT_WRITE, error.to_string()),
            other => Self::new(exit::REFUSED, other.to_string()),
        }
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::new(exit::CONFIG, error.to_string())
    }
}

impl From<CopyError> for CommandError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Store(error) => error.into(),
            CopyError::Nothing => Self::new(exit::NO_INPUT, error.to_string()),
            CopyError::NotEmpty => Self::new(exit::REFUSED, error.to_string()),
            CopyError::Differs => Self::new(exit::INTERNAL, error.to_string()),
        }
    }
}

impl From<BackupError> for CommandError {
    fn from(error: BackupError) -> Self {
        let status = match &error {
            BackupError::Store(StoreError::Fault(
                StoreFault::NotOurs(_) | StoreFault::Open { .. } | StoreFault::Torn { .. },
            ))
            | BackupError::Damaged { .. } => exit::DATA,
            BackupError::Store(_) | BackupError::NoFile => exit::REFUSED,
            BackupError::Exists(_) | BackupError::Write { .. } => exit::CANNOT_WRITE,
        };
        Self::new(status, error.to_string())
    }
}

impl From<RestoreError> for CommandError {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Copy(error) => error.into(),
            RestoreError::Open(error) => error.into(),
            RestoreError::Key(error) => error.into(),
            RestoreError::Guard(_) => Self::new(exit::REFUSED, error.to_string()),
            RestoreError::Move { .. } => Self::new(exit::CANNOT_WRITE, error.to_string()),
        }
    }
}

impl From<RevokeError> for CommandError {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::Store(error) => error.into(),
            RevokeError::Unknown => Self::new(exit::NO_INPUT, error.to_string()),
        }
    }
}
