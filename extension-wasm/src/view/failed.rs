//! The page of the active tab, if it did not load: the reason that the browser's error lacks.

use crate::text::{Text, key};
use crate::update::{LoadError, State};
use meter_wire::TorReply;
use serde::Serialize;

/// Why the page in the active tab did not load.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FailedView {
    /// For tests and reports: Tor's reason, if it is known.
    pub name: Option<TorReply>,
    /// What happened.
    pub sentence: Text,
    /// What to do about it.
    pub action: Option<Text>,
}

pub(super) fn failed(state: &State) -> Option<FailedView> {
    let tab = state.protected_site()?.tab();
    let new = |name, sentence, action| FailedView {
        name,
        sentence,
        action,
    };
    Some(match state.failed.of(tab)? {
        LoadError::NoRelay => new(None, key("page_no_relay").text(), None),
        LoadError::Unreached(None) => {
            let action = key("page_unreached_action").text();
            new(None, key("page_unreached").text(), Some(action))
        }
        LoadError::Unreached(Some(reply)) => {
            let reason = Text::of_family("reply", &reply);
            let sentence = key("page_unreached_because").with("reason", reason);
            new(
                Some(reply),
                sentence,
                Some(Text::of_family("reply_action", &reply)),
            )
        }
    })
}
