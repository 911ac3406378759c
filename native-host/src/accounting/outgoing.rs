//! What leaves for a ledger and what comes back, as values; and the state of sending, in words of
//! messages.

use super::membership::Ledger;
use crate::ledger_link::problem_of;
use meter_core::{ChainHead, ChainId, ChainState, KeyChange, Policy, Signed};
use meter_outbox::{Answer, Batch, Outbox, SendError, SendingState, Stop};
use meter_tor::LedgerAddress;
use meter_wire::{ErrorCode, Problem, Sending};

/// The outbox of the chain in use.
pub(super) struct Outgoing {
    pub(super) outbox: Outbox,
    pub(super) address: LedgerAddress,
    pub(super) chain: ChainId,
    /// What the outbox was told last.
    pub(super) sequence: u64,
    pub(super) is_reachable: bool,
}

impl Outgoing {
    /// Whether it has nothing to do while the chain stands there and nothing changes.
    pub(super) fn rests(&self, head: &ChainHead, is_reachable: bool) -> bool {
        self.chain == head.chain
            && self.sequence == head.sequence
            && self.is_reachable == is_reachable
            && self.outbox.is_idle()
    }
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
    /// With the ledger's policy, if a receipt names one that is not stored.
    Answered(Batch, Vec<Answer>, Option<Box<Signed<Policy>>>),
    UnknownDevice,
    SignatureRefused,
    Failed {
        failure: SendError,
        retry_after_s: Option<u32>,
    },
}

/// The state for clients. Numbers that change every second are rounded, so that they wake no
/// client.
pub(super) fn sending(state: &SendingState) -> Sending {
    match state {
        SendingState::Idle => Sending::Idle,
        SendingState::Waiting { in_ms, failure } => Sending::Waiting {
            in_s: tens(in_ms.div_ceil(10_000)),
            problem: failure.map(problem_of),
        },
        SendingState::Sending | SendingState::NewChain(_) => Sending::Sending,
        SendingState::NoTor => Sending::NoTor,
        SendingState::Trouble { since_ms, failure } => Sending::Trouble {
            since_s: tens(since_ms / 10_000),
            problem: problem_of(*failure),
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
            Problem::with_detail(ErrorCode::LedgerContradicts, detail).caused_by(kind.name())
        }
        Stop::Refused { sequence, code } => {
            let detail = format!("report {sequence}: {code}");
            let cause = format!("{sequence} {code}");
            Problem::with_detail(ErrorCode::LedgerRefused, detail).caused_by(cause)
        }
        Stop::UnknownDevice => Problem::new(ErrorCode::LedgerUnknownDevice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_core::ContradictionKind;

    #[test]
    fn a_wait_is_told_in_steps_of_ten_seconds_so_that_it_wakes_no_client() {
        for (in_ms, in_s) in [(0, 0), (1, 10), (9_999, 10), (10_001, 20), (180_000, 180)] {
            let failure = None;
            let told = sending(&SendingState::Waiting { in_ms, failure });
            let problem = None;
            assert_eq!(told, Sending::Waiting { in_s, problem }, "{in_ms}");
        }
        let trouble = sending(&SendingState::Trouble {
            since_ms: 609_999,
            failure: SendError::NotFound,
        });
        let Sending::Trouble { since_s, problem } = trouble else {
            panic!("{trouble:?}");
        };
        assert_eq!((since_s, problem.code), (600, ErrorCode::LedgerNotFound));
    }

    #[test]
    fn a_failure_is_said_at_once_and_not_after_ten_minutes() {
        for (failure, code, detail) in [
            (SendError::Unreachable, ErrorCode::LedgerUnreachable, None),
            (
                SendError::Unsigned,
                ErrorCode::LedgerUnreadable,
                Some("an answer was not signed by the ledger's key; nothing of it counts"),
            ),
        ] {
            let failure = Some(failure);
            let told = sending(&SendingState::Waiting { in_ms: 1, failure });
            let Sending::Waiting { problem, .. } = &told else {
                panic!("{told:?}");
            };
            let problem = problem.as_ref().expect("the last try failed");
            assert_eq!((problem.code, problem.detail.as_deref()), (code, detail));
        }
    }

    #[test]
    fn what_has_stopped_says_why() {
        let contradiction = Stop::Contradiction(ContradictionKind::Second);
        let refused = Stop::Refused {
            sequence: 7,
            code: "chain-totals".to_owned(),
        };
        for (stop, code, detail, cause) in [
            (
                contradiction,
                ErrorCode::LedgerContradicts,
                Some("kind of contradiction: second"),
                Some("second"),
            ),
            (
                refused,
                ErrorCode::LedgerRefused,
                Some("report 7: chain-totals"),
                Some("7 chain-totals"),
            ),
            (
                Stop::UnknownDevice,
                ErrorCode::LedgerUnknownDevice,
                None,
                None,
            ),
        ] {
            let Sending::Stopped(problem) = sending(&SendingState::Stopped(stop)) else {
                panic!("{code:?}");
            };
            assert_eq!(problem.code, code);
            assert_eq!(problem.detail.as_deref(), detail);
            assert_eq!(problem.cause.as_deref(), cause);
        }
    }
}
