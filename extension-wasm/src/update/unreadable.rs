//! Messages of the host that cannot be read: from a later version, or broken.

use super::ask::take_asked;
use super::connection::lose;
use super::effect::Effect;
use super::host_error::HostError;
use super::receipts::ReceiptRefusal;
use super::state::{Asked, Host, State};
use super::witness;
use meter_wire::{ErrorCode, Problem};
use serde_json::Value;

/// Finds out what the message was meant to be. If it was a status, the status is unknown from now
/// on; nothing else changes.
pub(super) fn on_frame(state: &mut State, message: Option<&Value>, effects: &mut Vec<Effect>) {
    let problem = Problem::new(ErrorCode::HostUnreadable);
    let Some(message) = message else {
        // Lone surrogates, or hundreds of levels: it may have been a status.
        return match &state.host {
            Host::Linked(link) if !link.greeted => lose(state, HostError::Unreadable, effects),
            _ => forget_status(state, problem),
        };
    };
    if message["notice"].get("status").is_some() {
        return forget_status(state, problem);
    }
    let id = message["reply"]["id"].as_u64();
    let id = id.and_then(|id| u32::try_from(id).ok());
    if let Some(asked) = id.and_then(|id| take_asked(state, id)) {
        on_answer(state, asked, effects);
    }
}

/// Handles an answer of the wrong type.
pub(super) fn on_answer(state: &mut State, asked: Asked, effects: &mut Vec<Effect>) {
    let problem = Problem::new(ErrorCode::HostUnreadable);
    match asked {
        Asked::Hello => lose(state, HostError::Unreadable, effects),
        Asked::Status(_) => forget_status(state, problem),
        Asked::Reports(_) => state.reports.refused = true,
        Asked::Receipts => state.receipts.refused = Some(ReceiptRefusal::Invalid),
        Asked::Command | Asked::NewIdentity | Asked::NewCircuit(_) => state.refusal = Some(problem),
        Asked::Witness(number) | Asked::WitnessSeen { number, .. } => {
            witness::on_refused(state, number, &problem, effects);
        }
        // The status shows the result.
        Asked::Restore | Asked::Circuit(_) | Asked::Ping | Asked::Earlier(_) => {}
        // The page is told at the end of this event.
        Asked::Question => {}
        // The terminal says what to do where no page opens.
        Asked::LedgerPage => {}
    }
}

/// Drops the last status, which is out of date, and stores why there is no newer one.
pub(super) fn forget_status(state: &mut State, problem: Problem) {
    if let Host::Linked(link) = &mut state.host {
        link.status = None;
        link.problem = Some(problem);
    }
    state.last_known = None;
}
