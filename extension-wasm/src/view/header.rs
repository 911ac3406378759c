//! The state as one word and one sentence, and the action for it.

use super::button::Button;
use super::light::Light;
use super::problem::Problem;
use super::{pages, windows, witness};
use crate::proxy_value::{ProxyRefusal, Reading};
use crate::text::{Key, Text, Value, key};
use crate::update::{Cover, Host, HostError, Intent, State};
use meter_wire::{ErrorCode, RelayStatus, Status, TorState};
use serde::Serialize;

/// The state as one word and one sentence.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Header {
    /// Shape and colour.
    pub state: Light,
    /// The word.
    pub word: Key,
    /// The sentence.
    pub sentence: Text,
    /// Private windows are not covered, although all windows are to be. Then nothing is green.
    pub in_part: bool,
}

/// The reason why the state is not "Protected" yet.
pub(super) enum Blocker {
    /// It will pass without help.
    Passing(Text),
    /// A person has to act.
    Standing(Key),
}

/// If `explained`, a problem beside the header says what is wrong, and the header only says what
/// follows from it.
pub(super) fn header(state: &State, explained: bool) -> Header {
    let (light, sentence) = if !state.wanted && state.has_floor() {
        let text = key("header_floor");
        (Light::Blocked, text.text())
    } else if !state.wanted {
        let text = match state.proxy.answer {
            Some(Ok(Reading::Kept)) => key("header_kept"),
            Some(_) | None => key("header_off"),
        };
        (Light::Off, text.text())
    } else if state.is_protected() {
        let text = windows::words(state).through;
        (windows::light(state), text.text())
    } else if state.is_routed() && has_old_pages(state) {
        let text = pages::beside_old(state, pages::NEW_ONES_ARE_FINE);
        (Light::Unprotected, text)
    } else {
        unfinished(state, explained)
    };
    let in_part = light == Light::Protected && state.private_windows() != Cover::Same;
    Header {
        state: light,
        word: match in_part {
            true => key("light_in_part"),
            false => light.word(),
        },
        sentence,
        in_part,
    }
}

fn unfinished(state: &State, explained: bool) -> (Light, Text) {
    let closed = is_closed(state);
    if state.bypassed {
        let text = key("header_bypassed");
        return (Light::Unprotected, text.text());
    }
    if let Some((light, text)) = witness::header(state) {
        return (light, text.text());
    }
    match blocker(state) {
        Blocker::Passing(what) => {
            let meanwhile = match closed {
                true if has_old_pages(state) => pages::beside_old(state, pages::NEW_ONES_WAIT),
                true => windows::words(state).wait.text(),
                false => key("nothing_protected_yet").text(),
            };
            (Light::Connecting, what.and(meanwhile))
        }
        Blocker::Standing(what) => {
            let (light, so) = match closed {
                true => blocked(state),
                false if is_held_by_floor(state) => (Light::Blocked, key("pages_blocked").text()),
                false => (Light::Unprotected, windows::words(state).exposed.text()),
            };
            let text = match explained {
                true => so,
                false => what.text().and(so),
            };
            (light, text)
        }
    }
}

/// What follows while the browser sends everything to our port, and a person has to act.
fn blocked(state: &State) -> (Light, Text) {
    // Another program answers on the port, so nothing is certain to be blocked.
    let is_taken = is_port_taken(state);
    if has_old_pages(state) {
        let usual = match is_taken {
            true => pages::OLD_ONES,
            false => pages::OLD_ONES_MAY_NOT_BE,
        };
        return (Light::Unprotected, pages::beside_old(state, usual));
    }
    let so = match is_taken {
        true => windows::uncovered(state).unwrap_or(key("no_page_goes_directly")),
        false => windows::words(state).blocked,
    };
    (Light::Blocked, so.text())
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

/// Whether the floor alone decides, and no page loads.
fn is_held_by_floor(state: &State) -> bool {
    let is_free = match state.proxy.answer {
        None | Some(Ok(Reading::Free | Reading::Kept) | Err(ProxyRefusal::PrivateWindows)) => true,
        Some(Ok(_) | Err(ProxyRefusal::Other)) => false,
    };
    is_free && state.has_floor()
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
        return Blocker::Standing(key("blocker_proxy"));
    }
    if let Some(error) = state.host_error() {
        return Blocker::Standing(match error {
            HostError::Silent => key("blocker_silent"),
            HostError::Reported(said) if said.code == ErrorCode::DaemonSilent => {
                key("blocker_silent")
            }
            HostError::Unreadable | HostError::Flooding => key("blocker_unreadable"),
            HostError::NotInstalled
            | HostError::Forbidden
            | HostError::Stopped
            | HostError::Reported(_) => key("blocker_away"),
        });
    }
    let link = match &state.host {
        Host::Idle | Host::Gone(_) => None,
        Host::Linked(link) => Some(link),
    };
    if link.is_some_and(|link| link.problem.is_some()) {
        return Blocker::Standing(key("blocker_unable"));
    }
    if state.is_port_refused() {
        return Blocker::Standing(key("blocker_port"));
    }
    match state.status() {
        None => Blocker::Passing(key("calling_program").text()),
        Some(status) => host_blocker(status),
    }
}

fn host_blocker(status: &Status) -> Blocker {
    match &status.relay {
        RelayStatus::Stopped => return Blocker::Standing(key("blocker_relay_stopped")),
        RelayStatus::Failed(_) => return Blocker::Standing(key("blocker_relay_failed")),
        RelayStatus::Listening { .. } => {}
    }
    match &status.tor.state {
        TorState::Off => Blocker::Standing(key("blocker_tor_off")),
        TorState::Stopping => Blocker::Standing(key("blocker_tor_stopping")),
        TorState::Failed(_) => Blocker::Standing(key("blocker_tor_failed")),
        TorState::Starting => Blocker::Passing(key("starting_tor").text()),
        TorState::Bootstrapping { percent, .. } => {
            let percent = Value::Percent((*percent).min(100));
            Blocker::Passing(key("connecting_to_tor_percent").with("percent", percent))
        }
        // A Tor of another program is started by that program.
        TorState::Restarting { problem, .. } if problem.code == ErrorCode::TorNotRunning => {
            Blocker::Passing(key("looking_for_tor").text())
        }
        TorState::Restarting { problem, .. } if problem.code == ErrorCode::TorSilent => {
            Blocker::Passing(key("waiting_for_tor").text())
        }
        TorState::Restarting { .. } => Blocker::Passing(key("tor_being_restarted").text()),
        TorState::Ready if !status.tor.is_usable() => {
            Blocker::Passing(key("waiting_for_tor").text())
        }
        TorState::Ready => Blocker::Passing(key("setting_proxy").text()),
    }
}

/// A problem has its own button. Without a problem, the state may have one.
pub(super) fn action(state: &State, problem: Option<&Problem>) -> Option<Button> {
    const fn button(label: Key, intent: Intent) -> Option<Button> {
        Some(Button { label, intent })
    }
    if let Some(problem) = problem {
        return Some(problem.button);
    }
    if !state.wanted {
        return button(key("turn_on"), Intent::TurnOn);
    }
    let status = state.status()?;
    match (&status.relay, &status.tor.state) {
        (RelayStatus::Stopped | RelayStatus::Failed(_), _) => {
            button(key("start"), Intent::RelayStart)
        }
        (RelayStatus::Listening { .. }, TorState::Off | TorState::Failed(_)) => {
            button(key("start_tor"), Intent::TorStart)
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
