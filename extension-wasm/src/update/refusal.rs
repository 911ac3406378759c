//! When the host's refusal of a person's last request no longer applies.

use super::state::State;
use meter_wire::{ErrorCode, RelayStatus, Status};

/// Forgets the refusal if the host's status contradicts it. `before` is the status until now, if
/// this connection had one.
pub(super) fn settle(state: &mut State, before: Option<&Status>) {
    let (Some(refusal), Some(now)) = (&state.refusal, state.status()) else {
        return;
    };
    let is_over = match refusal.code {
        ErrorCode::IdentityTooSoon => now.new_identity_in_s == 0,
        ErrorCode::CircuitTooSoon => now.new_circuit_in_s == 0,
        _ => GAINS.iter().any(|is| is(now) && !before.is_some_and(is)),
    };
    if is_over {
        state.refusal = None;
    }
}

/// What a start brings. Only the change counts: another Tor can be refused while one runs.
const GAINS: [fn(&Status) -> bool; 3] = [
    |status| status.problem.is_none(),
    |status| status.tor.is_usable(),
    |status| matches!(status.relay, RelayStatus::Listening { .. }),
];
