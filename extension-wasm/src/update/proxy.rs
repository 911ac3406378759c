//! The browser's proxy settings: the wanted ones, the current ones, and the order that is on its
//! way.

use super::effect::Effect;
use super::event::ProxyTurn;
use super::state::State;
use crate::proxy_value::{BrowserFamily, ProxyRefusal, Reading, SINK_PORT};
use meter_wire::ErrorCode;

/// Asks the browser for its settings.
pub(super) fn read(state: &mut State, effects: &mut Vec<Effect>) {
    let turn = next_turn(state);
    let windows = state.windows;
    effects.push(Effect::ReadProxy { turn, windows });
}

/// Like [`read`], and allows one more attempt if the last one failed.
pub(super) fn check_again(state: &mut State, effects: &mut Vec<Effect>) {
    state.proxy.tried = None;
    state.proxy.clear_tried = false;
    state.proxy.hardened &= !state.proxy.privacy_refused;
    read(state, effects);
}

/// Returns control of the settings, because the person turned protection off
/// ([`super::event::Intent::TurnOff`]).
pub(super) fn clear(state: &mut State, effects: &mut Vec<Effect>) {
    state.applied_port = None;
    state.proxy.tried = None;
    state.proxy.clear_tried = true;
    state.proxy.hardened = false;
    state.proxy.privacy_refused = false;
    state.proxy.trouble = None;
    let turn = next_turn(state);
    let windows = state.windows;
    effects.push(Effect::ClearProxy { turn, windows });
    effects.push(Effect::RestorePrivacy);
}

/// Ends what an earlier worker may have left undone after "turn off". It clears the proxy first, so
/// settings that are free do not show that WebRTC and prefetching are restored. Only values of this
/// extension are removed.
pub(super) fn finish_off(state: &State, effects: &mut Vec<Effect>) {
    if !state.wanted {
        effects.push(Effect::RestorePrivacy);
    }
}

/// Takes the browser's answer, unless a later order is on its way.
pub(super) fn on_answer(state: &mut State, turn: ProxyTurn, answer: Result<Reading, ProxyRefusal>) {
    if turn != state.proxy.turn {
        // Firefox refuses every order for this reason until it loads the extension anew. Later ones
        // may only have read.
        let is_firefox = state.family == BrowserFamily::Gecko;
        if is_firefox && answer == Err(ProxyRefusal::PrivateWindows) {
            state.proxy.trouble = Some(ErrorCode::PrivateWindowsNotAllowed);
        }
        return;
    }
    let proxy = &mut state.proxy;
    proxy.in_flight = false;
    proxy.answer = Some(answer);
    proxy.trouble = match answer {
        Err(ProxyRefusal::PrivateWindows) => Some(ErrorCode::PrivateWindowsNotAllowed),
        Err(ProxyRefusal::Other) => Some(ErrorCode::ProxyRefused),
        Ok(Reading::OtherExtension) => Some(ErrorCode::ProxyControlledByOther),
        Ok(Reading::NotControllable) => Some(ErrorCode::ProxyNotControllable),
        Ok(Reading::Ours { .. }) => None,
        // Another attempt follows if there was none. Until its answer the last result stays.
        Ok(Reading::Wider { .. } | Reading::OursOther | Reading::Free | Reading::Kept) => {
            // Firefox lets everybody read them; only a write tells that it takes none.
            let is_known = proxy.trouble == Some(ErrorCode::PrivateWindowsNotAllowed);
            let refused = proxy.tried.is_some() && !is_known;
            refused.then_some(ErrorCode::ProxyRefused).or(proxy.trouble)
        }
    };
}

/// Compares the wanted settings with the current ones, and gives at most one order.
///
/// While protection is wanted, there is always a port: fail closed.
pub(super) fn reconcile(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(answer) = state.proxy.answer.filter(|_| !state.proxy.in_flight) else {
        return;
    };
    let to_set = port_to_set(state);
    match (state.wanted, to_set, answer) {
        (true, Some(port), Ok(Reading::Ours { port: found })) if port == found => {
            keep(state, port, effects);
        }
        (true, Some(port), _) => apply(state, port, effects),
        // They were set before the worker ended, which had no time to store that.
        (true, None, Ok(Reading::Ours { port })) => keep(state, port, effects),
        // Nothing was ordered yet, so nothing was refused.
        (true, None, Ok(Reading::Free | Reading::Kept | Reading::OursOther)) => {
            state.proxy.trouble = None;
        }
        (true, None, _) => {}
        // The person turned protection off, but the worker ended before that was done.
        // Where private windows cannot be read, the others may still be set.
        (
            false,
            _,
            Ok(Reading::Ours { .. } | Reading::Wider { .. } | Reading::OursOther)
            | Err(ProxyRefusal::PrivateWindows),
        ) if !state.proxy.clear_tried => {
            clear(state, effects);
        }
        (false, _, _) => {}
    }
}

/// The port that the browser must be set to. Before the host ever named a port it has no value, so
/// that a person can still install the host. Afterwards there always is one.
///
/// After the connection to the host broke, the host may return in a moment; until then the earlier
/// port stays. Once the relay is known to be gone, any program on this computer may open that port
/// and would receive every name and page. Then the browser is set to a port where no program can
/// listen.
fn port_to_set(state: &State) -> Option<u16> {
    let kept = |port| {
        if state.relay_is_gone() {
            SINK_PORT
        } else {
            port
        }
    };
    state.relay_port().or_else(|| state.applied_port.map(kept))
}

fn keep(state: &mut State, port: u16, effects: &mut Vec<Effect>) {
    state.applied_port = Some(port);
    state.proxy.tried = None;
    harden(state, effects);
}

/// Tries each port once; otherwise a browser that does not obey would be asked without end. A
/// setting that another extension overrides is still written, because it takes effect when that
/// extension is removed.
fn apply(state: &mut State, port: u16, effects: &mut Vec<Effect>) {
    if state.proxy.tried == Some(port) {
        return;
    }
    state.proxy.tried = Some(port);
    harden(state, effects);
    let turn = next_turn(state);
    let windows = state.windows;
    effects.push(Effect::ApplyProxy {
        turn,
        port,
        windows,
    });
}

fn harden(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.proxy.hardened {
        state.proxy.hardened = true;
        state.proxy.hardening = true;
        effects.push(Effect::HardenPrivacy);
    }
}

/// Asks whether the ways past the proxy are still closed: another extension may open one again.
pub(super) fn check_privacy(state: &State, effects: &mut Vec<Effect>) {
    let proxy = &state.proxy;
    if state.wanted && proxy.hardened && !proxy.hardening && !proxy.privacy_refused {
        effects.push(Effect::ReadPrivacy);
    }
}

/// The browser closed the ways past the proxy, or refused to close one.
pub(super) const fn on_hardened(state: &mut State, complete: bool) {
    state.proxy.hardening = false;
    state.proxy.privacy_refused = !complete && state.wanted;
}

fn next_turn(state: &mut State) -> ProxyTurn {
    state.proxy.turn = ProxyTurn(state.proxy.turn.0.wrapping_add(1));
    state.proxy.in_flight = true;
    state.proxy.turn
}
