//! Exit statuses: each number with its name in JSON and its meaning. Numbers from 64 to 78 are
//! those of sysexits.h, 3 is the status of `systemctl status` for a unit that does not run, and 124
//! is that of timeout(1).

use crate::{EXIT_BUG, EXIT_CANNOT_WRITE, EXIT_DATA, EXIT_NO_DAEMON, EXIT_UNAVAILABLE, EXIT_USAGE};
use meter_wire::ErrorCode;

/// A check found a problem.
pub(super) const CHECK: u8 = 1;
/// No daemon runs.
pub(super) const NOT_RUNNING: u8 = 3;
/// `install` found nothing to register with.
pub(super) const NO_BROWSER: u8 = 4;
/// The book is empty.
pub(super) const NO_REPORTS: u8 = 5;
/// The daemon cannot be started or does not answer.
pub(super) const NO_ANSWER: u8 = EXIT_NO_DAEMON;
/// A file that is not there or cannot be read.
pub(super) const NO_INPUT: u8 = 66;
/// The relay could not open its port.
pub(super) const RELAY: u8 = 71;
/// A folder or file of Onionmeter cannot be written.
pub(super) const CANNOT_WRITE: u8 = EXIT_CANNOT_WRITE;
/// stdout cannot be written.
pub(super) const OUTPUT: u8 = 74;
/// Possible again in a moment.
pub(super) const TOO_SOON: u8 = 75;
/// Two versions do not understand each other.
pub(super) const PROTOCOL: u8 = 76;
/// Onionmeter may not do it.
pub(super) const REFUSED: u8 = 77;
/// A mistake in `config.toml`.
pub(super) const CONFIG: u8 = 78;
/// The time limit of `--timeout` has passed.
pub(super) const TIMED_OUT: u8 = 124;

/// Number, name in JSON, meaning.
pub(super) const ALL: &[(u8, &str, &str)] = &[
    (0, "done", "what was asked for is done, or was so already"),
    (
        CHECK,
        "check_failed",
        "`doctor`, `status --check`, `harden` or `unharden` found something that is not as it \
            should be",
    ),
    (NOT_RUNNING, "not_running", "the daemon does not run"),
    (
        NO_BROWSER,
        "no_browser",
        "`install` found no browser to register with",
    ),
    (
        NO_REPORTS,
        "no_reports",
        "there are no reports yet, or none that `reports --since` asks for",
    ),
    (
        NO_ANSWER,
        "daemon_unreachable",
        "the daemon cannot be started, or runs and does not answer",
    ),
    (
        EXIT_USAGE,
        "usage",
        "wrong usage: an unknown command or option, or a value outside its limits",
    ),
    (
        EXIT_DATA,
        "data",
        "a file does not hold up: reports that do not verify, a damaged book, a key that is not \
            safe",
    ),
    (
        NO_INPUT,
        "no_input",
        "a file that was to be read is not there or cannot be read",
    ),
    (
        EXIT_UNAVAILABLE,
        "unavailable",
        "Tor is not installed, did not start or cannot connect; the ledger cannot be reached; a \
            browser, the daemon or the HTTP server cannot be started; or the system gives no more \
            open files or memory",
    ),
    (
        EXIT_BUG,
        "internal",
        "a mistake of Onionmeter itself; please report it",
    ),
    (
        RELAY,
        "relay_failed",
        "the relay could not start, for example because its port is taken",
    ),
    (
        CANNOT_WRITE,
        "cannot_write",
        "Onionmeter's folder, its book or its settings cannot be written",
    ),
    (
        OUTPUT,
        "output",
        "the output could not be written (a reader that has read enough is not an error)",
    ),
    (
        TOO_SOON,
        "too_soon",
        "too soon, too often, or another one is at work; possible again in a few seconds",
    ),
    (
        PROTOCOL,
        "protocol",
        "this program and the daemon that runs do not understand each other: `onionmeter stop`, \
            then try again",
    ),
    (
        REFUSED,
        "refused",
        "not ours to do, for example to stop a Tor that somebody else started; or this device is \
            not enrolled with a ledger, is enrolled already, or the ledger declines",
    ),
    (
        CONFIG,
        "config_invalid",
        "config.toml has a mistake or cannot be read",
    ),
    (
        TIMED_OUT,
        "timed_out",
        "the time given with --timeout is over",
    ),
];

