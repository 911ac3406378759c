//! Why something failed, as a word of a closed set: pages say it in the person's language.

use meter_tor::TorProblem;
use std::io::ErrorKind;

/// Every word. The extension has the same list, with a message for each.
#[cfg(test)]
const WHY: [&str; 18] = [
    "denied",
    "not_there",
    "disk_full",
    "disk_read_only",
    "file_too_large",
    "tor_not_built_in",
    "tor_program_unsafe",
    "tor_not_started",
    "tor_ended_at_start",
    "tor_ended",
    "tor_not_answering",
    "tor_option",
    "tor_folder_in_use",
    "tor_path_too_long",
    "tor_not_local",
    "tor_no_socks",
    "own_tor_needed",
    "one_way",
];

/// The word for an error of the system; `None` where only its own text says it.
pub(super) const fn of_system(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::PermissionDenied => "denied",
        ErrorKind::NotFound => "not_there",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "disk_full",
        ErrorKind::ReadOnlyFilesystem => "disk_read_only",
        ErrorKind::FileTooLarge => "file_too_large",
        _ => return None,
    })
}

/// The word for what is wrong with Tor. A missing program of bridges is named by the caller.
pub(super) const fn of_tor(problem: &TorProblem) -> Option<&'static str> {
    Some(match problem {
        TorProblem::NotBuiltIn => "tor_not_built_in",
        TorProblem::ProgramUnsafe => "tor_program_unsafe",
        TorProblem::SpawnFailed { .. } => "tor_not_started",
        TorProblem::ExitedAtStart { .. } => "tor_ended_at_start",
        TorProblem::Exited { .. } => "tor_ended",
        TorProblem::StartTimedOut { .. } => "tor_not_answering",
        TorProblem::BadOption { .. } => "tor_option",
        TorProblem::DataDirLocked => "tor_folder_in_use",
        TorProblem::SocketPathTooLong { .. } => "tor_path_too_long",
        TorProblem::NotLoopback => "tor_not_local",
        TorProblem::NoSocksPort => "tor_no_socks",
        TorProblem::DetourNeedsOwnTor => "own_tor_needed",
        TorProblem::TwoDetours => "one_way",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_on_the_list() {
        let kinds = [
            ErrorKind::PermissionDenied,
            ErrorKind::NotFound,
            ErrorKind::StorageFull,
            ErrorKind::ReadOnlyFilesystem,
            ErrorKind::FileTooLarge,
        ];
        let problems = [
            TorProblem::NotBuiltIn,
            TorProblem::ProgramUnsafe,
            TorProblem::StartTimedOut { log: Vec::new() },
            TorProblem::BadOption { log: Vec::new() },
            TorProblem::DataDirLocked,
            TorProblem::NotLoopback,
            TorProblem::NoSocksPort,
            TorProblem::DetourNeedsOwnTor,
            TorProblem::TwoDetours,
        ];
        let words = kinds.into_iter().map(of_system);
        for word in words.chain(problems.iter().map(of_tor)) {
            assert!(WHY.contains(&word.expect("a word")), "{word:?}");
        }
        assert_eq!(of_system(ErrorKind::Interrupted), None);
        assert_eq!(of_tor(&TorProblem::Missing), None);
    }
}
