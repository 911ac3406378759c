//! What is said while only private windows are protected, and where they cannot be.

use super::button::Button;
use super::light::Light;
use super::problem::{Name, Own, Problem};
use crate::proxy_value::{Engine, Windows};
use crate::text::{Key, key};
use crate::update::{Cover, Intent, State};
use meter_wire::ErrorCode;
use serde::Serialize;

/// Leads to the browser's switch that allows this extension in private windows.
pub(super) const SWITCH: Button = Button {
    label: "Show the switch",
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
pub(super) const fn choice(state: &State) -> WindowsView {
    let allowed = state.is_allowed_in_private();
    let says = match (state.windows, state.engine, allowed) {
        (_, Engine::Chromium, false) => key("windows_not_allowed_chromium"),
        (_, Engine::Gecko, false) => key("windows_not_allowed_firefox"),
        (Windows::All, _, true) => key("windows_all_says"),
        (Windows::PrivateOnly, Engine::Chromium, true) => key("windows_private_says"),
        (Windows::PrivateOnly, Engine::Gecko, true) => key("windows_private_says_firefox"),
    };
    WindowsView {
        chosen: state.windows,
        all: Intent::ProtectAll,
        private_only: match allowed {
            true => Some(Intent::ProtectPrivateOnly),
            false => None,
        },
        says,
        switch: match (state.engine, allowed) {
            (Engine::Chromium, false) => Some(Intent::OpenDetails),
            (Engine::Chromium | Engine::Gecko, _) => None,
        },
    }
}

/// What a header says of the windows that are protected.
pub(super) struct Words {
    /// They go through Tor.
    pub(super) through: &'static str,
    /// They wait for something that passes.
    pub(super) wait: &'static str,
    /// They load nothing, until a person acts.
    pub(super) blocked: &'static str,
    /// They go past Tor, although protection is wanted.
    pub(super) exposed: &'static str,
}

/// The words for the windows that the person chose.
pub(super) const fn words(state: &State) -> Words {
    match (state.windows, state.private_windows()) {
        (Windows::PrivateOnly, _) => PRIVATE_ONLY,
        (Windows::All, Cover::Same) => ALL,
        (Windows::All, Cover::NotAllowed | Cover::Elsewhere) => NOT_PRIVATE,
    }
}

const ALL: Words = Words {
    through: "This browser goes through Tor and is counted.",
    wait: "Pages wait until it is done.",
    blocked: "Pages are blocked, so nothing leaks.",
    exposed: "Sites see your address.",
};

const NOT_PRIVATE: Words = Words {
    through: "This browser goes through Tor and is counted, but private windows are not.",
    ..ALL
};

const PRIVATE_ONLY: Words = Words {
    through: "Private windows go through Tor and are counted. Other windows go out directly.",
    wait: "Private windows wait until it is done; others go out directly.",
    blocked: "Private windows are blocked, so nothing leaks there; others go out directly.",
    exposed: "No window goes through Tor.",
};

/// The light while everything is true that it promises. Green keeps its one meaning: every window.
pub(super) const fn light(state: &State) -> Light {
    match state.windows {
        Windows::All => Light::Protected,
        Windows::PrivateOnly => Light::Private,
    }
}

/// The problem that private windows alone are chosen, and the browser does not allow this extension
/// there any more. In Firefox the words of the code are right for both choices.
pub(super) fn not_allowed(state: &State, code: ErrorCode) -> Option<Problem> {
    let is_chosen = state.windows == Windows::PrivateOnly && state.engine == Engine::Chromium;
    let is_it = is_chosen && code == ErrorCode::PrivateWindowsNotAllowed;
    is_it.then(|| Problem {
        name: Name::Own(Own::PrivateNotAllowed),
        sentence: "Private windows go past Tor: this browser does not allow Onionmeter there."
            .to_owned(),
        hint: Some("Switch on Allow in Incognito, or protect all windows in the options."),
        command: None,
        detail: None,
        button: SWITCH,
    })
}
