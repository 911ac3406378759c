//! An error as a part of a message.

use crate::ErrorCode;
use serde::{Deserialize, Serialize};

/// An error in a message: the code is for programs, the sentence for people, the detail for both.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// The error code.
    pub code: ErrorCode,
    /// The sentence of the code. An older client can so show a code that it does not know.
    #[serde(deserialize_with = "crate::plain::line")]
    pub message: String,
    /// The exact cause: a key, a line or a limit. Never a target or a secret.
    #[serde(
        default,
        deserialize_with = "crate::plain::some_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub detail: Option<String>,
    /// What the detail says as a word of a closed set or as a number, for a client with words of
    /// its own. `docs/spec/native-messages.md` names the codes that have one.
    #[serde(
        default,
        deserialize_with = "crate::plain::some_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub cause: Option<String>,
}

impl Problem {
    /// Makes a problem without a detail. Its message is empty without the feature `sentences`.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        #[cfg(any(test, feature = "sentences"))]
        let message = code.sentence().to_owned();
        #[cfg(not(any(test, feature = "sentences")))]
        let message = String::new();
        Self {
            code,
            message,
            detail: None,
            cause: None,
        }
    }

    /// Makes a problem with a detail.
    #[must_use]
    pub fn with_detail(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..Self::new(code)
        }
    }

    /// The same with the cause for programs.
    #[must_use]
    pub fn caused_by(self, cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_newer_version_is_unknown_and_keeps_its_message() {
        let json = r#"{"code":"moon_too_bright","message":"Wait for dawn.","extra":1}"#;
        let problem: Problem = serde_json::from_str(json).expect("tolerated");
        assert_eq!(
            (problem.code, problem.message.as_str()),
            (ErrorCode::Unknown, "Wait for dawn.")
        );
    }
}
