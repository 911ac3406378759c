//! Tabs that were open before protection began.

use super::button::Button;
use super::problem::{Name, Own, Problem};
use super::windows;
use crate::text::{Key, Text, Value, key};
use crate::update::{Intent, State};

/// The problem of earlier tabs. It is shown only when nothing else is left to do: while Tor is
/// starting, a reload would only leave the person without the pages.
pub(super) fn old_pages(state: &State) -> Option<Problem> {
    let count = state.pages.count();
    if count == 0 || !state.is_routed() {
        return None;
    }
    let label = match count {
        1 => key("reload_it"),
        _ => key("reload_them"),
    };
    let tabs = Value::count(u64::try_from(count).unwrap_or(u64::MAX));
    let sentence = key("problem_old_pages");
    Some(Problem {
        name: Name::Own(Own::OldPages),
        sentence: sentence.text(),
        hint: Some(HINT.text()),
        command: None,
        detail: Some(key("tabs").with("tabs", tabs)),
        button: Button {
            label,
            intent: Intent::ReloadPages,
        },
    })
}

const HINT: Key = key("problem_old_pages_hint");

/// The header's sentence while tabs from before are open: `usual`, where it is true of all windows.
pub(super) fn beside_old(state: &State, usual: Key) -> Text {
    match windows::uncovered(state) {
        None => usual.text(),
        Some(others) => OLD_ONES.text().and(others),
    }
}

/// All that is certain.
pub(super) const OLD_ONES: Key = key("old_tabs_past_tor");

/// Beside the problem.
pub(super) const NEW_ONES_ARE_FINE: Key = key("pages_new_ones_fine");

/// While new pages are blocked.
pub(super) const OLD_ONES_MAY_NOT_BE: Key = key("pages_old_ones_may_not_be");

/// While new pages wait.
pub(super) const NEW_ONES_WAIT: Key = key("pages_new_ones_wait");
