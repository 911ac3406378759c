//! Converts errors of the parts to what a person can do about them.

mod limits;
mod record;
mod why;
mod words;

pub(crate) use limits::{check_files, check_files_of_command, check_threads, no_more_processes};
pub(crate) use record::{last_signed, record};

use self::words::{last_lines, last_words, says_everything, usual_program};
use crate::{config::ConfigError, home::HomeError, key::KeyError};
use meter_ledger::{BookError, DiskFault, FileError, ReceiptsError};
use meter_relay::RelayError;
use meter_tor::{ControlRefusal, FileFault, FolderFault, TorProblem, UplinkError, no_more_files};
use meter_wire::{ErrorCode, Problem};
use std::{
    error::Error,
    io::{self, ErrorKind},
    iter,
    path::Path,
};

/// An error with its sources, once each, for a detail.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn problem(code: ErrorCode, error: &(dyn Error + 'static)) -> Problem {
    too_many_files(error).unwrap_or_else(|| {
        let is_limit = system_error(error).is_some_and(|cause| {
            // What its code says of the disk is then not the cause.
            cause.kind() == ErrorKind::FileTooLarge
        });
        let limit = "; a limit of the system (`ulimit -f`), not the disk, refuses larger files";
        let detail = chain(error) + if is_limit { limit } else { "" };
        let problem = Problem::with_detail(code, detail);
        because(problem, system_error(error))
    })
}

/// The same problem with the cause in a word, if the error of the system has one.
fn because(problem: Problem, error: Option<&io::Error>) -> Problem {
    match error.and_then(|error| why::of_system(error.kind())) {
        Some(why) => problem.caused_by(why.name()),
        None => problem,
    }
}

/// The problem if the cause of an error is that no more files may be opened. The error's own words
/// would blame a file that may be sound, and tell people to repair or remove it.
pub(crate) fn too_many_files(error: &(dyn Error + 'static)) -> Option<Problem> {
    let cause = system_error(error).filter(|cause| no_more_files(cause))?;
    let detail = cause.to_string();
    Some(Problem::with_detail(ErrorCode::TooManyFiles, detail))
}

/// The error of the system behind an error.
fn system_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let mut causes = iter::successors(Some(error), |&error| error.source());
    causes.find_map(|cause| cause.downcast_ref::<io::Error>())
}

/// A disk that accepts nothing, by the error of the system; `None` if that is of another kind.
pub(crate) const fn disk_of(kind: ErrorKind) -> Option<ErrorCode> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(ErrorCode::DiskFull),
        ErrorKind::ReadOnlyFilesystem => Some(ErrorCode::DiskReadOnly),
        _ => None,
    }
}

pub(crate) fn home(error: &HomeError) -> Problem {
    let disk = system_error(error).and_then(|cause| disk_of(cause.kind()));
    problem(disk.unwrap_or(ErrorCode::HomeUnusable), error)
}

/// Nothing can be written at `path`, where a daemon has to write.
pub(crate) fn unwritable(error: &io::Error, path: &Path) -> Problem {
    let detail = format!("{}: {error}", path.display());
    let code = disk_of(error.kind()).unwrap_or(ErrorCode::HomeUnusable);
    too_many_files(error)
        .unwrap_or_else(|| because(Problem::with_detail(code, detail), Some(error)))
}

pub(crate) fn config(error: &ConfigError) -> Problem {
    let code = match error {
        ConfigError::Write(..) => ErrorCode::SettingsUnwritable,
        ConfigError::Read(..)
        | ConfigError::Syntax { .. }
        | ConfigError::Value { .. }
        | ConfigError::Bridge { .. } => ErrorCode::ConfigInvalid,
    };
    problem(code, error)
}

pub(crate) fn key(error: &KeyError) -> Problem {
    let code = match error {
        KeyError::Missing(_) => ErrorCode::KeyMissing,
        KeyError::NotAFile(_)
        | KeyError::Owner { .. }
        | KeyError::Mode { .. }
        | KeyError::Size { .. }
        | KeyError::Io(..) => ErrorCode::KeyRefused,
        KeyError::Random(_) => ErrorCode::Internal,
    };
    problem(code, error)
}

/// The problem with the book at `path`. In doubt the disk is tested, so this must not run every
/// second.
pub(crate) fn book(error: &BookError, path: &Path) -> Problem {
    book_on(error, || error.disk_fault(path))
}

