//! The help for each problem: a button, and a hint or a command if the button is not enough.

use crate::proxy_value::BrowserFamily;
use crate::text::{Key, Text, key};
use crate::update::Intent;
use meter_wire::ErrorCode;

/// The help for a problem.
pub(super) struct Help {
    pub(super) hint: Option<Hint>,
    pub(super) command: Option<&'static str>,
    pub(super) label: Key,
    pub(super) intent: Intent,
}

/// A sentence beside the button.
#[derive(Clone, Copy)]
pub(super) enum Hint {
    /// One of ours.
    Own(Key),
    /// The one that belongs to this code.
    Action(ErrorCode),
}

impl Hint {
    pub(super) fn text(self) -> Text {
        match self {
            Self::Own(key) => key.text(),
            Self::Action(code) => Text::of_family("action", &code),
        }
    }
}

impl Help {
    pub(super) const fn button(label: Key, intent: Intent) -> Self {
        Self {
            hint: None,
            command: None,
            label,
            intent,
        }
    }

    const fn command(self, hint: Key, command: &'static str) -> Self {
        Self {
            hint: Some(Hint::Own(hint)),
            command: Some(command),
            ..self
        }
    }

    /// Adds the sentence that command line and messages use with this code.
    pub(super) fn action(self, code: ErrorCode) -> Self {
        Self {
            hint: code.tor_action().map(|_| Hint::Action(code)),
            ..self
        }
    }

    pub(super) const fn hint(self, hint: Key) -> Self {
        Self {
            hint: Some(Hint::Own(hint)),
            ..self
        }
    }
}

const IN_TERMINAL: Key = key("help_in_terminal");

/// Help when the program must be reached again.
const fn help_reaching(command: &'static str) -> Help {
    Help::button(key("check_again"), Intent::Reconnect).command(IN_TERMINAL, command)
}

/// The help for this problem.
pub(super) fn help(code: ErrorCode, family: BrowserFamily) -> Help {
    use ErrorCode as E;
    match code {
        E::BadRequest | E::UnknownRequest | E::UnsupportedProtocol | E::HelloFirst => AGAIN,
        E::Busy | E::BadThresholds | E::Internal | E::Unknown => AGAIN,
        E::SettingRefused | E::SettingByCommand | E::SettingsUnwritable | E::SettingsBusy => OK,
        E::HomeUnusable | E::KeyRefused | E::KeyMissing => check_home_again(IN_DOCTOR),
        E::BookDamaged | E::BookUnwritable => check_home_again(IN_DOCTOR),
        E::BookNewer | E::BookOther => check_home_again(IN_DOCTOR),
        E::ReceiptsDamaged | E::ReceiptsUnwritable => check_home_again(IN_DOCTOR),
        E::ReceiptsNewer => check_home_again(IN_DOCTOR),
        E::BookBehind | E::BookForked => check_home_again(NEW_CHAIN),
        E::BookBusy | E::BookMoved | E::DiskFull | E::DiskReadOnly => check_home_again(None),
        E::DiskSilent | E::TooManyFiles => check_home_again(None),
        E::ConfigInvalid | E::DaemonUnreachable | E::DaemonPlaceTaken => {
            help_reaching("onionmeter doctor")
        }
        E::DaemonSilent => help_reaching("onionmeter stop --force"),
        E::DaemonFull => Help::button(key("check_again"), Intent::Reconnect),
        E::PortTaken | E::RelayFailed | E::RelayUnguarded => {
            Help::button(key("try_again"), Intent::RelayStart)
        }
        E::TorMissing => Help::button(key("try_again"), Intent::TorStart)
            .command(key("help_install_tor"), "sudo apt install tor"),
        E::TorStartFailed | E::TorCrashLoop | E::TorAlreadyRunning => START,
        E::TorFolderUnusable | E::ShadowsocksRefused => {
            Help::button(key("start_tor"), Intent::TorStart)
                .command(IN_TERMINAL, "onionmeter doctor")
        }
        E::TorStateDamaged => Help::button(key("start_tor"), Intent::TorStart)
            .command(key("help_tor_anew"), "onionmeter tor anew"),
        E::TorNotRunning => {
            Help::button(key("look_again"), Intent::TorStart).hint(key("help_start_or_choose"))
        }
        E::NotTor | E::TorSocketUnsafe | E::TorControlRefused => {
            Help::button(key("look_again"), Intent::TorStart).hint(key("help_choose_tor"))
        }
        E::BridgeProgramMissing => Help::button(key("start_tor"), Intent::TorStart)
            .command(key("help_install_obfs4"), "sudo apt install obfs4proxy"),
        E::ShadowsocksDown | E::ShadowsocksUnreachable | E::ShadowsocksSilent => restart(code),
        E::TorOffline | E::TorBlocked | E::TorRefused | E::TorClockWrong => restart(code),
        E::TorStalled | E::TorSilent => restart(code),
        E::TorTooOld => Help::button(key("ok"), Intent::Dismiss).action(code),
        E::TorNotOurs | E::TorStateSound | E::IdentityTooSoon | E::CircuitTooSoon | E::BadSite => {
            OK
        }
        E::HostNotInstalled | E::HostForbidden => again_after("onionmeter install"),
        E::HostStopped => Help::button(key("restart"), Intent::Reconnect),
        E::HostSilent | E::WitnessUnknown => again_after("onionmeter stop"),
        E::HostUnreadable => {
            Help::button(key("try_again"), Intent::Reconnect).hint(key("help_install_newer"))
        }
        E::HostFlooding | E::RelayPortRefused => again_after("onionmeter doctor"),
        E::ProxyControlledByOther => other_extension(family),
        E::ProxyNotControllable | E::ProxyRefused => {
            Help::button(key("check_again"), Intent::CheckProxy)
        }
        E::PrivateWindowsNotAllowed => {
            Help::button(key("check_again"), Intent::CheckProxy).hint(key("help_allow_private"))
        }
        E::WitnessLost | E::ProxyOverridden => elsewhere(family),
        E::ConnectionsFull => FULL,
        E::ReportRefused => Help::button(key("check_again"), Intent::CheckReports),
        E::LedgerNoTor => START,
        E::LedgerNone | E::LedgerEnrolled | E::LedgerAddress | E::LedgerOtherKey => OK,
        E::LedgerNotFound | E::LedgerUnreachable | E::LedgerSilent | E::LedgerBusy => OK,
        E::LedgerUnreadable | E::LedgerDeclined | E::LedgerUnknownDevice => OK,
        E::LedgerBadCode | E::LedgerRemoved | E::LedgerChanged => OK,
        E::LedgerRefused | E::LedgerContradicts => OK,
    }
}

