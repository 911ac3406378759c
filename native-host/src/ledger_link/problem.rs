//! Why a ledger did not answer, as a person reads it and as the outbox weighs it.

use super::ClientError;
use meter_outbox::SendError;
use meter_tor::LedgerDialError;
use meter_wire::{ErrorCode, Problem, ledger::LedgerCode};

/// The problem of a person who asked for something.
pub(crate) fn failed(error: &ClientError) -> Problem {
    let code = match error {
        ClientError::Refused { .. } if is_busy(error) => ErrorCode::LedgerBusy,
        ClientError::Refused { problem, .. } if problem.error.code == LedgerCode::UnknownDevice => {
            ErrorCode::LedgerUnknownDevice
        }
        ClientError::Refused { problem, .. } if problem.error.code == LedgerCode::Removed => {
            // The sentence of the code says everything.
            return Problem::new(ErrorCode::LedgerRemoved);
        }
        ClientError::Refused { .. } => ErrorCode::LedgerDeclined,
        ClientError::NotSigned => ErrorCode::Internal,
        ClientError::TimedOut => return Problem::new(ErrorCode::LedgerSilent),
        other => code_of(failure(other)),
    };
    Problem::with_detail(code, error.to_string())
}

/// The same for the outbox.
pub(crate) fn failure(error: &ClientError) -> SendError {
    match error {
        ClientError::Dial(error) => match error {
            LedgerDialError::NoTor | LedgerDialError::TorBroken | LedgerDialError::NotAllowed => {
                SendError::NoTor
            }
            LedgerDialError::NotFound => SendError::NotFound,
            LedgerDialError::TimedOut => SendError::TimedOut,
            LedgerDialError::NotRunning
            | LedgerDialError::Down
            | LedgerDialError::Refused
            | LedgerDialError::ClosedService
            | LedgerDialError::Unreachable => SendError::Unreachable,
        },
        ClientError::TimedOut => SendError::TimedOut,
        ClientError::Broken => SendError::Unreachable,
        ClientError::NotHttp
        | ClientError::TooLarge
        | ClientError::Redirect(_)
        | ClientError::NotALedger(_) => SendError::Unreadable,
        ClientError::Refused { .. } if is_busy(error) => SendError::Busy,
        ClientError::Refused { .. } | ClientError::NotSigned => SendError::Declined,
    }
}

/// The code for a person of what the outbox met.
const fn code_of(failure: SendError) -> ErrorCode {
    match failure {
        SendError::NoTor => ErrorCode::LedgerNoTor,
        SendError::NotFound => ErrorCode::LedgerNotFound,
        SendError::Unreachable => ErrorCode::LedgerUnreachable,
        SendError::TimedOut => ErrorCode::LedgerSilent,
        SendError::Busy => ErrorCode::LedgerBusy,
        SendError::Unreadable | SendError::Unsigned => ErrorCode::LedgerUnreadable,
        SendError::OtherLedger => ErrorCode::LedgerChanged,
        SendError::Declined | SendError::Conflict => ErrorCode::LedgerDeclined,
        SendError::Disk => ErrorCode::ReceiptsUnwritable,
    }
}

/// The problem for a person of what the outbox met.
pub(crate) fn problem_of(failure: SendError) -> Problem {
    let code = code_of(failure);
    let detail = match failure {
        SendError::Unsigned => "an answer was not signed by the ledger's key; nothing of it counts",
        SendError::Conflict => "it says that these reports do not follow those that it has",
        SendError::Declined => "it does not take the request itself",
        SendError::NoTor
        | SendError::NotFound
        | SendError::Unreachable
        | SendError::TimedOut
        | SendError::Busy
        | SendError::Unreadable
        | SendError::OtherLedger
        | SendError::Disk => return Problem::new(code),
    };
    Problem::with_detail(code, detail.to_owned())
}

/// When the ledger wants to be asked again.
pub(crate) const fn retry_after_s(error: &ClientError) -> Option<u32> {
    match error {
        ClientError::Refused { retry_after_s, .. } => *retry_after_s,
        _ => None,
    }
}

fn is_busy(error: &ClientError) -> bool {
    let busy = [
        LedgerCode::TooMany,
        LedgerCode::Busy,
        LedgerCode::Store,
        LedgerCode::Internal,
    ];
    error.code().is_some_and(|code| busy.contains(&code))
}
