//! Starting the embedded Tor without its damaged state: the offer, and the question before it is
//! done.

use super::button::Button;
use super::help::Help;
use super::problem::Problem;
use crate::text::{Key, key};
use crate::update::{Intent, State};
use meter_wire::ErrorCode;

/// What helps against the damaged state. `None` where the host has to be told in a terminal.
pub(super) fn help(state: &State, code: ErrorCode) -> Option<Help> {
    let offered = code == ErrorCode::TorStateDamaged && state.host_sets_state_aside();
    offered.then(|| match state.anew_asked {
        true => Help::button(key("start_anew_yes"), Intent::TorAnewSure).hint(QUESTION),
        false => Help::button(key("start_anew"), Intent::TorAnew).hint(OFFER),
    })
}

/// The way back from the question.
pub(super) fn cancel(problem: Option<&Problem>) -> Option<Button> {
    let is_asked = problem?.button.intent == Intent::TorAnewSure;
    is_asked.then_some(Button {
        label: key("leave_as_is"),
        intent: Intent::Cancel,
    })
}

const OFFER: Key = key("anew_offer");

const QUESTION: Key = key("anew_question");
