//! A button.

use crate::update::Intent;
use serde::Serialize;

/// A button: what it says and what it means.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Button {
    /// The text on it.
    pub label: &'static str,
    /// What it asks for.
    pub intent: Intent,
}
