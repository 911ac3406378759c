//! The texts while a test request of ours has not reached the relay yet, or does not reach it.

use super::light::Light;
use crate::update::{State, Verdict};
use meter_wire::ErrorCode;

/// The problem with the way of requests, and the number of open connections if that is the cause.
pub(super) fn trouble(state: &State) -> Option<(ErrorCode, Option<String>)> {
    let verdict = state.witness.verdict();
    if !state.wanted {
        return None;
    }
    if state.astray {
        return Some((ErrorCode::ProxyOverridden, None));
    }
    match verdict {
        Verdict::Open | Verdict::Arrived => None,
        Verdict::Lost => Some((ErrorCode::WitnessLost, None)),
        Verdict::Full { connections } => {
            let open = format!("{connections} connections are open through the relay");
            Some((ErrorCode::ConnectionsFull, Some(open)))
        }
        Verdict::Unknown => Some((ErrorCode::WitnessUnknown, None)),
    }
}

/// Whether pages may be bypassing Tor now, whatever Tor does.
pub(super) const fn is_exposed(state: &State) -> bool {
    state.astray || matches!(state.witness.verdict(), Verdict::Lost)
}

/// The header if only a witness is missing for "Protected".
pub(super) fn header(state: &State) -> Option<(Light, &'static str)> {
    if is_exposed(state) {
        return Some((Light::Unprotected, "Sites may see your address."));
    }
    let usable = state.status().is_some_and(|status| status.tor.is_usable());
    if !usable || state.routed_port().is_none() {
        return None;
    }
    Some(match state.witness.verdict() {
        Verdict::Open => (
            Light::Connecting,
            "Checking that pages go through Tor. Nothing is confirmed yet.",
        ),
        Verdict::Unknown => (
            Light::Connecting,
            "This browser is set to use Tor, but nothing confirms that it does.",
        ),
        Verdict::Full { .. } => (
            Light::Blocked,
            "Pages that are open go on through Tor; new ones do not load.",
        ),
        Verdict::Arrived | Verdict::Lost => return None,
    })
}
