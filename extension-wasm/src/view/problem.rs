//! What is wrong, in one sentence, with one button.

use super::{Button, pages, witness};
use crate::proxy_value::Engine;
use crate::update::{Failure, Host, Intent, State};
use meter_wire::{ErrorCode, RelayStatus, Status, TorBackend, TorState};
use serde::Serialize;

/// What is wrong.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// For tests and reports: the code's name, or the extension's own.
    pub name: Name,
    /// The sentence.
    pub sentence: String,
    /// How to help, where a button alone cannot.
    pub hint: Option<&'static str>,
    /// A command to type, where that is what helps.
    pub command: Option<&'static str>,
    /// What exactly, in the host's words.
    pub detail: Option<String>,
    /// The one thing to do. The popup shows it as the view's action.
    #[serde(skip)]
    pub button: Button,
}

/// Names a problem.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Name {
    /// One that the protocol knows.
    Code(ErrorCode),
    /// One that only a browser can see.
    Own(Own),
}

/// Problems that only a browser can see.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// A request went out past the proxy.
    Bypassed,
    /// The host's balance is not the sum of the verified reports.
    BalanceDiffers,
    /// Tabs are open whose pages loaded before protection began.
    OldPages,
}

/// The most important thing that is wrong.
#[must_use]
pub fn problem(state: &State) -> Option<Problem> {
    if state.bypassed {
        return Some(bypassed());
    }
    if let Some(failure) = state.failure() {
        let code = failure.code();
        let missing = matches!(code, ErrorCode::HostNotInstalled | ErrorCode::HostForbidden);
        if missing || state.proxy.trouble.is_none() || !state.wanted {
            return Some(host_gone(state, failure));
        }
    }
    if let Some(code) = state.proxy.trouble.filter(|_| state.wanted) {
        return Some(of_code(state, code, None, None));
    }
    let way = witness::trouble(state).map(|(code, detail)| of_code(state, code, None, detail));
    // That pages may go past Tor comes before what keeps Tor from working, and the rest after it.
    if witness::is_exposed(state) && way.is_some() {
        return way;
    }
    said_by_host(state)
        .map(|said| of_code(state, said.code, Some(&said.message), said.detail.clone()))
        .or_else(|| port_refused(state))
        .or(way)
        .or_else(|| {
            state
                .report_refused()
                .then(|| of_code(state, ErrorCode::ReportRefused, None, None))
        })
        .or_else(|| pages::old_pages(state))
        .or_else(|| state.balance_differs().then(balance_differs))
}

/// Tor comes back mostly by itself, and nobody has to do anything. By then it has tried for some seconds.
const ATTEMPTS_UNTOLD: u32 = 3;

fn said_by_host(state: &State) -> Option<&meter_wire::Problem> {
    let link = match &state.host {
        Host::Linked(link) => link.problem.as_ref(),
        Host::Idle | Host::Gone(_) => None,
    };
    let status = state.status();
    let relay = status.and_then(|status| match &status.relay {
        RelayStatus::Failed(problem) => Some(problem),
        RelayStatus::Stopped | RelayStatus::Listening { .. } => None,
    });
    let tor = status.and_then(|status| match &status.tor.state {
        TorState::Failed(problem) => Some(problem),
        TorState::Restarting {
            attempt, problem, ..
        } => (*attempt >= ATTEMPTS_UNTOLD).then_some(problem),
        TorState::Off
        | TorState::Starting
        | TorState::Bootstrapping { .. }
        | TorState::Ready
        | TorState::Stopping => None,
    });
    let trouble = status.and_then(standing_trouble);
    link.or(state.told.as_ref())
        .or_else(|| status.and_then(|status| status.problem.as_ref()))
        .or(relay)
        .or(tor)
        .or(trouble)
}

/// What keeps a running Tor from being of use, once waiting alone is no good advice. Advice about
/// one that works stands in its own row.
fn standing_trouble(status: &Status) -> Option<&meter_wire::Problem> {
    let trouble = status
        .tor
        .trouble
        .as_ref()
        .filter(|trouble| trouble.hinders())?;
    let stands = status.tor.state == TorState::Ready || trouble.stands();
    stands.then_some(&trouble.problem)
}

fn port_refused(state: &State) -> Option<Problem> {
    state
        .is_port_refused()
        .then(|| of_code(state, ErrorCode::RelayPortRefused, None, None))
}

fn host_gone(state: &State, failure: &Failure) -> Problem {
    let (message, detail) = match failure {
        Failure::Told(said) => (Some(said.message.as_str()), said.detail.clone()),
        _ => (None, None),
    };
    let mut problem = of_code(state, failure.code(), message, detail);
    // The code's sentence promises that traffic is blocked. That is true only while our proxy
    // setting is in force.
    if failure.code() == ErrorCode::HostStopped && state.route_port().is_none() {
        problem.sentence = "The Onionmeter program stopped.".to_owned();
    }
    problem
}

