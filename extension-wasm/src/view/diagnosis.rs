//! Finds the most important problem.

use super::button::Button;
use super::cause::exactly;
use super::help::{Help, Hint, again_after, help};
use super::problem::{Name, Own, Problem, sentence};
use super::{anew, pages, windows, witness};
use crate::proxy_value::Windows;
use crate::text::{Text, key};
use crate::update::{Host, HostError, Intent, State};
use meter_core::Backend;
use meter_wire::{ErrorCode, RelayStatus, Status, TorState};

/// The most important problem.
#[must_use]
pub fn problem(state: &State) -> Option<Problem> {
    if state.bypassed {
        return Some(bypassed());
    }
    if let Some(error) = state.host_error() {
        let code = error.code();
        let missing = matches!(code, ErrorCode::HostNotInstalled | ErrorCode::HostForbidden);
        if missing || state.proxy.trouble.is_none() || !state.wanted {
            return Some(host_gone(state, error));
        }
    }
    if let Some(code) = state.proxy.trouble.filter(|_| state.wanted) {
        let refused = windows::not_allowed(state, code);
        return refused.or_else(|| Some(of_code(state, code, None, None)));
    }
    let way = witness::trouble(state).map(|(code, detail)| of_code(state, code, None, detail));
    // The problem that pages may bypass Tor comes before problems of Tor; the rest comes after
    // them.
    if witness::is_exposed(state) && way.is_some() {
        return way;
    }
    said_by_host(state)
        .map(|said| of_code(state, said.code, Some(&said.message), exactly(said)))
        .or_else(|| port_refused(state))
        .or(way)
        .or_else(|| state.proxy.privacy_refused.then(privacy_refused))
        .or_else(|| {
            state
                .report_refused()
                .then(|| of_code(state, ErrorCode::ReportRefused, None, None))
        })
        .or_else(|| pages::old_pages(state))
        .or_else(|| state.balance_differs().then(balance_differs))
}

/// Tor usually recovers without help, and a person need not act. After this many attempts it has
/// tried for some seconds.
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
    link.or(state.refusal.as_ref())
        .or_else(|| status.and_then(|status| status.problem.as_ref()))
        .or(relay)
        .or(tor)
        .or(trouble)
}

/// The trouble of a running Tor, once waiting alone does not help. Advice about a Tor that works
/// has its own row.
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

fn host_gone(state: &State, error: &HostError) -> Problem {
    let (message, detail) = match error {
        HostError::Reported(said) => (Some(said.message.as_str()), exactly(said)),
        _ => (None, None),
    };
    let mut problem = of_code(state, error.code(), message, detail);
    // The sentence of the code promises that traffic is blocked.
    if error.code() == ErrorCode::HostStopped && !is_all_blocked(state) {
        problem.sentence = key("host_stopped_only").text();
    }
    problem
}

/// Whether no page of this browser can be connected past Tor while the relay is gone: our proxy
/// setting is in force in every window, and no page loaded before it was.
fn is_all_blocked(state: &State) -> bool {
    let is_set = state.route_port().is_some() && windows::uncovered(state).is_none();
    // Only the tabs of the windows that the person chose were looked at.
    is_set && state.windows == Windows::All && state.pages.are_clear()
}

fn of_code(state: &State, code: ErrorCode, message: Option<&str>, detail: Option<Text>) -> Problem {
    let help = match anew::help(state, code) {
        Some(help) => help,
        None if is_theirs_to_mend(state, code) => {
            Help::button(key("check_again"), Intent::Reconnect).action(code)
        }
        // What ends at once each time is not mended by one more start.
        None if code == ErrorCode::HostStopped && state.fails_again() => {
            again_after("onionmeter doctor")
        }
        None => help(code, state.family),
    };
    Problem {
        name: Name::Code(code),
        sentence: sentence(code, message),
        hint: help.hint.map(Hint::text),
        command: help.command,
        detail,
        button: Button {
            label: help.label,
            intent: help.intent,
        },
    }
}

/// Only its owner can restart a Tor that was not started by us (`tor_not_ours`).
fn is_theirs_to_mend(state: &State, code: ErrorCode) -> bool {
    let backend = state.status().and_then(|status| status.tor.backend);
    code.tor_action().is_some() && backend == Some(Backend::Existing.into())
}

fn bypassed() -> Problem {
    Problem {
        name: Name::Own(Own::Bypassed),
        sentence: key("problem_bypassed").text(),
        hint: Some(key("problem_bypassed_hint").text()),
        command: None,
        detail: None,
        button: Button {
            label: key("i_have_seen_it"),
            intent: Intent::Dismiss,
        },
    }
}

fn privacy_refused() -> Problem {
    Problem {
        name: Name::Own(Own::PrivacyRefused),
        sentence: key("problem_privacy").text(),
        hint: Some(key("problem_privacy_hint").text()),
        command: None,
        detail: None,
        button: Button {
            label: key("check_again"),
            intent: Intent::CheckProxy,
        },
    }
}

fn balance_differs() -> Problem {
    Problem {
        name: Name::Own(Own::BalanceDiffers),
        sentence: key("problem_balance").text(),
        hint: Some(key("problem_balance_hint").text()),
        command: None,
        detail: None,
        button: Button {
            label: key("check_again"),
            intent: Intent::CheckReports,
        },
    }
}
