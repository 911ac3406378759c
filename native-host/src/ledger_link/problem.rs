//! Why a ledger did not answer, as a person reads it and as the outbox weighs it.

use super::ClientError;
use meter_outbox::Failure;
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
pub(crate) fn failure(error: &ClientError) -> Failure {
    match error {
        ClientError::Dial(error) => match error {
            LedgerDialError::NoTor | LedgerDialError::TorBroken | LedgerDialError::NotAllowed => {
                Failure::NoTor
            }
            LedgerDialError::NotFound => Failure::NotFound,
            LedgerDialError::TimedOut => Failure::TimedOut,
            LedgerDialError::NotRunning
            | LedgerDialError::Down
            | LedgerDialError::Refused
            | LedgerDialError::ClosedService
            | LedgerDialError::Unreachable => Failure::Unreachable,
        },
        ClientError::TimedOut => Failure::TimedOut,
        ClientError::Broken => Failure::Unreachable,
        ClientError::NotHttp
        | ClientError::TooLarge
        | ClientError::Redirect(_)
        | ClientError::NotALedger(_) => Failure::Unreadable,
        ClientError::Refused { .. } if is_busy(error) => Failure::Busy,
        ClientError::Refused { .. } | ClientError::NotSigned => Failure::Declined,
    }
}

/// The code for a person of what the outbox met.
pub(crate) const fn code_of(failure: Failure) -> ErrorCode {
    match failure {
        Failure::NoTor => ErrorCode::LedgerNoTor,
        Failure::NotFound => ErrorCode::LedgerNotFound,
        Failure::Unreachable => ErrorCode::LedgerUnreachable,
        Failure::TimedOut => ErrorCode::LedgerSilent,
        Failure::Busy => ErrorCode::LedgerBusy,
        Failure::Unreadable => ErrorCode::LedgerUnreadable,
        Failure::OtherLedger => ErrorCode::LedgerChanged,
        Failure::Declined | Failure::Conflict => ErrorCode::LedgerDeclined,
        Failure::Disk => ErrorCode::ReceiptsUnwritable,
    }
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
