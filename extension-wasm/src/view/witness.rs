//! The texts while a test request of ours has not reached the relay yet, or does not reach it.

use super::light::Light;
use crate::text::{Key, Text, Value, key};
use crate::update::{State, Verdict};
use meter_wire::ErrorCode;

/// The problem with the way of requests, and the number of open connections if that is the cause.
pub(super) fn trouble(state: &State) -> Option<(ErrorCode, Option<Text>)> {
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
            let open = Value::count(connections.into());
            let open = key("connections_open").with("connections", open);
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
pub(super) fn header(state: &State) -> Option<(Light, Key)> {
    if is_exposed(state) {
        return Some((Light::Unprotected, key("sites_may_see_address")));
    }
    let usable = state.status().is_some_and(|status| status.tor.is_usable());
    if !usable || state.routed_port().is_none() {
        return None;
    }
    Some(match state.witness.verdict() {
        Verdict::Open => (Light::Connecting, key("witness_open")),
        Verdict::Unknown => (Light::Connecting, key("witness_unknown")),
        Verdict::Full { .. } => (Light::Blocked, key("witness_full")),
        Verdict::Arrived | Verdict::Lost => return None,
    })
}
