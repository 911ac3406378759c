//! Checks that this browser's requests really reach the relay, with test requests of our own.
//!
//! The browser's answer about its proxy settings is not enough: in Firefox another extension may
//! send each request another way, and no setting shows that. So the host chooses a name that cannot
//! be guessed, the browser requests it like any page, and the host tells whether the request
//! arrived.

use super::ask::ask;
use super::effect::Effect;
use super::event::{Intent, Timer};
use super::state::{Asked, Host, State};
use super::verdict::{Round, Verdict};
use meter_wire::{ErrorCode, Problem, Request, WitnessQuery, WitnessSeen, WitnessText};

/// How long one request may take. Over loopback it takes milliseconds. A browser that makes no more
/// connections never sends it.
const KNOCK_MAX_MS: u32 = 5_000;

/// How long one round may take, including both questions to the host. A round that takes longer
/// never ends.
const ROUND_MAX_MS: u32 = 20_000;

/// Pause between a first request that did not arrive and the second, which decides. The first alone
/// may have failed because the network changed, the machine slept or the relay restarted.
const SECOND_MS: u32 = 1_000;

/// Pause between a negative result and the next try.
const RETRY_MS: u32 = 10_000;

/// So many open connections explain why a request waits: older versions of Chromium open this many
/// through one proxy. Later versions open 128 and sometimes more (`MaxConnectionsPerProxy`); the
/// relay serves 512.
const FULL_MIN: u32 = 32;

const _: () = assert!(SECOND_MS < RETRY_MS && KNOCK_MAX_MS < RETRY_MS);
const _: () = assert!(KNOCK_MAX_MS < ROUND_MAX_MS);

/// Begins a witness if one is due and could arrive.
pub(super) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let is_due = state.wanted && state.has_witness();
    let place = state.routed_port().filter(|_| is_due);
    if state.witness.port != place {
        state.witness.reset(place);
    }
    let witness = &state.witness;
    if place.is_none() || witness.round.is_some() || witness.rests || !witness.due {
        return;
    }
    state.witness.due = false;
    if !host_knows_witnesses(state) {
        state.witness.verdict = Verdict::Unknown;
        return;
    }
    state.witness.number = state.witness.number.wrapping_add(1);
    state.witness.round = Some(Round::default());
    let number = state.witness.number;
    effects.push(Effect::After(Timer::WitnessOver(number), ROUND_MAX_MS));
    ask(state, Asked::Witness(number), Request::Witness, effects);
}

fn host_knows_witnesses(state: &State) -> bool {
    matches!(&state.host, Host::Linked(link) if link.witnesses)
}

/// At the alarm, makes a witness due unless a round is in progress or a second one is waiting. Does
/// not end a round or a pause: after a sleep of the computer several alarms come at once, before
/// any answer can come.
pub(super) const fn on_alarm(state: &mut State) {
    state.witness.due |= state.witness.round.is_none();
}

/// Handles the time limit of a round.
pub(super) fn on_over(state: &mut State, number: u32, effects: &mut Vec<Effect>) {
    missed(state, number, Verdict::Lost, effects);
}

/// The host sent the name: the browser must request it.
pub(super) fn on_name(
    state: &mut State,
    number: u32,
    name: WitnessText,
    effects: &mut Vec<Effect>,
) {
    let Some(round) = round(state, number) else {
        return;
    };
    round.name = Some(name);
    effects.push(Effect::Knock {
        number,
        name,
        max_ms: KNOCK_MAX_MS,
    });
}

/// The browser's request ended in some way: ask the host whether it arrived.
pub(super) fn on_knocked(state: &mut State, number: u32, in_time: bool, effects: &mut Vec<Effect>) {
    let Some(name) = round(state, number).and_then(|round| round.name) else {
        return;
    };
    let asked = Asked::WitnessSeen { number, in_time };
    let request = Request::WitnessSeen(WitnessQuery { name });
    ask(state, asked, request, effects);
}

/// Takes the host's answer about the witness.
pub(super) fn on_seen(
    state: &mut State,
    number: u32,
    in_time: bool,
    seen: WitnessSeen,
    effects: &mut Vec<Effect>,
) {
    let connections = seen.connections;
    if !seen.arrived {
        let verdict = match !in_time && connections >= FULL_MIN {
            true => Verdict::Full { connections },
            false => Verdict::Lost,
        };
        return missed(state, number, verdict, effects);
    }
    if round(state, number).is_some() {
        state.witness.round = None;
        state.witness.misses = 0;
        state.witness.verdict = Verdict::Arrived;
    }
}

/// The host did not send a name, or does not tell the result.
pub(super) fn on_refused(
    state: &mut State,
    number: u32,
    problem: &Problem,
    effects: &mut Vec<Effect>,
) {
    if problem.code != ErrorCode::UnknownRequest {
        missed(state, number, Verdict::Open, effects);
    } else if round(state, number).is_some() {
        state.witness.round = None;
        state.witness.verdict = Verdict::Unknown;
    }
}

pub(super) fn on_timer(state: &mut State, number: u32) {
    if number == state.witness.number {
        state.witness.due = true;
        state.witness.rests = false;
    }
}

/// Firefox stopped a request that was about to bypass the relay. If witnesses arrive, another
/// extension redirects only some requests, and only a person can say that it was removed. If
/// witnesses do not arrive, the problem is known already.
pub(super) const fn on_astray(state: &mut State) {
    if matches!(state.witness.verdict, Verdict::Arrived) {
        state.astray = true;
        state.witness.due = true;
    }
}

/// Checks again, on a person's request.
pub(super) const fn on_intent(state: &mut State, intent: Intent) {
    if matches!(
        intent,
        Intent::CheckProxy | Intent::TurnOn | Intent::TurnOff
    ) {
        state.astray = false;
        state.witness.due = true;
    }
}

/// Notes a witness that did not arrive. The second in a row decides.
fn missed(state: &mut State, number: u32, verdict: Verdict, effects: &mut Vec<Effect>) {
    if round(state, number).is_none() {
        return;
    }
    let witness = &mut state.witness;
    witness.round = None;
    witness.misses = witness.misses.saturating_add(1);
    witness.rests = witness.misses == 1;
    let wait_ms = match witness.rests {
        true => SECOND_MS,
        false => {
            witness.verdict = verdict;
            // An extension that takes all requests takes these, too.
            state.astray &= verdict != Verdict::Lost;
            RETRY_MS
        }
    };
    effects.push(Effect::After(Timer::Witness(number), wait_ms));
}

/// The round with this number, if it is in progress.
fn round(state: &mut State, number: u32) -> Option<&mut Round> {
    let current = state.witness.number == number;
    state.witness.round.as_mut().filter(|_| current)
}
