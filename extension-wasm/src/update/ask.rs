//! Requests to the host: each is sent once, with a number, and waits for its answer.

use super::effect::Effect;
use super::state::{Asked, Host, State};
use meter_wire::{Request, RequestEnvelope};

/// Most requests without an answer on one connection; chosen arbitrarily, enough for a person who
/// clicks fast. A host that leaves so many open counts as silent.
pub(super) const ASKED_MAX: usize = 32;

/// Sends a request, if there is a connection.
pub(super) fn ask(state: &mut State, asked: Asked, request: Request, effects: &mut Vec<Effect>) {
    let Host::Linked(link) = &mut state.host else {
        return;
    };
    if link.asked.len() >= ASKED_MAX {
        return;
    }
    state.last_request = state.last_request.wrapping_add(1);
    let id = state.last_request;
    link.asked.push((id, asked));
    effects.push(Effect::Send(
        link.connection,
        RequestEnvelope { id, request },
    ));
}

/// Like [`ask`], unless the same question still waits for its answer.
pub(super) fn ask_once(
    state: &mut State,
    asked: Asked,
    request: Request,
    effects: &mut Vec<Effect>,
) {
    let is_open = match &state.host {
        Host::Linked(link) => link.asked.iter().any(|(_, open)| *open == asked),
        Host::Idle | Host::Gone(_) => true,
    };
    if !is_open {
        ask(state, asked, request, effects);
    }
}

/// Asks for the host's status. The answer must include every report that was verified by now.
pub(super) fn ask_status(state: &mut State, effects: &mut Vec<Effect>) {
    let known = Asked::Status(state.reports.sequence());
    ask_once(state, known, Request::Status, effects);
}

/// Removes and returns the request that an answer belongs to.
pub(super) fn take_asked(state: &mut State, id: u32) -> Option<Asked> {
    let Host::Linked(link) = &mut state.host else {
        return None;
    };
    let index = link.asked.iter().position(|(asked, _)| *asked == id)?;
    Some(link.asked.swap_remove(index).1)
}
