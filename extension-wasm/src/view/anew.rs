//! Starting the embedded Tor without its damaged state: the offer, and the question before it is
//! done.

use super::button::Button;
use super::help::Help;
use super::problem::Problem;
use crate::update::{Intent, State};
use meter_wire::ErrorCode;

/// What helps against the damaged state. `None` where the host has to be told in a terminal.
pub(super) fn help(state: &State, code: ErrorCode) -> Option<Help> {
    let offered = code == ErrorCode::TorStateDamaged && state.host_sets_state_aside();
    offered.then(|| match state.anew_asked {
        true => Help::button("Yes, start anew", Intent::TorAnewSure).hint(QUESTION),
        false => Help::button("Start anew", Intent::TorAnew).hint(OFFER),
    })
}

/// The way back from the question.
pub(super) fn cancel(problem: Option<&Problem>) -> Option<Button> {
    let is_asked = problem?.button.intent == Intent::TorAnewSure;
    is_asked.then_some(Button {
        label: "Leave it as it is",
        intent: Intent::Cancel,
    })
}

const OFFER: &str = "If you have a copy of that file, put it back and start Tor. If not, start \
     anew without the old state, which holds the guards that Tor has chosen.";

const QUESTION: &str = "Start without the old state? Tor then chooses new guards. The old state is \
     kept in a folder beside it.";
