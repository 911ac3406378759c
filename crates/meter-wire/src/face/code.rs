//! Why the HTTP server of the host did not do what was asked.

use crate::{ErrorCode, Problem};
use serde::{Serialize, Serializer};

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident => $text:literal, $sentence:literal, )*) => {
        /// A refusal of the HTTP server itself. What the daemon refuses has an [`ErrorCode`].
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum FaceCode {
            $( $(#[$doc])* $name, )*
        }

        impl FaceCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code in JSON.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }

            /// The sentence that a person reads.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $( Self::$name => $sentence, )* }
            }
        }
    };
}

codes! {
    /// `Host` is not the one address of this server.
    WrongHost => "wrong_host", "This server answers only at http://127.0.0.1 with its own port.",
    /// `Origin` or `Sec-Fetch-Site` names another site.
    ForeignOrigin => "foreign_origin", "Pages of other sites may not use this server.",
    /// A form of HTTP that no client needs.
    BadRequest => "bad_request",
        "This server reads HTTP/1.1 to a path, with Content-Length in place of Transfer-Encoding, \
         and without Upgrade and Trailer.",
    /// The bearer token is missing or wrong.
    Token => "token",
        "Send the token of the file http-token in Onionmeter's folder, as Authorization: Bearer.",
    /// The link was used, is too old or was never made.
    Link => "link", "This link was used or is too old; run `onionmeter serve --link` for another.",
    /// No such path.
    NotFound => "not_found", "There is nothing at this address.",
    /// The path exists, the method does not.
    Method => "method", "This address takes another method.",
    /// The `Content-Type` of the body is not JSON.
    MediaType => "media_type", "A body must be application/json.",
    /// The body is too large.
    TooLarge => "too_large", "The body is too large.",
    /// The body did not arrive in time.
    TooSlow => "too_slow", "The request took too long to arrive.",
    /// The body is not JSON.
    BadJson => "bad_json", "The body is not a JSON object.",
    /// A field of the body or of the query is outside its limits.
    BadField => "bad_field", "A field is outside its limits; nothing was changed.",
    /// The relay is closed, so there is no address to give out.
    RelayStopped => "relay_stopped",
        "The relay is closed; POST /api/tor/monitoring/start opens it.",
    /// This device belongs to no ledger.
    NotEnrolled => "not_enrolled", "This device is not enrolled with a ledger.",
    /// Too many requests or event streams at once.
    Busy => "busy", "Too many requests at once; wait a moment and try again.",
    /// A bug of ours.
    Internal => "internal", "Onionmeter made a mistake; please report it with the log.",
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaceProblem {
    /// What went wrong.
    pub error: FaceError,
}

/// What went wrong: a code for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaceError {
    /// A [`FaceCode`], or an [`ErrorCode`] of the daemon.
    pub code: EitherCode,
    /// The sentence of the code.
    pub message: String,
    /// The exact cause, where there is more to say. Never a target or a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The field that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A code of this server or of the daemon.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EitherCode {
    /// Of this server.
    Face(FaceCode),
    /// Of the daemon.
    Daemon(ErrorCode),
}

impl Serialize for EitherCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Face(code) => serializer.serialize_str(code.text()),
            Self::Daemon(code) => code.serialize(serializer),
        }
    }
}

impl From<FaceCode> for FaceProblem {
    fn from(code: FaceCode) -> Self {
        Self {
            error: FaceError {
                code: EitherCode::Face(code),
                message: code.sentence().to_owned(),
                detail: None,
                field: None,
            },
        }
    }
}

impl From<Problem> for FaceProblem {
    fn from(problem: Problem) -> Self {
        Self {
            error: FaceError {
                code: EitherCode::Daemon(problem.code),
                message: problem.message,
                detail: problem.detail,
                field: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_text_and_a_sentence_of_its_own() {
        for (index, code) in FaceCode::ALL.iter().enumerate() {
            assert!(code.sentence().ends_with('.'), "{code:?}");
            for earlier in FaceCode::ALL.iter().take(index) {
                assert_ne!(code.text(), earlier.text());
                assert_ne!(code.sentence(), earlier.sentence());
            }
        }
    }
}
