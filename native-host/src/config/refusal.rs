//! Why a setting cannot have a value.

use std::fmt;

/// The reason in a sentence without its end, and in words of a closed set. None holds a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    sentence: String,
    cause: Option<String>,
}

impl Refusal {
    /// The reason with its cause: for each line of the sentence one, a word with the values that
    /// the line names.
    pub(crate) fn caused_by(sentence: String, cause: impl Into<Option<String>>) -> Self {
        let cause = cause.into();
        Self { sentence, cause }
    }

    /// The cause for programs.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
}

/// A reason that has a sentence only.
impl From<String> for Refusal {
    fn from(sentence: String) -> Self {
        Self::caused_by(sentence, None)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// A value as a sentence names it.
pub(crate) fn shown(value: &str) -> &str {
    if value.is_empty() { "empty" } else { value }
}
