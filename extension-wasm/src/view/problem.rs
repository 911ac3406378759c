//! What a problem is: one sentence, with one button.

use super::button::Button;
use meter_wire::ErrorCode;
use serde::Serialize;

/// What is wrong.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// For tests and reports: the code's name, or the extension's own.
    pub name: Name,
    /// The sentence.
    pub sentence: String,
    /// How to help, where a button alone cannot.
    pub hint: Option<&'static str>,
    /// A command to type, where that is what helps.
    pub command: Option<&'static str>,
    /// What exactly, in the host's words.
    pub detail: Option<String>,
    /// The one thing to do. The popup shows it as the view's action.
    #[serde(skip)]
    pub button: Button,
}

/// Names a problem.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Name {
    /// One that the protocol knows.
    Code(ErrorCode),
    /// One that only a browser can see.
    Own(Own),
}

/// Problems that only a browser can see.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// A request went out past the proxy.
    Bypassed,
    /// The browser refused to close WebRTC or DNS prefetching.
    PrivacyRefused,
    /// The host's balance is not the sum of the verified reports.
    BalanceDiffers,
    /// Tabs are open whose pages loaded before protection began.
    OldPages,
}