/// Like [`book`], if the fault of the disk is known already.
pub(crate) fn book_on(
    error: &BookError,
    disk_fault: impl FnOnce() -> Option<DiskFault>,
) -> Problem {
    let code = match error {
        BookError::File(error) => match error {
            FileError::Open { .. } | FileError::Disk { .. } | FileError::LogUnread { .. } => {
                disk(disk_fault())
            }
            FileError::NotAFileBeside { .. } => ErrorCode::BookUnwritable,
            FileError::Busy(_) => ErrorCode::BookBusy,
            FileError::Newer { .. } => ErrorCode::BookNewer,
            FileError::NotAFile { .. }
            | FileError::NotOurs { .. }
            | FileError::Empty { .. }
            | FileError::Damaged(_) => ErrorCode::BookDamaged,
            FileError::Bug(_) => ErrorCode::Internal,
        },
        BookError::Fork { .. } => ErrorCode::BookForked,
        BookError::Damaged(_) | BookError::OtherChain => ErrorCode::BookDamaged,
        BookError::NotNext(_) | BookError::Bug(_) => ErrorCode::Internal,
    };
    problem(code, error)
}

const fn disk(fault: Option<DiskFault>) -> ErrorCode {
    match fault {
        Some(DiskFault::Full) => ErrorCode::DiskFull,
        Some(DiskFault::ReadOnly) => ErrorCode::DiskReadOnly,
        Some(DiskFault::TooManyFiles) => ErrorCode::TooManyFiles,
        Some(DiskFault::Denied | DiskFault::Missing | DiskFault::Failing) | None => {
            ErrorCode::BookUnwritable
        }
    }
}

/// The problem with the receipts at `path`. In doubt the disk is tested, so this must not run every
/// second.
pub(crate) fn receipts(error: &ReceiptsError, path: &Path) -> Problem {
    let code = match error {
        ReceiptsError::File(FileError::Newer { .. }) => ErrorCode::ReceiptsNewer,
        ReceiptsError::File(
            FileError::NotAFile { .. } | FileError::NotOurs { .. } | FileError::Empty { .. },
        )
        | ReceiptsError::Damaged(_) => ErrorCode::ReceiptsDamaged,
        ReceiptsError::File(_) => match disk(error.disk_fault(path)) {
            ErrorCode::BookUnwritable => ErrorCode::ReceiptsUnwritable,
            code => code,
        },
        ReceiptsError::NotEnrolled => return Problem::new(ErrorCode::LedgerNone),
        ReceiptsError::Enrolled => return Problem::new(ErrorCode::LedgerEnrolled),
        ReceiptsError::NotAnswering { .. }
        | ReceiptsError::NotNext(_)
        | ReceiptsError::Second { .. }
        | ReceiptsError::Foreign
        | ReceiptsError::Key(_) => ErrorCode::LedgerContradicts,
        ReceiptsError::Ended | ReceiptsError::Bug(_) => ErrorCode::Internal,
    };
    problem(code, error)
}

pub(crate) fn relay(error: &RelayError) -> Problem {
    let code = match error {
        RelayError::Unguarded(_) => {
            let detail = format!("{}; {SERVE_UNIDENTIFIED}", chain(error));
            return Problem::with_detail(ErrorCode::RelayUnguarded, detail);
        }
        RelayError::PortTaken { .. } => ErrorCode::PortTaken,
        RelayError::NotLoopback | RelayError::Listen { .. } | RelayError::Accept(_) => {
            ErrorCode::RelayFailed
        }
    };
    match error {
        RelayError::PortTaken { port } => problem(code, error).caused_by(port.to_string()),
        _ => problem(code, error),
    }
}

/// The remedy for a computer with one user.
const SERVE_UNIDENTIFIED: &str = "where nobody else uses this computer, set \
    `relay.serve_unidentified = true` in config.toml, then `onionmeter monitor start`";

pub(crate) fn relay_gone(why: &str) -> Problem {
    Problem::with_detail(ErrorCode::RelayFailed, why)
}

pub(crate) fn shutting_down() -> Problem {
    Problem::with_detail(ErrorCode::DaemonUnreachable, "the daemon is ending")
}

/// The folder of the embedded Tor cannot be written to.
pub(crate) fn embedded_data(folder: &Path, error: &io::Error) -> Problem {
    let detail = format!("{}: {error}", folder.display());
    because(
        Problem::with_detail(ErrorCode::TorFolderUnusable, detail),
        Some(error),
    )
}

