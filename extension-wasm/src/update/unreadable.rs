//! What the host said and nobody could read: a message of a later version, or garbage.

use super::ask::take_asked;
use super::connection::lose;
use super::effect::Effect;
use super::state::{Asked, Failure, Host, State};
use super::witness;
use meter_wire::{ErrorCode, Problem};
use serde_json::Value;

/// Looks for what the message was meant to be. Where it was to tell the state of things, that state
/// is unknown from now on; nothing else changes.
pub(super) fn on_frame(state: &mut State, json: &str, effects: &mut Vec<Effect>) {
    let message: Value = serde_json::from_str(json).unwrap_or_default();
    if message["notice"].get("status").is_some() {
        return forget_status(state, Problem::new(ErrorCode::HostUnreadable));
    }
    let id = message["reply"]["id"].as_u64();
    let id = id.and_then(|id| u32::try_from(id).ok());
    if let Some(asked) = id.and_then(|id| take_asked(state, id)) {
        on_answer(state, asked, effects);
    }
}

/// The answer to a question is no answer to it.
pub(super) fn on_answer(state: &mut State, asked: Asked, effects: &mut Vec<Effect>) {
    let problem = Problem::new(ErrorCode::HostUnreadable);
    match asked {
        Asked::Hello => lose(state, Failure::Unreadable, effects),
        Asked::Status(_) => forget_status(state, problem),
        Asked::Reports(_) => state.book.refused = true,
        Asked::Command | Asked::NewIdentity | Asked::NewCircuit(_) => state.told = Some(problem),
        Asked::Witness(number) | Asked::WitnessSeen { number, .. } => {
            witness::on_refused(state, number, &problem, effects);
        }
        // The status says what came of it.
        Asked::Restore | Asked::Circuit(_) | Asked::Ping => {}
    }
}

/// Whatever the last status said, it is out of date, and why no other one is known is told in its
/// place.
pub(super) fn forget_status(state: &mut State, problem: Problem) {
    if let Host::Linked(link) = &mut state.host {
        link.status = None;
        link.problem = Some(problem);
    }
    state.glimpse = None;
}
