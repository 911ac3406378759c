//! Why a ledger's answer is missing.

use meter_wire::ledger::{LedgerCode, LedgerProblem};

/// Why there is no answer that can be used. `E` is the error of the dialer. No variant holds the
/// ledger's address or anything of the request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ClientError<E: std::error::Error + 'static> {
    /// There is no connection.
    #[error(transparent)]
    Dial(E),
    /// The whole answer was not there in time.
    #[error("the ledger did not answer in time")]
    TimedOut,
    /// The connection ended before the whole answer was there.
    #[error("the connection to the ledger ended before its answer was complete")]
    Broken,
    /// The bytes are not HTTP/1.1 in the form that a ledger uses, or their head does not end within
    /// 16 KiB.
    #[error("what answers at this address does not speak HTTP as a ledger does")]
    NotHttp,
    /// The body of the answer is too large.
    #[error("the answer is larger than any answer of a ledger")]
    TooLarge,
    /// The answer points to another address. It is never followed.
    #[error("the answer points to another address (status {0}); a ledger never does that")]
    Redirect(u16),
    /// The ledger says no, and why.
    #[error("{}", .problem.error.message)]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The ledger's code and sentence.
        problem: LedgerProblem,
        /// Seconds after which the ledger may be asked again; at most 3,600.
        retry_after_s: Option<u32>,
    },
    /// The answer is HTTP, but none of a ledger.
    #[error("the answer is not that of a ledger (status {0})")]
    NotALedger(u16),
    /// The request was not signed, so it was not sent.
    #[error("the request could not be signed with this device's key")]
    NotSigned,
}

impl<E: std::error::Error + 'static> ClientError<E> {
    /// The ledger's code, if the ledger itself refused.
    #[must_use]
    pub const fn code(&self) -> Option<LedgerCode> {
        match self {
            Self::Refused { problem, .. } => Some(problem.error.code),
            Self::Dial(_)
            | Self::TimedOut
            | Self::Broken
            | Self::NotHttp
            | Self::TooLarge
            | Self::Redirect(_)
            | Self::NotALedger(_)
            | Self::NotSigned => None,
        }
    }
}
