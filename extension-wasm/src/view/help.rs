//! The help for each problem: a button, and a hint or a command if the button is not enough.

use crate::proxy_value::Engine;
use crate::update::Intent;
use meter_wire::ErrorCode;

/// The help for a problem.
pub(super) struct Help {
    pub(super) hint: Option<&'static str>,
    pub(super) command: Option<&'static str>,
    pub(super) label: &'static str,
    pub(super) intent: Intent,
}

impl Help {
    pub(super) const fn button(label: &'static str, intent: Intent) -> Self {
        Self {
            hint: None,
            command: None,
            label,
            intent,
        }
    }

    const fn command(self, hint: &'static str, command: &'static str) -> Self {
        Self {
            hint: Some(hint),
            command: Some(command),
            ..self
        }
    }

    /// Adds the sentence that command line and messages use with this code.
    pub(super) fn action(self, code: ErrorCode) -> Self {
        Self {
            hint: code.tor_action(),
            ..self
        }
    }

    pub(super) const fn hint(self, hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }
}

const IN_TERMINAL: &str = "In a terminal, run";

/// Help when the program must be reached again.
const fn help_reaching(command: &'static str) -> Help {
    Help::button("Check again", Intent::Reconnect).command(IN_TERMINAL, command)
}

/// The help for this problem.
pub(super) fn help(code: ErrorCode, engine: Engine) -> Help {
    use ErrorCode as E;
    match code {
        E::BadRequest | E::UnknownRequest | E::UnsupportedProtocol | E::HelloFirst => AGAIN,
        E::Busy | E::BadThresholds | E::Internal | E::Unknown => AGAIN,
        E::SettingRefused | E::SettingByCommand | E::SettingsUnwritable => OK,
        E::HomeUnusable | E::KeyRefused | E::KeyMissing => look_at_the_house_again(IN_DOCTOR),
        E::BookDamaged | E::BookUnwritable => look_at_the_house_again(IN_DOCTOR),
        E::BookNewer | E::BookOther => look_at_the_house_again(IN_DOCTOR),
        E::ReceiptsDamaged | E::ReceiptsUnwritable => look_at_the_house_again(IN_DOCTOR),
        E::ReceiptsNewer => look_at_the_house_again(IN_DOCTOR),
        E::BookBehind | E::BookForked => look_at_the_house_again(NEW_CHAIN),
        E::BookBusy | E::BookMoved | E::DiskFull | E::DiskReadOnly => look_at_the_house_again(None),
        E::ConfigInvalid | E::DaemonUnreachable | E::DaemonPlaceTaken => {
            help_reaching("onionmeter doctor")
        }
        E::DaemonSilent => help_reaching("onionmeter stop --force"),
        E::DaemonFull => Help::button("Check again", Intent::Reconnect),
        E::PortTaken | E::RelayFailed | E::RelayUnguarded => {
            Help::button("Try again", Intent::RelayStart)
        }
        E::TorMissing => Help::button("Try again", Intent::TorStart)
            .command("On Debian and Ubuntu, run", "sudo apt install tor"),
        E::TorStartFailed | E::TorCrashLoop | E::TorAlreadyRunning => START,
        E::TorFolderUnusable | E::ShadowsocksRefused => {
            Help::button("Start Tor", Intent::TorStart).command(IN_TERMINAL, "onionmeter doctor")
        }
        E::TorStateDamaged => Help::button("Start Tor", Intent::TorStart)
            .command("To set it aside and start anew, run", "onionmeter tor anew"),
        E::TorNotRunning => Help::button("Look again", Intent::TorStart)
            .hint("Start it, or choose another Tor below."),
        E::NotTor | E::TorSocketUnsafe | E::TorControlRefused => {
            Help::button("Look again", Intent::TorStart).hint("Or choose another Tor below.")
        }
        E::BridgeProgramMissing => Help::button("Start Tor", Intent::TorStart).command(
            "For obfs4, on Debian and Ubuntu, run",
            "sudo apt install obfs4proxy",
        ),
        E::ShadowsocksDown | E::ShadowsocksUnreachable | E::ShadowsocksSilent => restart(code),
        E::TorOffline | E::TorBlocked | E::TorRefused | E::TorClockWrong => restart(code),
        E::TorStalled | E::TorSilent => restart(code),
        E::TorTooOld => Help::button("OK", Intent::Dismiss).action(code),
        E::TorNotOurs | E::TorStateSound | E::IdentityTooSoon | E::CircuitTooSoon | E::BadSite => {
            OK
        }
        E::HostNotInstalled | E::HostForbidden => again_after("onionmeter install"),
        E::HostStopped => Help::button("Restart", Intent::Reconnect),
        E::HostSilent | E::WitnessUnknown => again_after("onionmeter stop"),
        E::HostUnreadable => Help::button("Try again", Intent::Reconnect)
            .hint("Install the newer program and reload the extension."),
        E::HostFlooding | E::RelayPortRefused => again_after("onionmeter doctor"),
        E::ProxyControlledByOther => other_extension(engine),
        E::ProxyNotControllable | E::ProxyRefused => {
            Help::button("Check again", Intent::CheckProxy)
        }
        E::PrivateWindowsNotAllowed => Help::button("Check again", Intent::CheckProxy)
            .hint("Menu › Add-ons and themes › Onionmeter › Run in Private Windows › Allow."),
        E::WitnessLost | E::ProxyOverridden => elsewhere(engine),
        E::ConnectionsFull => FULL,
        E::ReportRefused => Help::button("Check again", Intent::CheckReports),
        E::LedgerNoTor => START,
        E::LedgerNone | E::LedgerEnrolled | E::LedgerAddress | E::LedgerOtherKey => OK,
        E::LedgerNotFound | E::LedgerUnreachable | E::LedgerSilent | E::LedgerBusy => OK,
        E::LedgerUnreadable | E::LedgerDeclined | E::LedgerUnknownDevice => OK,
        E::LedgerRefused | E::LedgerContradicts => OK,
    }
}

