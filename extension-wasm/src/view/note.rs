//! Quiet lines: nothing is wrong, and yet a person should know.

use super::Button;
use crate::update::{Intent, State};
use serde::Serialize;

/// A quiet line with a way to put it away.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Note {
    /// The sentence.
    pub text: &'static str,
    /// The way.
    pub button: Button,
}

/// One at a time; the second waits until the first is put away.
pub(super) fn note(state: &State) -> Option<Note> {
    let chain = state.chain_changed.then_some(CHAIN_CHANGED);
    chain.or_else(|| state.has_strangers_to_tell().then_some(STRANGERS))
}

const STRANGERS: Note = Note {
    text: "Another user of this computer tried to browse through your relay and was refused.",
    button: Button {
        label: "OK",
        intent: Intent::StrangersSeen,
    },
};

const CHAIN_CHANGED: Note = Note {
    text: "The reports now belong to a new chain. The credits of the chain before stand beside the new ones.",
    button: Button {
        label: "OK",
        intent: Intent::Dismiss,
    },
};
