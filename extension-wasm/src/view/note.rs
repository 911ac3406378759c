//! Notes: nothing is wrong, but a person should know something.

use super::button::Button;
use super::windows::SWITCH;
use crate::proxy_value::{BrowserFamily, Windows};
use crate::text::{Key, Text, key};
use crate::update::{Cover, Intent, State};
use meter_core::ChainEnd;
use meter_wire::RestoredState;
use serde::Serialize;

/// A note, with a button that removes it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Note {
    /// The sentence.
    pub text: Text,
    /// The button.
    pub button: Button,
}

/// The note to show. Only one is shown at a time; a second one waits until the first is dismissed.
pub(super) fn note(state: &State) -> Option<Note> {
    let chain = state.chain_changed.then(|| chain_changed(state));
    let strangers = || state.has_strangers_to_tell().then_some(STRANGERS);
    let quiet = chain.or_else(strangers).or_else(|| floor(state));
    quiet.or_else(|| private_windows(state))
}

/// The note that protection ends together with the extension.
fn floor(state: &State) -> Option<Note> {
    let is_missing = state.wanted && state.floor() == Some(false) && !state.floor_seen;
    let text = match state.family {
        BrowserFamily::Chromium => NO_FLOOR_IN_CHROMIUM,
        BrowserFamily::Gecko => NO_FLOOR_IN_FIREFOX,
    };
    let button = Button {
        label: key("ok"),
        intent: Intent::FloorSeen,
    };
    is_missing.then(|| Note {
        text: text.text(),
        button,
    })
}

const NO_FLOOR_IN_CHROMIUM: Key = key("note_floor_chromium");
const NO_FLOOR_IN_FIREFOX: Key = key("note_floor_firefox");

/// Stays as long as the condition lasts.
fn private_windows(state: &State) -> Option<Note> {
    // With private windows only, that is a problem and no note.
    if state.windows == Windows::PrivateOnly {
        return None;
    }
    match state.private_windows() {
        Cover::NotAllowed if state.wanted && state.has_floor() => Some(PRIVATE_SHUT),
        Cover::NotAllowed if state.wanted => Some(PRIVATE_NOT_ALLOWED),
        Cover::Elsewhere if state.wanted => Some(PRIVATE_ELSEWHERE),
        Cover::Same | Cover::NotAllowed | Cover::Elsewhere => None,
    }
}

const PRIVATE_NOT_ALLOWED: Note = Note {
    text: key("note_private_not_allowed").text(),
    button: SWITCH,
};

const PRIVATE_SHUT: Note = Note {
    text: key("note_private_shut").text(),
    button: SWITCH,
};

const PRIVATE_ELSEWHERE: Note = Note {
    text: key("note_private_elsewhere").text(),
    button: Button {
        label: key("show_extensions"),
        intent: Intent::OpenExtensions,
    },
};

const STRANGERS: Note = Note {
    text: key("note_strangers").text(),
    button: Button {
        label: key("ok"),
        intent: Intent::StrangersSeen,
    },
};

/// Why there is another chain, as far as that is known.
fn chain_changed(state: &State) -> Note {
    let status = state.status_to_show();
    let ledger = status.and_then(|status| status.ledger.as_ref());
    let why = ledger.and_then(|ledger| ledger.chain_end.as_deref());
    let restored = status.and_then(|status| status.restored.as_ref());
    let is_older = restored.is_some_and(|restored| restored.state == RestoredState::NewChain);
    let text = match why {
        Some(why) if ChainEnd::by_name(why).is_some() => Text::of_family("chain_end", &why),
        Some(_) => key("chain_end_other").text(),
        None if is_older => key("note_restored").text(),
        None => key("note_chain_changed").text(),
    };
    Note {
        text,
        button: Button {
            label: key("ok"),
            intent: Intent::Dismiss,
        },
    }
}
