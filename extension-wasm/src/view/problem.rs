//! A problem: one sentence with one button.

use super::button::Button;
use crate::text::Text;
use meter_wire::ErrorCode;
use serde::Serialize;

/// A problem.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// For tests and reports: the code's name, or the extension's own.
    pub name: Name,
    /// The sentence.
    pub sentence: Text,
    /// How to solve it, if a button is not enough.
    pub hint: Option<Text>,
    /// A command to type, if one helps.
    pub command: Option<&'static str>,
    /// The exact cause, in the host's words.
    pub detail: Option<Text>,
    /// The action. The popup shows it as the action of the view.
    #[serde(skip)]
    pub button: Button,
}

/// Names a problem.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Name {
    /// A problem with a code of the protocol.
    Code(ErrorCode),
    /// A problem that only the browser can notice.
    Own(Own),
}

/// Problems that only the browser can notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// A request bypassed the proxy.
    Bypassed,
    /// The browser refused to close WebRTC or DNS prefetching.
    PrivacyRefused,
    /// The host's balance differs from the sum of the verified reports.
    BalanceDiffers,
    /// Only private windows are to be protected, and this extension is not allowed there.
    PrivateNotAllowed,
    /// Tabs are open with pages that loaded before protection began.
    OldPages,
}

/// The sentence of a problem that the host told.
pub(crate) fn said(problem: &meter_wire::Problem) -> Text {
    sentence(problem.code, Some(&problem.message))
}

/// The sentence of a code. A newer host knows the meaning of its own code better.
pub(super) fn sentence(code: ErrorCode, message: Option<&str>) -> Text {
    match (code, message) {
        (ErrorCode::Unknown, Some(message)) if says_something(message) => Text::quoted(message),
        (code, _) => Text::of_family("error", &code),
    }
}

/// Whether a person can read anything in words of the host's.
pub(super) fn says_something(words: &str) -> bool {
    words.chars().any(char::is_alphanumeric)
}
