//! The reasons why there is no connection to the host.

use meter_wire::{ErrorCode, Problem};

/// The reason why there is no connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HostError {
    /// The browser does not know the host.
    NotInstalled,
    /// The host's manifest does not allow this extension.
    Forbidden,
    /// The host could not be started, or it ended.
    Stopped,
    /// The host runs but does not answer.
    Silent,
    /// The host's answer to hello cannot be read.
    Unreadable,
    /// The host sent more than can be processed.
    Flooding,
    /// The host reported the reason itself.
    Reported(Problem),
}

impl HostError {
    /// The error code of this reason.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotInstalled => ErrorCode::HostNotInstalled,
            Self::Forbidden => ErrorCode::HostForbidden,
            Self::Stopped => ErrorCode::HostStopped,
            Self::Silent => ErrorCode::HostSilent,
            Self::Unreadable => ErrorCode::HostUnreadable,
            Self::Flooding => ErrorCode::HostFlooding,
            Self::Reported(problem) => problem.code,
        }
    }
}
