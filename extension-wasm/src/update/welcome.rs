//! The page that sets everything up: when it opens, and what it needs to know besides the rest. Its
//! steps are no stored position: they are derived from what is true now (`view/welcome.rs`).

use super::effect::Effect;
use super::event::{Shows, Timer};
use super::state::State;
use super::{connection, pages};

/// While the page is open, what no event tells is asked for this often: a program that was just
/// installed, a switch of the browser, a pin on the toolbar.
const LOOK_MS: u32 = 1_000;
/// After how many looks in a row without the page it is believed to be closed.
const UNSEEN_LOOKS: u8 = 10;

/// The browser loaded the extension. The page opens once in a profile, and again only if it was
/// open until now.
pub(super) fn on_loaded(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.welcome.shown || state.welcome.open {
        state.welcome.shown = true;
        state.welcome.open = true;
        effects.push(Effect::OpenPage(Shows::Welcome));
    }
}

/// The browser started, without the pages of before.
pub(super) const fn on_browser_start(state: &mut State) {
    state.welcome.open = false;
}

/// The page opened.
pub(super) fn on_opened(state: &mut State, effects: &mut Vec<Effect>) {
    state.welcome.open = true;
    state.welcome.candidates = None;
    state.witness.again();
    if !state.welcome.looks {
        look(state, effects);
    }
}

/// Looks again, as long as such a page is open. That it was closed is believed only after some
/// looks and not when its connection ends: the browser also ends the connections of a page that it
/// ends together with the extension, and a busy one ends this worker seconds later.
pub(super) fn look(state: &mut State, effects: &mut Vec<Effect>) {
    let mut open = state.pages_of_ours.values();
    let is_open = open.any(|shows| *shows == Shows::Welcome);
    let welcome = &mut state.welcome;
    welcome.unseen = if is_open {
        0
    } else {
        welcome.unseen.saturating_add(1)
    };
    welcome.looks = welcome.unseen < UNSEEN_LOOKS;
    if !welcome.looks {
        welcome.open = false;
        return;
    }
    if is_open {
        // A fault that was found may be gone.
        welcome.candidates = welcome.candidates.filter(|found| *found == 0);
        effects.push(Effect::ReadToolbar);
        effects.push(Effect::ReadPrivate);
        pages::look(state, effects);
        connection::connect_if_gone(state, effects);
    }
    effects.push(Effect::After(Timer::Welcome, LOOK_MS));
}
