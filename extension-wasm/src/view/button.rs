//! A button.

use crate::text::Key;
use crate::update::Intent;
use serde::Serialize;

/// A button with its text and its intent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Button {
    /// The text on it.
    pub label: Key,
    /// The intent when it is pressed.
    pub intent: Intent,
}
