//! What leaves for a ledger and what comes back, as values; and the state of sending, in words of
//! messages.

use super::membership::Ledger;
use crate::ledger_link::code_of;
use meter_core::{ChainId, ChainState, KeyChange, Signed};
use meter_outbox::{Answer, Batch, Failure, Outbox, SendingState, Stop};
use meter_wire::{ErrorCode, Problem, Sending};

/// The outbox of the chain in use.
pub(super) struct Outgoing {
    pub(super) outbox: Outbox,
    pub(super) ledger: Ledger,
    pub(super) chain: ChainId,
    /// What the outbox was told last.
    pub(super) sequence: u64,
    pub(super) is_reachable: bool,
}

/// A question for a ledger, or reports.
pub(crate) struct Errand {
    pub(crate) ledger: Ledger,
    pub(crate) what: What,
}

pub(crate) enum What {
    AskChain(ChainId),
    AskKeys,
    Send(Batch),
}

/// What came of it.
pub(crate) enum Found {
    Chain(Box<Signed<ChainState>>),
    Keys(Vec<Signed<KeyChange>>),
    Answered(Batch, Vec<Answer>),
    UnknownDevice,
    Failed {
        failure: Failure,
        retry_after_s: Option<u32>,
    },
}

/// The state for clients. Numbers that change every second are rounded, so that they wake no
/// client.
pub(super) fn sending(state: &SendingState) -> Sending {
    match state {
        SendingState::Idle => Sending::Idle,
        SendingState::Waiting { in_ms } => Sending::Waiting {
            in_s: tens(in_ms.div_ceil(10_000)),
        },
        SendingState::Sending | SendingState::NewChain(_) => Sending::Sending,
        SendingState::NoTor => Sending::NoTor,
        SendingState::Trouble { since_ms, failure } => Sending::Trouble {
            since_s: tens(since_ms / 10_000),
            problem: Problem::new(code_of(*failure)),
        },
        SendingState::Stopped(stop) => Sending::Stopped(stopped(stop)),
    }
}

fn tens(count: u64) -> u32 {
    u32::try_from(count.saturating_mul(10)).unwrap_or(u32::MAX)
}

fn stopped(stop: &Stop) -> Problem {
    match stop {
        Stop::Contradiction(kind) => {
            let detail = format!("kind of contradiction: {}", kind.name());
            Problem::with_detail(ErrorCode::LedgerContradicts, detail)
        }
        Stop::Refused { sequence, code } => {
            let detail = format!("report {sequence}: {code}");
            Problem::with_detail(ErrorCode::LedgerRefused, detail)
        }
        Stop::UnknownDevice => Problem::new(ErrorCode::LedgerUnknownDevice),
    }
}
