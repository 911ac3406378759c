//! Notes: nothing is wrong, but a person should know something.

use super::button::Button;
use super::windows::SWITCH;
use crate::proxy_value::{Engine, Windows};
use crate::update::{Cover, Intent, State};
use meter_wire::{RestoredState, chain_end_sentence};
use serde::Serialize;

/// A note, with a button that removes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Note {
    /// The sentence.
    pub text: &'static str,
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
    let text = match state.engine {
        Engine::Chromium => NO_FLOOR_IN_CHROMIUM,
        Engine::Gecko => NO_FLOOR_IN_FIREFOX,
    };
    let button = Button {
        label: "OK",
        intent: Intent::FloorSeen,
    };
    is_missing.then_some(Note { text, button })
}

const NO_FLOOR_IN_CHROMIUM: &str = "This browser goes around Tor whenever Onionmeter is \
     reloaded, disabled or removed, and its own services always do: close it and start it with \
     `onionmeter open` to prevent that.";
const NO_FLOOR_IN_FIREFOX: &str = "Firefox's own services go around Tor while the relay \
     is not there: close Firefox and start it with `onionmeter open firefox`, or run \
     `sudo onionmeter harden`, to prevent that.";

/// Stays as long as the condition lasts.
fn private_windows(state: &State) -> Option<Note> {
    // With private windows only, that is a problem and no note.
    if state.windows == Windows::PrivateOnly {
        return None;
    }
    match state.private_windows() {
        Cover::NotAllowed if state.wanted && state.floor() == Some(true) => Some(PRIVATE_SHUT),
        Cover::NotAllowed if state.wanted => Some(PRIVATE_NOT_ALLOWED),
        Cover::Elsewhere if state.wanted => Some(PRIVATE_ELSEWHERE),
        Cover::Same | Cover::NotAllowed | Cover::Elsewhere => None,
    }
}

const PRIVATE_NOT_ALLOWED: Note = Note {
    text: "Private windows are not covered: they go past Tor. To cover them, switch on Allow in \
           Incognito.",
    button: SWITCH,
};

const PRIVATE_SHUT: Note = Note {
    text: "Private windows load nothing in this browser. To use them through Tor, switch on Allow \
           in Incognito.",
    button: SWITCH,
};

const PRIVATE_ELSEWHERE: Note = Note {
    text: "Private windows are not covered: something else sets their proxy, so they may go past \
           Tor.",
    button: Button {
        label: "Show extensions",
        intent: Intent::OpenExtensions,
    },
};

const STRANGERS: Note = Note {
    text: "Another user of this computer tried to browse through your relay and was refused.",
    button: Button {
        label: "OK",
        intent: Intent::StrangersSeen,
    },
};

/// Why there is another chain, as far as that is known.
fn chain_changed(state: &State) -> Note {
    let status = state.status_to_show();
    let ledger = status.and_then(|status| status.ledger.as_ref());
    let why = ledger.and_then(|ledger| ledger.chain_end.as_deref());
    let restored = status.and_then(|status| status.restored.as_ref());
    let restored = restored.filter(|restored| restored.state == RestoredState::NewChain);
    let otherwise = restored.map_or(CHAIN_CHANGED, |restored| restored.sentence(false));
    Note {
        text: why.map_or(otherwise, chain_end_sentence),
        button: Button {
            label: "OK",
            intent: Intent::Dismiss,
        },
    }
}

const CHAIN_CHANGED: &str =
    "The reports now belong to a new chain. The credits of the chain before still count.";
