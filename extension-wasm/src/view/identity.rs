//! The button for a new identity: its effect, its result, or why it cannot be used now.

use super::header::{Blocker, blocker};
use crate::text::{Key, Text, Value, key};
use crate::update::{Intent, State};
use meter_wire::TorState;
use serde::Serialize;

/// The button for a new identity, with its text.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct IdentityView {
    /// The effect of the button, or why it cannot be used now.
    pub text: Key,
    /// The result, if the button was used since the popup was opened. It replaces the text.
    pub done: Option<Key>,
    /// The intent of the button; `None` while it cannot be used.
    pub intent: Option<Intent>,
    /// When it can be used again: `again in 7 s`.
    pub again: Option<Text>,
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
        again: (wait_s > 0).then(|| again_in(wait_s)),
    }
}

/// When something can be asked for again.
pub(super) fn again_in(seconds: u32) -> Text {
    let time = Value::duration(u64::from(seconds).saturating_mul(1_000));
    key("again_in").with("time", time)
}

/// Without Tor there are no circuits, and without protection this browser uses none.
fn hindrance(state: &State) -> Option<Key> {
    if !state.wanted {
        return Some(key("identity_off"));
    }
    let tor_is_ready = state
        .status()
        .is_some_and(|status| status.tor.state == TorState::Ready);
    let ready = tor_is_ready && state.relay_port().is_some();
    let why = || match blocker(state) {
        Blocker::Passing(_) => key("identity_soon"),
        Blocker::Standing(what) => what,
    };
    (!ready || state.proxy.trouble.is_some()).then(why)
}

const OFFER: Key = key("identity_offer");

const DONE: Key = key("identity_done");
