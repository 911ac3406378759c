//! What is said while only private windows are protected, and where they cannot be.

use super::button::Button;
use super::light::Light;
use super::problem::{Name, Own, Problem};
use crate::proxy_value::{BrowserFamily, Windows};
use crate::text::{Key, key};
use crate::update::{Cover, Intent, State};
use meter_wire::ErrorCode;
use serde::Serialize;

/// Leads to the browser's switch that allows this extension in private windows.
pub(super) const SWITCH: Button = Button {
    label: key("show_the_switch"),
    intent: Intent::OpenDetails,
};

/// The choice which windows are protected, as the options show it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct WindowsView {
    /// What is chosen.
    pub chosen: Windows,
    /// The intent that chooses all windows.
    pub all: Intent,
    /// The intent that chooses private windows only; `None` where that would protect nothing.
    pub private_only: Option<Intent>,
    /// What is protected then and what is not; or why there is no choice.
    pub says: Key,
    /// Leads to the browser's switch, where an extension may do that.
    pub switch: Option<Intent>,
}

/// The choice for a state.
pub(super) fn choice(state: &State) -> WindowsView {
    let allowed = state.is_allowed_in_private();
    let says = match (state.windows, state.family, allowed) {
        (_, BrowserFamily::Chromium, false) if state.has_floor() => key("note_private_shut"),
        (_, BrowserFamily::Chromium, false) => key("windows_not_allowed_chromium"),
        (_, BrowserFamily::Gecko, false) => key("windows_not_allowed_firefox"),
        (Windows::All, _, true) if is_elsewhere(state) => key("note_private_elsewhere"),
        _ if state.has_floor() => key("windows_floor"),
        _ if !state.wanted => key("windows_off"),
        (Windows::All, _, true) => key("windows_all_says"),
        (Windows::PrivateOnly, BrowserFamily::Chromium, true) => key("windows_private_says"),
        (Windows::PrivateOnly, BrowserFamily::Gecko, true) => key("windows_private_says_firefox"),
    };
    WindowsView {
        chosen: state.windows,
        all: Intent::ProtectAll,
        private_only: state
            .may_choose_private_only()
            .then_some(Intent::ProtectPrivateOnly),
        says,
        switch: match (state.family, allowed) {
            (BrowserFamily::Chromium, false) => Some(Intent::OpenDetails),
            (BrowserFamily::Chromium | BrowserFamily::Gecko, _) => None,
        },
    }
}

/// Private windows may have another proxy although this extension is allowed there.
fn is_elsewhere(state: &State) -> bool {
    state.wanted && state.private_windows() == Cover::Elsewhere
}

/// What a header says of the windows that are protected.
pub(super) struct Words {
    /// They go through Tor.
    pub(super) through: Key,
    /// They wait for something that passes.
    pub(super) wait: Key,
    /// They load nothing, until a person acts.
    pub(super) blocked: Key,
    /// They go past Tor, although protection is wanted.
    pub(super) exposed: Key,
}

/// The words for the windows that the person chose.
pub(super) fn words(state: &State) -> Words {
    match (state.routed_windows(), state.private_windows()) {
        (Windows::PrivateOnly, _) if state.has_floor() => OTHERS_SHUT,
        (Windows::PrivateOnly, _) => PRIVATE_ONLY,
        (Windows::All, Cover::Same) => ALL,
        (Windows::All, Cover::NotAllowed) if state.has_floor() => PRIVATE_SHUT,
        (Windows::All, Cover::NotAllowed | Cover::Elsewhere) => NOT_PRIVATE,
    }
}

/// What other windows do that no proxy setting of ours holds; `None` without such windows. A
/// sentence about all pages of the browser is false beside them.
pub(super) fn uncovered(state: &State) -> Option<Key> {
    match (state.routed_windows(), state.private_windows()) {
        (Windows::PrivateOnly, _) | (Windows::All, Cover::NotAllowed) if state.has_floor() => None,
        (Windows::PrivateOnly, _) => Some(key("others_go_directly")),
        (Windows::All, Cover::Same) => None,
        (Windows::All, Cover::NotAllowed | Cover::Elsewhere) => Some(key("private_may_go_past")),
    }
}

const ALL: Words = Words {
    through: key("header_protected"),
    wait: key("pages_wait"),
    blocked: key("pages_blocked"),
    exposed: key("sites_see_address"),
};

const NOT_PRIVATE: Words = Words {
    through: key("header_protected_not_private"),
    wait: key("normal_wait"),
    blocked: key("normal_blocked"),
    ..ALL
};

/// Private windows load nothing, because of the floor.
const PRIVATE_SHUT: Words = Words {
    through: key("header_protected_not_private"),
    ..ALL
};

const PRIVATE_ONLY: Words = Words {
    through: key("header_private"),
    wait: key("private_wait"),
    blocked: key("private_blocked"),
    exposed: key("private_exposed"),
};

/// The other windows load nothing, because of the floor.
const OTHERS_SHUT: Words = Words {
    through: key("header_private_floor"),
    wait: key("private_wait_floor"),
    blocked: key("pages_blocked"),
    exposed: key("private_exposed"),
};

/// The light while everything is true that it promises. Green keeps its one meaning, every window:
/// where private ones are not covered, the header says so and is not green (`Header::in_part`).
pub(super) const fn light(state: &State) -> Light {
    match state.windows {
        Windows::All => Light::Protected,
        Windows::PrivateOnly => Light::Private,
    }
}

/// The problem that private windows alone are chosen, and the browser does not allow this extension
/// there any more. In Firefox the words of the code are right for both choices.
pub(super) fn not_allowed(state: &State, code: ErrorCode) -> Option<Problem> {
    let is_chosen =
        state.windows == Windows::PrivateOnly && state.family == BrowserFamily::Chromium;
    let is_it = is_chosen && code == ErrorCode::PrivateWindowsNotAllowed;
    let sentence = match state.floor() {
        Some(true) => key("note_private_shut"),
        Some(false) | None => key("problem_private"),
    };
    is_it.then(|| Problem {
        name: Name::Own(Own::PrivateNotAllowed),
        sentence: sentence.text(),
        hint: Some(key("problem_private_hint").text()),
        command: None,
        detail: None,
        button: SWITCH,
    })
}