const AGAIN: Help = Help::button(key("try_again"), Intent::Reconnect);

fn restart(code: ErrorCode) -> Help {
    Help::button(key("restart_tor"), Intent::TorStart).action(code)
}

const OK: Help = Help::button(key("ok"), Intent::Dismiss);

/// A command, with the place to type it.
type Typed = Option<(Key, &'static str)>;

const IN_DOCTOR: Typed = Some((IN_TERMINAL, "onionmeter doctor"));
const NEW_CHAIN: Typed = Some((key("help_new_chain"), "onionmeter new-chain"));

/// Starting makes the daemon check key and book again. If there is no daemon, it is started.
const fn check_home_again(typed: Typed) -> Help {
    let help = Help::button(key("check_again"), Intent::RelayStart);
    match typed {
        Some((where_to, command)) => help.command(where_to, command),
        None => help,
    }
}

/// A command repairs it; then the host is called again.
pub(super) const fn again_after(command: &'static str) -> Help {
    Help::button(key("try_again"), Intent::Reconnect).command(IN_TERMINAL, command)
}

/// Firefox lets no extension open its list of extensions.
const fn other_extension(family: BrowserFamily) -> Help {
    match family {
        BrowserFamily::Chromium => Help::button(key("show_extensions"), Intent::OpenExtensions)
            .hint(key("help_other_chromium")),
        BrowserFamily::Gecko => {
            Help::button(key("check_again"), Intent::CheckProxy).hint(key("help_other_firefox"))
        }
    }
}

const START: Help = Help::button(key("start_tor"), Intent::TorStart);

const FULL: Help = Help::button(key("check_again"), Intent::CheckProxy).hint(key("help_full"));

/// Only a person can tell which of the other extensions it is.
const fn elsewhere(family: BrowserFamily) -> Help {
    let help = Help::button(key("check_again"), Intent::CheckProxy);
    match family {
        BrowserFamily::Chromium => help.hint(key("help_elsewhere_chromium")),
        BrowserFamily::Gecko => help.hint(key("help_elsewhere_firefox")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_button_in_both_browsers() {
        for family in [BrowserFamily::Chromium, BrowserFamily::Gecko] {
            for code in ErrorCode::ALL {
                let help = help(*code, family);
                assert!(help.command.is_none() || help.hint.is_some(), "{code:?}");
                // Only the switch turns protection off; the help for a problem never does.
                assert_ne!(help.intent, Intent::TurnOff, "{code:?}");
            }
        }
    }

    #[test]
    fn firefox_is_never_asked_to_open_its_extensions() {
        for code in ErrorCode::ALL {
            assert_ne!(
                help(*code, BrowserFamily::Gecko).intent,
                Intent::OpenExtensions
            );
        }
    }
}
