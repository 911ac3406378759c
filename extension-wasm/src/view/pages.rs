//! Tabs that were open before protection began.

use super::button::Button;
use super::problem::{Name, Own, Problem};
use crate::update::{Intent, State};

/// The problem of earlier tabs. It is shown only when nothing else is left to do: while Tor is
/// starting, a reload would only leave the person without the pages.
pub(super) fn old_pages(state: &State) -> Option<Problem> {
    let count = state.pages.count();
    if count == 0 || !state.is_routed() {
        return None;
    }
    let (tabs, label) = match count {
        1 => ("1 tab".to_owned(), "Reload it"),
        count => (format!("{count} tabs"), "Reload them"),
    };
    let sentence = "Tabs that were open before protection began may still be connected past Tor.";
    Some(Problem {
        name: Name::Own(Own::OldPages),
        sentence: sentence.to_owned(),
        hint: Some(HINT),
        command: None,
        detail: Some(tabs),
        button: Button {
            label,
            intent: Intent::ReloadPages,
        },
    })
}

const HINT: &str = "Text that you typed there and did not send may be lost. A tab in the \
                    background loads when you go to it.";

/// The header's sentence beside the problem.
pub(super) const NEW_ONES_ARE_FINE: &str = "Whatever loads from now on goes through Tor.";

/// While new pages are blocked.
pub(super) const OLD_ONES_MAY_NOT_BE: &str =
    "New pages are blocked; tabs from before may still be connected past Tor.";

/// While new pages wait.
pub(super) const NEW_ONES_WAIT: &str = "New pages wait until it is done.";
