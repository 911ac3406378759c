//! The state as one word and one sentence, and the action for it.

use super::button::Button;
use super::light::Light;
use super::problem::Problem;
use super::{pages, windows, witness};
use crate::proxy_value::Reading;
use crate::update::{Host, HostError, Intent, State};
use meter_wire::{ErrorCode, RelayStatus, Status, TorState};
use serde::Serialize;

/// The state as one word and one sentence.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Header {
    /// Shape and colour.
    pub state: Light,
    /// The word.
    pub word: &'static str,
    /// The sentence.
    pub sentence: String,
}

/// The reason why the state is not "Protected" yet.
pub(super) enum Blocker {
    /// It will pass without help.
    Passing(String),
    /// A person has to act.
    Standing(&'static str),
}

/// If `explained`, a problem beside the header says what is wrong, and the header only says what
/// follows from it.
pub(super) fn header(state: &State, explained: bool) -> Header {
    let (light, sentence) = if !state.wanted && state.floor() == Some(true) {
        let text = "This browser was opened by Onionmeter and loads nothing without it. \
            To browse without Tor start it as usual.";
        (Light::Blocked, text.to_owned())
    } else if !state.wanted {
        let text = "Sites see your address, and nothing is counted.";
        (Light::Off, text.to_owned())
    } else if state.is_protected() {
        let text = windows::words(state).through;
        (windows::light(state), text.to_owned())
    } else if state.is_routed() && has_old_pages(state) {
        (Light::Unprotected, pages::NEW_ONES_ARE_FINE.to_owned())
    } else {
        unfinished(state, explained)
    };
    Header {
        state: light,
        word: light.word(),
        sentence,
    }
}

fn unfinished(state: &State, explained: bool) -> (Light, String) {
    let closed = is_closed(state);
    if state.bypassed {
        let text = "Onionmeter cannot vouch for this browser's traffic.";
        return (Light::Unprotected, text.to_owned());
    }
    if let Some((light, text)) = witness::header(state) {
        return (light, text.to_owned());
    }
    match blocker(state) {
        Blocker::Passing(what) => {
            let meanwhile = match closed {
                true if has_old_pages(state) => pages::NEW_ONES_WAIT,
                true => windows::words(state).wait,
                false => "Nothing is protected yet.",
            };
            (Light::Connecting, format!("{what} {meanwhile}"))
        }
        Blocker::Standing(what) => {
            let (light, so) = match closed {
                // Another program answers on the port. Only this sentence is certain then.
                true if is_port_taken(state) => (Light::Blocked, "No page goes out directly."),
                true if has_old_pages(state) => (Light::Unprotected, pages::OLD_ONES_MAY_NOT_BE),
                true => (Light::Blocked, windows::words(state).blocked),
                false => (Light::Unprotected, windows::words(state).exposed),
            };
            let text = match explained {
                true => so.to_owned(),
                false => format!("{what} {so}"),
            };
            (light, text)
        }
    }
}

/// Whether the browser sends everything to our port, even if nothing listens there.
fn is_closed(state: &State) -> bool {
    match state.proxy.answer {
        Some(Ok(Reading::Ours { .. } | Reading::Wider { .. })) => true,
        Some(Ok(_) | Err(_)) => false,
        // Not asked yet: the settings from before the worker slept are still in force.
        None => state.applied_port.is_some(),
    }
}

fn has_old_pages(state: &State) -> bool {
    state.pages.count() > 0
}

fn is_port_taken(state: &State) -> bool {
    state.status().is_some_and(|status| match &status.relay {
        RelayStatus::Failed(problem) => problem.code == ErrorCode::PortTaken,
        RelayStatus::Stopped | RelayStatus::Listening { .. } => false,
    })
}

pub(super) fn blocker(state: &State) -> Blocker {
    if state.proxy.trouble.is_some() {
        return Blocker::Standing("Onionmeter does not control this browser's proxy.");
    }
    if let Some(error) = state.host_error() {
        return Blocker::Standing(match error {
            HostError::Silent => "The Onionmeter program does not answer.",
            HostError::Unreadable | HostError::Flooding => {
                "The Onionmeter program cannot be understood."
            }
            HostError::NotInstalled
            | HostError::Forbidden
            | HostError::Stopped
            | HostError::Reported(_) => "The Onionmeter program is not there.",
        });
    }
    let link = match &state.host {
        Host::Idle | Host::Gone(_) => None,
        Host::Linked(link) => Some(link),
    };
    if link.is_some_and(|link| link.problem.is_some()) {
        return Blocker::Standing("The Onionmeter program cannot work.");
    }
    if state.is_port_refused() {
        return Blocker::Standing("The relay's port cannot be right.");
    }
    match state.status() {
        None => Blocker::Passing("Calling the Onionmeter program.".to_owned()),
        Some(status) => host_blocker(status),
    }
}

fn host_blocker(status: &Status) -> Blocker {
    match &status.relay {
        RelayStatus::Stopped => return Blocker::Standing("The relay is stopped."),
        RelayStatus::Failed(_) => return Blocker::Standing("The relay could not start."),
        RelayStatus::Listening { .. } => {}
    }
    match &status.tor.state {
        TorState::Off => Blocker::Standing("Tor is not running."),
        TorState::Stopping => Blocker::Standing("Tor is stopping."),
        TorState::Failed(_) => Blocker::Standing("Tor does not run."),
        TorState::Starting => Blocker::Passing("Starting Tor.".to_owned()),
        TorState::Bootstrapping { percent, .. } => {
            Blocker::Passing(format!("Connecting to Tor, {} %.", (*percent).min(100)))
        }
        // A Tor of another program is started by that program.
        TorState::Restarting { problem, .. } if problem.code == ErrorCode::TorNotRunning => {
            Blocker::Passing("Looking for Tor.".to_owned())
        }
        TorState::Restarting { .. } => {
            Blocker::Passing("Tor stopped and is being started again.".to_owned())
        }
        TorState::Ready if !status.tor.is_usable() => {
            Blocker::Passing("Waiting for Tor to answer.".to_owned())
        }
        TorState::Ready => Blocker::Passing("Setting this browser's proxy.".to_owned()),
    }
}

/// A problem has its own button. Without a problem, the state may have one.
pub(super) fn action(state: &State, problem: Option<&Problem>) -> Option<Button> {
    const fn button(label: &'static str, intent: Intent) -> Option<Button> {
        Some(Button { label, intent })
    }
    if let Some(problem) = problem {
        return Some(problem.button);
    }
    if !state.wanted {
        return button("Turn on", Intent::TurnOn);
    }
    let status = state.status()?;
    match (&status.relay, &status.tor.state) {
        (RelayStatus::Stopped | RelayStatus::Failed(_), _) => button("Start", Intent::RelayStart),
        (RelayStatus::Listening { .. }, TorState::Off | TorState::Failed(_)) => {
            button("Start Tor", Intent::TorStart)
        }
        // While starting, the only button is Stop in Tor's row.
        (
            RelayStatus::Listening { .. },
            TorState::Starting
            | TorState::Bootstrapping { .. }
            | TorState::Restarting { .. }
            | TorState::Ready
            | TorState::Stopping,
        ) => None,
    }
}