/// The name of a status in JSON.
pub(super) fn name(code: u8) -> &'static str {
    let row = ALL.iter().find(|(number, ..)| *number == code);
    row.map_or("internal", |(_, name, _)| name)
}

/// The meaning of a status.
pub(super) fn meaning(code: u8) -> &'static str {
    let row = ALL.iter().find(|(number, ..)| *number == code);
    row.map_or("", |(.., meaning)| meaning)
}

/// The status for an error of the daemon.
pub(super) const fn of_problem(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::BadThresholds
        | ErrorCode::SettingRefused
        | ErrorCode::BadSite
        | ErrorCode::LedgerAddress
        | ErrorCode::LedgerBadCode => EXIT_USAGE,
        ErrorCode::ConfigInvalid => CONFIG,
        ErrorCode::HomeUnusable
        | ErrorCode::SettingsUnwritable
        | ErrorCode::BookUnwritable
        | ErrorCode::DiskFull
        | ErrorCode::DiskReadOnly
        | ErrorCode::DiskSilent
        | ErrorCode::ReceiptsUnwritable => CANNOT_WRITE,
        ErrorCode::KeyRefused
        | ErrorCode::KeyMissing
        | ErrorCode::BookDamaged
        | ErrorCode::BookNewer
        | ErrorCode::BookOther
        | ErrorCode::BookBehind
        | ErrorCode::BookForked
        | ErrorCode::BookMoved
        | ErrorCode::LedgerContradicts
        | ErrorCode::LedgerRefused
        | ErrorCode::ReceiptsDamaged
        | ErrorCode::ReceiptsNewer => EXIT_DATA,
        ErrorCode::Busy
        | ErrorCode::SettingsBusy
        | ErrorCode::BookBusy
        | ErrorCode::IdentityTooSoon
        | ErrorCode::CircuitTooSoon => TOO_SOON,
        ErrorCode::BadRequest
        | ErrorCode::UnknownRequest
        | ErrorCode::UnsupportedProtocol
        | ErrorCode::HelloFirst
        | ErrorCode::Unknown => PROTOCOL,
        ErrorCode::PortTaken | ErrorCode::RelayFailed | ErrorCode::RelayUnguarded => RELAY,
        ErrorCode::DaemonUnreachable
        | ErrorCode::DaemonSilent
        | ErrorCode::DaemonFull
        | ErrorCode::DaemonPlaceTaken => NO_ANSWER,
        ErrorCode::TorNotOurs
        | ErrorCode::SettingByCommand
        | ErrorCode::LedgerNone
        | ErrorCode::LedgerEnrolled
        | ErrorCode::LedgerOtherKey
        | ErrorCode::LedgerRemoved
        | ErrorCode::LedgerUnknownDevice
        | ErrorCode::LedgerChanged
        | ErrorCode::LedgerDeclined => REFUSED,
        ErrorCode::Internal => EXIT_BUG,
        // The rest are codes of Tor, of a ledger that cannot be reached, or of the extension, which
        // no command gets.
        _ => EXIT_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_status_has_a_number_and_a_name_of_its_own() {
        let numbers: BTreeSet<_> = ALL.iter().map(|(number, ..)| number).collect();
        let names: BTreeSet<_> = ALL.iter().map(|(_, name, _)| name).collect();
        assert_eq!((numbers.len(), names.len()), (ALL.len(), ALL.len()));
    }

    #[test]
    fn every_error_of_the_daemon_has_a_status_of_the_list() {
        for code in ErrorCode::ALL {
            let status = of_problem(*code);
            assert!(
                status != 0 && !meaning(status).is_empty(),
                "{code:?}: {status}"
            );
        }
    }

    #[test]
    fn what_can_be_tried_again_is_told_apart_from_what_is_broken() {
        assert_eq!(of_problem(ErrorCode::IdentityTooSoon), TOO_SOON);
        assert_eq!(of_problem(ErrorCode::ConfigInvalid), CONFIG);
        assert_eq!(of_problem(ErrorCode::TorNotOurs), REFUSED);
        assert_eq!(of_problem(ErrorCode::LedgerUnknownDevice), REFUSED);
        assert_eq!(of_problem(ErrorCode::TorMissing), EXIT_UNAVAILABLE);
        assert_eq!(of_problem(ErrorCode::DaemonUnreachable), NO_ANSWER);
    }
}
