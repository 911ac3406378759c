//! A line of the welcome page: a step that a person may have to do, or a test with its evidence.

use super::button::Button;
use crate::text::{Key, Text};
use crate::update::Intent;
use serde::Serialize;

/// How far a line is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It is true.
    Done,
    /// It becomes true without help.
    Busy,
    /// A person has to act.
    Todo,
    /// The same, and without it everything works, too.
    Optional,
    /// It comes after a line above it.
    Waits,
    /// Something is in its way.
    Fault,
}

/// A line.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Step {
    /// Its name, for the page and for tests.
    pub name: &'static str,
    /// How far it is.
    pub mark: Mark,
    /// What it is about.
    pub title: Key,
    /// One sentence: what is true, or what to do. Of a test it is the evidence.
    pub says: Option<Text>,
    /// The exact cause, in words of the program or of Tor.
    pub detail: Option<Text>,
    /// A command to type in a terminal.
    pub command: Option<&'static str>,
    /// What helps with one click.
    pub act: Option<Button>,
    /// How far it is in percent, if that is known.
    pub percent: Option<u8>,
}

impl Step {
    pub(super) const fn new(name: &'static str, title: Key, mark: Mark) -> Self {
        Self {
            name,
            mark,
            title,
            says: None,
            detail: None,
            command: None,
            act: None,
            percent: None,
        }
    }

    pub(super) fn says(mut self, says: impl Into<Text>) -> Self {
        self.says = Some(says.into());
        self
    }

    pub(super) fn command(mut self, command: Option<&'static str>) -> Self {
        self.command = command;
        self
    }

    pub(super) fn act(mut self, label: Key, intent: Intent) -> Self {
        self.act = Some(Button { label, intent });
        self
    }
}