pub(crate) fn tor(error: &TorProblem) -> Problem {
    let code = match error {
        TorProblem::Missing | TorProblem::NotBuiltIn => ErrorCode::TorMissing,
        TorProblem::ProgramUnusable { why, .. } => words::of_program(*why),
        TorProblem::NoMoreFiles
        | TorProblem::DataDirUnusable(FolderFault::NoMoreFiles)
        | TorProblem::RunDirUnusable(FolderFault::NoMoreFiles)
        | TorProblem::ShadowsocksRefused(UplinkError::File(FileFault::NoMoreFiles)) => {
            ErrorCode::TooManyFiles
        }
        TorProblem::ProgramUnsafe
        | TorProblem::TransportUnsafe(..)
        | TorProblem::SpawnFailed { .. }
        | TorProblem::ExitedAtStart { .. }
        | TorProblem::Exited { .. }
        | TorProblem::StartTimedOut { .. }
        | TorProblem::BadOption { .. }
        | TorProblem::OptionNotAllowed { .. } => ErrorCode::TorStartFailed,
        TorProblem::CrashLoop { .. } => ErrorCode::TorCrashLoop,
        TorProblem::StateDamaged { .. } => ErrorCode::TorStateDamaged,
        TorProblem::DataDirUnusable(_)
        | TorProblem::OpenAbove { .. }
        | TorProblem::Inside { .. }
        | TorProblem::RunDirUnusable(_)
        | TorProblem::SocketPathTooLong { .. } => ErrorCode::TorFolderUnusable,
        TorProblem::DataDirLocked => ErrorCode::TorAlreadyRunning,
        TorProblem::NotRunning => ErrorCode::TorNotRunning,
        TorProblem::ControlLost | TorProblem::Stopped => ErrorCode::TorNotRunning,
        TorProblem::NotTor => ErrorCode::NotTor,
        TorProblem::NotLoopback => ErrorCode::NotTor,
        TorProblem::SocketUnsafe(_) => ErrorCode::TorSocketUnsafe,
        TorProblem::Silent | TorProblem::ControlRefused(ControlRefusal::Silent) => {
            ErrorCode::TorSilent
        }
        TorProblem::ControlRefused(_) | TorProblem::NoSocksPort => ErrorCode::TorControlRefused,
        TorProblem::DetourNeedsOwnTor
        | TorProblem::TwoDetours
        | TorProblem::BridgeWithoutFingerprint => ErrorCode::ConfigInvalid,
        TorProblem::TransportMissing(_) => ErrorCode::BridgeProgramMissing,
        TorProblem::ShadowsocksRefused(_) => ErrorCode::ShadowsocksRefused,
        TorProblem::ShadowsocksDown(_) => ErrorCode::ShadowsocksDown,
        TorProblem::ShadowsocksUnreachable => ErrorCode::ShadowsocksUnreachable,
        TorProblem::ShadowsocksSilent => ErrorCode::ShadowsocksSilent,
        TorProblem::Bug(_) => ErrorCode::Internal,
    };
    if says_everything(error) {
        return Problem::new(code);
    }
    let mut detail = chain(error);
    detail.push_str(words::remedy(error));
    let words = match code {
        // The reason is not certain, so a helper needs to see more than one line.
        ErrorCode::TorCrashLoop => last_lines(error.log()),
        _ => last_words(error.log()).map(str::to_owned),
    };
    if let Some(words) = words {
        detail.push_str("; Tor's last words: ");
        detail.push_str(&words);
    }
    let problem = Problem::with_detail(code, detail);
    match error {
        TorProblem::TransportMissing(transport) => problem.caused_by(usual_program(*transport)),
        TorProblem::ShadowsocksRefused(UplinkError::Server(fault)) => match fault.cause() {
            Some(cause) => problem.caused_by(cause),
            None => problem,
        },
        _ => match why::of_tor(error) {
            Some(why) => problem.caused_by(why.name()),
            None => problem,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_tor::Transport;

    #[test]
    fn a_missing_program_of_bridges_is_named() {
        let missing = tor(&TorProblem::TransportMissing(Transport::Snowflake));
        assert_eq!(missing.cause.as_deref(), Some("snowflake-client"));
        let locked = tor(&TorProblem::DataDirLocked);
        assert_eq!(locked.cause.as_deref(), Some("tor_folder_in_use"));
        let denied = io::Error::from(ErrorKind::PermissionDenied);
        let unwritable = unwritable(&denied, Path::new("/home"));
        assert_eq!(unwritable.cause.as_deref(), Some("denied"));
        let full = io::Error::from(ErrorKind::StorageFull);
        let unwritten = config(&ConfigError::Write("/home/config.toml".into(), full));
        assert_eq!(unwritten.code, ErrorCode::SettingsUnwritable);
    }
}
