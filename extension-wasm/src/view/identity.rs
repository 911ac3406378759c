//! The button for a new identity: its effect, its result, or why it cannot be used now.

use super::header::{Blocker, blocker};
use crate::update::{Intent, State};
use meter_wire::TorState;
use serde::Serialize;

/// The button for a new identity, with its text.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct IdentityView {
    /// The effect of the button, or why it cannot be used now.
    pub text: &'static str,
    /// The result, if the button was used since the popup was opened. It replaces the text.
    pub done: Option<&'static str>,
    /// The intent of the button; `None` while it cannot be used.
    pub intent: Option<Intent>,
    /// When it can be used again: `again in 7 s`.
    pub again: Option<String>,
}

pub(super) fn identity(state: &State) -> IdentityView {
    if let Some(text) = hindrance(state) {
        return IdentityView {
            text,
            done: None,
            intent: None,
            again: None,
        };
    }
    let wait_s = state.status().map_or(0, |status| status.new_identity_in_s);
    IdentityView {
        text: OFFER,
        done: state.renewed.then_some(DONE),
        intent: (wait_s == 0).then_some(Intent::NewIdentity),
        again: (wait_s > 0).then(|| format!("again in {wait_s} s")),
    }
}

/// Without Tor there are no circuits, and without protection this browser uses none.
fn hindrance(state: &State) -> Option<&'static str> {
    if !state.wanted {
        return Some("Protection is off, so this browser does not use Tor.");
    }
    let tor_is_ready = state
        .status()
        .is_some_and(|status| status.tor.state == TorState::Ready);
    let ready = tor_is_ready && state.relay_port().is_some();
    let why = || match blocker(state) {
        Blocker::Passing(_) => "Possible as soon as Tor is connected.",
        Blocker::Standing(what) => what,
    };
    (!ready || state.proxy.trouble.is_some()).then(why)
}

const OFFER: &str = "New circuits for all sites. Cookies and log-ins stay.";

const DONE: &str = "Every site gets new circuits from now on. Open connections keep theirs: reload \
     open pages, or restart the browser to be sure. Cookies and log-ins stay.";
