//! Tabs that were open before the browser used the relay. Connections that such a page made stay
//! open past Tor as long as the page is open, whatever the proxy is now.
//!
//! When the browser begins to send everything to the relay, each open page is marked. The mark
//! disappears with the page: a person can reload it in any way, or close it.

use super::effect::Effect;
use super::event::Timer;
use super::state::State;
use super::tabs::{OldTabs, Pages, PagesTurn};
use crate::proxy_value::{BrowserFamily, Reading, Windows};

/// Pause before the next look at tabs that a person has reloaded.
const AGAIN_MS: u32 = 1_000;

/// Number of looks after a person's click, with or without a popup. A page through Tor usually
/// arrives within this time.
const LOOKS_AFTER_CLICK: u8 = 30;

/// Notes that the browser has just started.
pub(super) fn on_browser_start(state: &mut State) {
    let pages = &mut state.pages;
    pages.browser_started = true;
    if pages.is_shut_from_start() {
        pages.old = OldTabs::default();
    }
}

/// Marks the open pages when the browser first confirms that everything goes to the relay.
pub(super) fn reconcile(state: &mut State, effects: &mut Vec<Effect>) {
    let is_shut = match state.proxy.answer {
        _ if !state.wanted => false,
        Some(answer) => matches!(answer, Ok(Reading::Ours { .. } | Reading::Wider { .. })),
        None => return,
    };
    let pages = &mut state.pages;
    if !is_shut {
        *pages = Pages {
            browser_started: pages.browser_started,
            was_open: true,
            turn: pages.turn,
            ..Pages::default()
        };
    } else if !pages.marked && pages.is_shut_from_start() {
        pages.marked = true;
    } else if !pages.marked && !pages.in_flight {
        let turn = next_turn(pages);
        effects.push(Effect::MarkPages { turn });
    }
}

/// The person chose other windows. If more are protected than before, the open pages of the new
/// ones are of before; if fewer are, the pages of the rest do not matter any more.
pub(super) fn on_choice(state: &mut State, effects: &mut Vec<Effect>) {
    match state.windows {
        Windows::All => {
            state.pages = Pages {
                browser_started: state.pages.browser_started,
                was_open: true,
                turn: state.pages.turn,
                ..Pages::default()
            };
        }
        Windows::PrivateOnly => look(state, effects),
    }
}

/// Looks whether earlier pages are still open.
pub(super) fn look(state: &mut State, effects: &mut Vec<Effect>) {
    let pages = &mut state.pages;
    if pages.marked && pages.count() > 0 && !pages.in_flight {
        let unmarked = pages.old.unmarked.clone();
        let turn = next_turn(pages);
        effects.push(Effect::FindPages { turn, unmarked });
    }
}

/// A tab asks for a page. While the browser is shut it asks the relay, so the page that it shows
/// next is not from before.
pub(super) fn on_begun(state: &mut State, tab: i32) {
    let pages = &mut state.pages;
    if pages.old.unmarked.contains(&tab) {
        note(&mut pages.leaving, tab);
    }
}

/// A tab without a mark loads. Firefox shows no extension the request of a page in which none may
/// run. Chromium says the same when a page only changes its own address.
pub(super) fn on_loading(state: &mut State, tab: i32) {
    if state.family == BrowserFamily::Gecko && state.pages.settled.contains(&tab) {
        on_begun(state, tab);
    }
}

/// A tab has settled on a page: on another one than that from before, if it was leaving that.
pub(super) fn on_settled(state: &mut State, tab: i32) {
    let pages = &mut state.pages;
    if pages.leaving.contains(&tab) {
        for tabs in [
            &mut pages.old.unmarked,
            &mut pages.settled,
            &mut pages.leaving,
        ] {
            tabs.retain(|known| *known != tab);
        }
    } else if pages.old.unmarked.contains(&tab) {
        note(&mut pages.settled, tab);
    }
}

fn note(tabs: &mut Vec<i32>, tab: i32) {
    if !tabs.contains(&tab) {
        tabs.push(tab);
    }
}

/// Takes the result of a look, unless something has happened since.
pub(super) fn on_found(
    state: &mut State,
    turn: PagesTurn,
    mut found: OldTabs,
    effects: &mut Vec<Effect>,
) {
    let pages = &mut state.pages;
    if turn != pages.turn || !pages.in_flight {
        return;
    }
    if pages.marked {
        // A tab may have left its page during the look.
        let unmarked = &mut found.unmarked;
        unmarked.retain(|tab| pages.old.unmarked.contains(tab));
    }
    pages.in_flight = false;
    pages.marked = true;
    pages.old = match pages.is_shut_from_start() {
        true => OldTabs::default(),
        false => found,
    };
    let is_watched = !state.subscribers.is_empty() || pages.looks_left > 0;
    if is_watched && pages.count() > 0 {
        pages.looks_left = pages.looks_left.saturating_sub(1);
        effects.push(Effect::After(Timer::Pages(pages.turn), AGAIN_MS));
    }
}

/// Handles the timer for the next look.
pub(super) fn on_timer(state: &mut State, turn: PagesTurn, effects: &mut Vec<Effect>) {
    if turn == state.pages.turn {
        look(state, effects);
    }
}

/// Reloads the pages through Tor, on a person's request.
pub(super) fn reload(state: &mut State, effects: &mut Vec<Effect>) {
    let pages = &mut state.pages;
    if pages.count() == 0 {
        return;
    }
    let mut tabs = pages.old.marked.clone();
    // A tab that we reload needs no mark. A tab without a mark is only remembered until then.
    tabs.append(&mut pages.old.unmarked);
    pages.old.marked.clone_from(&tabs);
    pages.looks_left = LOOKS_AFTER_CLICK;
    let turn = next_turn(pages);
    effects.push(Effect::ReloadPages { turn, tabs });
}

fn next_turn(pages: &mut Pages) -> PagesTurn {
    pages.turn = PagesTurn(pages.turn.0.wrapping_add(1));
    pages.in_flight = true;
    pages.turn
}
