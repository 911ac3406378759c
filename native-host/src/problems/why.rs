//! Why something failed: the word for an error of the system or of Tor.

use meter_tor::{FileFault, TorProblem, UplinkError};
use meter_wire::Why;
use std::io::ErrorKind;

/// The word for an error of the system; `None` where only its own text says it.
pub(super) const fn of_system(kind: ErrorKind) -> Option<Why> {
    Some(match kind {
        ErrorKind::PermissionDenied => Why::Denied,
        ErrorKind::NotFound => Why::NotThere,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Why::DiskFull,
        ErrorKind::ReadOnlyFilesystem => Why::DiskReadOnly,
        ErrorKind::FileTooLarge => Why::FileTooLarge,
        _ => return None,
    })
}

/// The word for what is wrong with Tor. A missing program of bridges is named by the caller.
pub(super) const fn of_tor(problem: &TorProblem) -> Option<Why> {
    Some(match problem {
        TorProblem::NotBuiltIn => Why::TorNotBuiltIn,
        TorProblem::ProgramUnsafe => Why::TorProgramUnsafe,
        TorProblem::SpawnFailed { .. } => Why::TorNotStarted,
        TorProblem::ExitedAtStart { .. } => Why::TorEndedAtStart,
        TorProblem::Exited { .. } => Why::TorEnded,
        TorProblem::StartTimedOut { .. } => Why::TorNotAnswering,
        TorProblem::BadOption { .. } => Why::TorOption,
        TorProblem::DataDirLocked => Why::TorFolderInUse,
        TorProblem::SocketPathTooLong { .. } => Why::TorPathTooLong,
        TorProblem::NotLoopback => Why::TorNotLocal,
        TorProblem::NoSocksPort => Why::TorNoSocks,
        TorProblem::DetourNeedsOwnTor => Why::OwnTorNeeded,
        TorProblem::TwoDetours => Why::OneWay,
        TorProblem::ShadowsocksRefused(UplinkError::File(fault)) => return of_file(*fault),
        _ => return None,
    })
}

const fn of_file(fault: FileFault) -> Option<Why> {
    Some(match fault {
        FileFault::Missing => Why::NotThere,
        FileFault::NotAFile => Why::NotAFile,
        FileFault::OtherOwner => Why::OfAnotherUser,
        FileFault::OpenToOthers { .. } => Why::OpenToOthers,
        FileFault::TooLong => Why::FileTooLong,
        FileFault::NotText => Why::NotText,
        FileFault::Io(kind) => return of_system(kind),
        FileFault::NoMoreFiles => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems;
    use meter_tor::ServerFault;

    #[test]
    fn what_only_its_own_text_says_has_no_word() {
        assert_eq!(of_system(ErrorKind::Interrupted), None);
        assert_eq!(of_tor(&TorProblem::Missing), None);
    }

    #[test]
    fn what_is_wrong_with_a_shadowsocks_file_is_a_word() {
        for (error, cause) in [
            (UplinkError::File(FileFault::Missing), Some("not_there")),
            (
                UplinkError::File(FileFault::OpenToOthers { mode: 0o644 }),
                Some("open_to_others"),
            ),
            (
                UplinkError::File(FileFault::Io(ErrorKind::PermissionDenied)),
                Some("denied"),
            ),
            (UplinkError::File(FileFault::NoMoreFiles), None),
            (UplinkError::Server(ServerFault::Port), Some("server_port")),
            (
                UplinkError::Server(ServerFault::Option("prefix")),
                Some("server_option prefix"),
            ),
            (UplinkError::Server(ServerFault::Document("x")), None),
        ] {
            let problem = problems::tor(&TorProblem::ShadowsocksRefused(error));
            assert_eq!(problem.cause.as_deref(), cause, "{error}");
        }
    }
}
