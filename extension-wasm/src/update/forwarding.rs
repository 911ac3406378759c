//! Questions of this extension's own pages: they are passed on to the host, and the
//! answers to them. What the extension itself decides never depends on an answer.

use super::ask::{ask, ask_status};
use super::effect::Effect;
use super::event::SubscriberId;
use super::host_error::HostError;
use super::question::Question;
use super::state::{Asked, Host, State};
use meter_wire::{ErrorCode, FRAME_IN_MAX, Outcome, Problem, Reply, Success, write_json};

/// Most questions without an answer. A page asks one after the other; a request that a ledger
/// answers may take minutes.
const QUESTIONS_MAX: usize = 8;

/// Longest question, in bytes of JSON: its frame then fits [`FRAME_IN_MAX`], beyond which the host
/// ends the connection.
const QUESTION_BYTES_MAX: usize = FRAME_IN_MAX - 1_024;

/// Passes a question on, or answers at once that it cannot be.
pub(super) fn on_question(
    state: &mut State,
    from: SubscriberId,
    question: Question,
    effects: &mut Vec<Effect>,
) {
    let number = question.number;
    if write_json(&question.ask).len() > QUESTION_BYTES_MAX {
        let problem = Problem::new(ErrorCode::SettingRefused).caused_by("too_long");
        effects.push(answer(from, number, &problem));
        return;
    }
    let before = state.last_request;
    if may_answer(state) && state.questions.len() < QUESTIONS_MAX {
        ask(state, Asked::Question, question.ask, effects);
    }
    let id = state.last_request;
    match id == before {
        true => effects.push(unanswered(state, from, number)),
        false => drop(state.questions.insert(id, (from, number))),
    }
}

/// Gives the host's answer to the page that asked, as it came.
pub(super) fn on_answer(state: &mut State, reply: &Reply, frame: &str, effects: &mut Vec<Effect>) {
    let asked = reply.id.and_then(|id| state.questions.remove(&id));
    let Some((to, number)) = asked else {
        return;
    };
    effects.push(Effect::Answer {
        to,
        number,
        frame: frame.to_owned(),
    });
    let success = match &reply.outcome {
        Outcome::Ok(success) => success,
        Outcome::Error(_) => return,
    };
    if matches!(success, Success::Done | Success::LedgerEnrolled(_)) {
        ask_status(state, effects);
    }
}

/// Answers the questions that the host will not answer any more, because their connection ended or
/// their answer could not be read.
pub(super) fn settle(state: &mut State, effects: &mut Vec<Effect>) {
    let is_open = |id: &u32| match &state.host {
        Host::Linked(link) => link.asked.iter().any(|(asked, _)| asked == id),
        Host::Idle | Host::Gone(_) => false,
    };
    let mut lost = Vec::new();
    state.questions.retain(|id, asked| {
        let is_open = is_open(id);
        if !is_open {
            lost.push(*asked);
        }
        is_open
    });
    for (from, number) in lost {
        effects.push(unanswered(state, from, number));
    }
}

/// Forgets the questions of a page that has closed.
pub(super) fn forget(state: &mut State, page: SubscriberId) {
    state.questions.retain(|_, (from, _)| *from != page);
}

/// Whether the host is there, or is just being greeted: what is asked now reaches it behind hello.
/// A page that lost its worker asks the next one before the host has said anything to that.
const fn may_answer(state: &State) -> bool {
    matches!(&state.host, Host::Linked(link) if link.problem.is_none())
}

fn unanswered(state: &State, to: SubscriberId, number: u32) -> Effect {
    let code = match &state.host {
        Host::Linked(link) => link.problem.as_ref().map(|problem| problem.code),
        Host::Idle | Host::Gone(_) => state.host_error().map(HostError::code),
    };
    let problem = Problem::new(code.unwrap_or(ErrorCode::HostUnreadable));
    answer(to, number, &problem)
}

fn answer(to: SubscriberId, number: u32, problem: &Problem) -> Effect {
    let problem = write_json(problem);
    Effect::Answer {
        to,
        number,
        frame: format!("{{\"reply\":{{\"id\":null,\"error\":{problem}}}}}"),
    }
}
