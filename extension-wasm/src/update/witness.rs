//! Whether this browser's requests really reach the relay: requests of our own that have to arrive
//! there.
//!
//! What the browser says of its proxy settings is not enough: in Firefox another extension may
//! answer each request with another way, and nothing tells of it. So the host gives out a name that
//! nobody can guess, the browser asks for it as it asks for any page, and the host says whether it
//! came.

use super::ask::ask;
use super::effect::Effect;
use super::event::{Intent, Timer};
use super::state::{Asked, Host, State};
use super::verdict::{Round, Verdict};
use meter_wire::{ErrorCode, Problem, Request, WitnessQuery, WitnessSeen, WitnessText};

/// How long one request may take. Over loopback it takes milliseconds; a browser that makes no
/// further connections lets it wait for ever.
const KNOCK_MAX_MS: u32 = 5_000;

/// How long one round may take, with both questions to the host. A round that outlasts this never
/// comes to an end.
const ROUND_MAX_MS: u32 = 20_000;

/// From a first request that did not arrive to the second, which decides: one alone may have met a
/// change of network, a sleep of the machine or the relay's restart.
const SECOND_MS: u32 = 1_000;

/// From one decision against the browser to the next try.
const RETRY_MS: u32 = 10_000;

/// So many connections explain that a request waits: what Chromium of old opens through one proxy.
/// Later ones open 128 and, at random, more (`MaxConnectionsPerProxy`); the relay serves 512.
const FULL_MIN: u32 = 32;

const _: () = assert!(SECOND_MS < RETRY_MS && KNOCK_MAX_MS < RETRY_MS);
const _: () = assert!(KNOCK_MAX_MS < ROUND_MAX_MS);

/// Begins a witness where one is due and could arrive.
pub(super) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let place = state.routed_port().filter(|_| state.wanted);
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

/// The alarm looks again, unless a round is under way or a second one is due. It ends no round and
/// cuts no rest short: after a sleep of the computer several alarms ring at once, before anything
/// had time to answer.
pub(super) const fn on_alarm(state: &mut State) {
    state.witness.due |= state.witness.round.is_none();
}

/// The time of a round is over.
pub(super) fn on_over(state: &mut State, number: u32, effects: &mut Vec<Effect>) {
    missed(state, number, Verdict::Lost, effects);
}

/// The host named it: the browser is to ask for it.
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

/// The browser is done with it, one way or the other: did it arrive?
pub(super) fn on_knocked(state: &mut State, number: u32, in_time: bool, effects: &mut Vec<Effect>) {
    let Some(name) = round(state, number).and_then(|round| round.name) else {
        return;
    };
    let asked = Asked::WitnessSeen { number, in_time };
    let request = Request::WitnessSeen(WitnessQuery { name });
    ask(state, asked, request, effects);
}

/// The host knows what became of it.
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

/// The host did not name it, or does not say what became of it.
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

/// Firefox stopped a request that was on its way past the relay. Where witnesses arrive, another
/// extension chooses which requests it takes, and only a person can say that it is gone. Where they
/// do not arrive, that is known already.
pub(super) const fn on_astray(state: &mut State) {
    if matches!(state.witness.verdict, Verdict::Arrived) {
        state.astray = true;
        state.witness.due = true;
    }
}

/// A person wants to know it anew.
pub(super) const fn on_intent(state: &mut State, intent: Intent) {
    if matches!(
        intent,
        Intent::CheckProxy | Intent::TurnOn | Intent::TurnOff
    ) {
        state.astray = false;
        state.witness.due = true;
    }
}

/// One witness did not arrive; the second in a row decides.
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
            // Whoever takes all requests takes those, too.
            state.astray &= verdict != Verdict::Lost;
            RETRY_MS
        }
    };
    effects.push(Effect::After(Timer::Witness(number), wait_ms));
}

/// The round with this number, while it is under way.
fn round(state: &mut State, number: u32) -> Option<&mut Round> {
    let current = state.witness.number == number;
    state.witness.round.as_mut().filter(|_| current)
}