fn of_code(
    state: &State,
    code: ErrorCode,
    message: Option<&str>,
    detail: Option<String>,
) -> Problem {
    let help = match is_theirs_to_mend(state, code) {
        true => Help::button("Check again", Intent::Reconnect).action(code),
        false => help(code, state.engine),
    };
    let sentence = match (code, message) {
        // A newer host knows better what its code means.
        (ErrorCode::Unknown, Some(message)) => message,
        (code, _) => code.sentence(),
    };
    Problem {
        name: Name::Code(code),
        sentence: sentence.to_owned(),
        hint: help.hint,
        command: help.command,
        detail,
        button: Button {
            label: help.label,
            intent: help.intent,
        },
    }
}

/// Nobody but its owner restarts a Tor that runs without us (`tor_not_ours`).
fn is_theirs_to_mend(state: &State, code: ErrorCode) -> bool {
    let backend = state.status().and_then(|status| status.tor.backend);
    code.tor_action().is_some() && backend == Some(TorBackend::Existing)
}

struct Help {
    hint: Option<&'static str>,
    command: Option<&'static str>,
    label: &'static str,
    intent: Intent,
}

impl Help {
    const fn button(label: &'static str, intent: Intent) -> Self {
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

    /// The sentence that the other faces of the program give with this code.
    fn action(self, code: ErrorCode) -> Self {
        Self {
            hint: code.tor_action(),
            ..self
        }
    }

    const fn hint(self, hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }
}

const IN_TERMINAL: &str = "In a terminal, run";

/// Where the program has to be reached anew.
const fn help_reaching(command: &'static str) -> Help {
    Help::button("Check again", Intent::Reconnect).command(IN_TERMINAL, command)
}

fn help(code: ErrorCode, engine: Engine) -> Help {
    use ErrorCode as E;
    match code {
        E::BadRequest
        | E::UnknownRequest
        | E::UnsupportedProtocol
        | E::HelloFirst
        | E::Busy
        | E::BadThresholds
        | E::Internal
        | E::Unknown => Help::button("Try again", Intent::Reconnect),
        E::HomeUnusable | E::KeyRefused | E::KeyMissing => look_at_the_house_again(IN_DOCTOR),
        E::BookDamaged | E::BookUnwritable | E::BookNewer => look_at_the_house_again(IN_DOCTOR),
        E::BookBehind | E::BookForked => look_at_the_house_again(NEW_CHAIN),
        E::BookBusy | E::BookMoved | E::DiskFull | E::DiskReadOnly => look_at_the_house_again(None),
        E::ConfigInvalid | E::DaemonUnreachable | E::DaemonPlaceTaken => {
            help_reaching("onionmeter doctor")
        }
        E::DaemonSilent => help_reaching("onionmeter stop --force"),
        E::DaemonFull => Help::button("Check again", Intent::Reconnect),
        E::PortTaken | E::RelayFailed | E::RelayUnguarded => {
            Help::button("Try again", Intent::MonitorStart)
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
        E::ShadowsocksDown
        | E::ShadowsocksUnreachable
        | E::ShadowsocksSilent
        | E::TorOffline
        | E::TorBlocked
        | E::TorRefused
        | E::TorClockWrong
        | E::TorStalled
        | E::TorSilent => Help::button("Restart Tor", Intent::TorStart).action(code),
        E::TorTooOld => Help::button("OK", Intent::Dismiss).action(code),
        E::TorNotOurs | E::IdentityTooSoon | E::CircuitTooSoon | E::BadSite => {
            Help::button("OK", Intent::Dismiss)
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
    }
}

/// Where to type what.
type Typed = Option<(&'static str, &'static str)>;

const IN_DOCTOR: Typed = Some((IN_TERMINAL, "onionmeter doctor"));
const NEW_CHAIN: Typed = Some((
    "To begin a new chain and keep the old book, run",
    "onionmeter new-chain",
));

/// Starting makes the daemon look at key and book again; a daemon that is gone is called.
const fn look_at_the_house_again(typed: Typed) -> Help {
    let help = Help::button("Check again", Intent::MonitorStart);
    match typed {
        Some((where_to, command)) => help.command(where_to, command),
        None => help,
    }
}

/// A command mends it, and then the host is called again.
const fn again_after(command: &'static str) -> Help {
    Help::button("Try again", Intent::Reconnect).command(IN_TERMINAL, command)
}

/// Firefox opens its list of extensions for nobody.
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

/// Only a person can say which of the other extensions it is.
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

fn bypassed() -> Problem {
    Problem {
        name: Name::Own(Own::Bypassed),
        sentence: "A request went out directly, past Tor.".to_owned(),
        hint: Some("Restart the browser. If this comes back, please report it."),
        command: None,
        detail: None,
        button: Button {
            label: "I have seen it",
            intent: Intent::Dismiss,
        },
    }
}

fn balance_differs() -> Problem {
    Problem {
        name: Name::Own(Own::BalanceDiffers),
        sentence: "The program's balance is not the sum of the reports verified here.".to_owned(),
        hint: Some("Only verified reports are shown."),
        command: None,
        detail: None,
        button: Button {
            label: "Check again",
            intent: Intent::CheckReports,
        },
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
                // Protection is turned off by the switch alone, never by a way out of trouble.
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