const AGAIN: Help = Help::button("Try again", Intent::Reconnect);

fn restart(code: ErrorCode) -> Help {
    Help::button("Restart Tor", Intent::TorStart).action(code)
}

const OK: Help = Help::button("OK", Intent::Dismiss);

/// A command, with the place to type it.
type Typed = Option<(&'static str, &'static str)>;

const IN_DOCTOR: Typed = Some((IN_TERMINAL, "onionmeter doctor"));
const NEW_CHAIN: Typed = Some((
    "To begin a new chain and keep the old book, run",
    "onionmeter new-chain",
));

/// Starting makes the daemon check key and book again. If there is no daemon, it is started.
const fn look_at_the_house_again(typed: Typed) -> Help {
    let help = Help::button("Check again", Intent::RelayStart);
    match typed {
        Some((where_to, command)) => help.command(where_to, command),
        None => help,
    }
}

/// A command repairs it; then the host is called again.
const fn again_after(command: &'static str) -> Help {
    Help::button("Try again", Intent::Reconnect).command(IN_TERMINAL, command)
}

/// Firefox lets no extension open its list of extensions.
const fn other_extension(engine: Engine) -> Help {
    match engine {
        Engine::Chromium => Help::button("Show extensions", Intent::OpenExtensions)
            .hint("Turn the other one off; Onionmeter takes over by itself."),
        Engine::Gecko => Help::button("Check again", Intent::CheckProxy)
            .hint("Menu › Add-ons and themes: turn the other one off."),
    }
}

const START: Help = Help::button("Start Tor", Intent::TorStart);

const FULL: Help = Help::button("Check again", Intent::CheckProxy)
    .hint("Close tabs that stream: video, music, chats, pages that update themselves.");

/// Only a person can tell which of the other extensions it is.
const fn elsewhere(engine: Engine) -> Help {
    let help = Help::button("Check again", Intent::CheckProxy);
    match engine {
        Engine::Chromium => {
            help.hint("Extensions page: turn off what sets a proxy or blocks requests.")
        }
        Engine::Gecko => {
            help.hint("Menu › Add-ons and themes: turn off what sets a proxy or blocks requests.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_button_in_both_browsers() {
        for engine in [Engine::Chromium, Engine::Gecko] {
            for code in ErrorCode::ALL {
                let help = help(*code, engine);
                assert!(!help.label.is_empty(), "{code:?}");
                assert!(help.command.is_none() || help.hint.is_some(), "{code:?}");
                // Only the switch turns protection off; the help for a problem never does.
                assert_ne!(help.intent, Intent::TurnOff, "{code:?}");
            }
        }
    }

    #[test]
    fn firefox_is_never_asked_to_open_its_extensions() {
        for code in ErrorCode::ALL {
            assert_ne!(help(*code, Engine::Gecko).intent, Intent::OpenExtensions);
        }
    }
}
