//! Whether a Tor that runs is of use: Tor itself says nothing when its relays fall silent.
//!
//! Pure. It looks at what the relay counted anyway, and only where somebody asked and nobody
//! answered does it want the network asked ([`Watchdog::wants_probe`]). While all is quiet, or all
//! is well, it wants nothing.

mod stall;

use crate::problems;
use meter_core::MonotonicMs;
use meter_relay::CounterSnapshot;
use meter_tor::{Bootstrap, TorState, TorStatus, TorWarning};
use meter_wire::{ErrorCode, TorTrouble};

/// What it knows of the moments before.
#[derive(Default)]
pub(super) struct Watchdog {
    counted: Counted,
    /// Somebody waits for an answer.
    asked: Option<Asked>,
    /// Since when the network is known to give none.
    silent: Option<u64>,
    /// Not to be asked again before.
    next_probe: u64,
    /// `None` before the first look.
    slept_ms: Option<u64>,
    trouble: Option<TorTrouble>,
}

/// One look.
pub(super) struct Observation<'a> {
    pub(super) now: MonotonicMs,
    pub(super) counted: &'a CounterSnapshot,
    pub(super) tor: &'a TorStatus,
    /// Since the machine's start; a growing number is a wake-up.
    pub(super) slept_ms: u64,
}

/// In milliseconds.
#[derive(Clone, Copy)]
struct Asked {
    since: u64,
    /// From when on that is a reason to doubt.
    doubt_from: u64,
}

/// The totals that say whether Tor answers.
#[derive(Clone, Copy, Default)]
struct Counted {
    /// Bytes for the network, and what Tor itself gave up. A connection that was made is no
    /// question: an exit has answered it. One that waits is told apart
    /// ([`CounterSnapshot::waiting`]).
    asked: u64,
    /// Connections that Tor made, bytes from the network, and refusals that an exit or an onion
    /// service must have caused.
    answered: u64,
}

impl Counted {
    fn of(counters: &CounterSnapshot) -> Self {
        let mut asked = counters.bytes_up;
        let mut answered = counters.reached.saturating_add(counters.bytes_down);
        for (code, count) in counters.unreached.iter() {
            match code {
                Some(NOT_ALLOWED) => {}
                Some(GENERAL_FAILURE | EXPIRED) => asked = asked.saturating_add(count),
                Some(_) | None => answered = answered.saturating_add(count),
            }
        }
        Self { asked, answered }
    }
}

/// What Tor, or the relay, says when nothing came.
const GENERAL_FAILURE: u8 = 1;
/// As [`GENERAL_FAILURE`].
const EXPIRED: u8 = 6;
/// The relay's own.
const NOT_ALLOWED: u8 = 2;

impl Watchdog {
    /// Takes one look. `has_way_out` is asked only in doubt: whether this computer knows any way
    /// into a network, if that can be known.
    pub(super) fn look(
        &mut self,
        observation: &Observation<'_>,
        has_way_out: impl FnOnce() -> Option<bool>,
    ) {
        let now = observation.now.get();
        let counted = Counted::of(observation.counted);
        let before = std::mem::replace(&mut self.counted, counted);
        let slept_before = self.slept_ms.replace(observation.slept_ms);
        let woke_up = slept_before
            .is_some_and(|before| observation.slept_ms > before.saturating_add(SLEEP_MS_MIN));
        match &observation.tor.state {
            TorState::Ready => {
                let was_answered = counted.answered > before.answered;
                if was_answered {
                    self.hears(now);
                }
                // Asked and answered within one look says nothing about which was first.
                let was_asked = counted.asked > before.asked && !was_answered;
                if was_asked || observation.counted.waiting > 0 {
                    self.asked.get_or_insert_with(|| Asked {
                        since: now,
                        doubt_from: now.saturating_add(DOUBT_MS),
                    });
                }
                if woke_up {
                    self.asked = Some(Asked {
                        since: now,
                        doubt_from: now,
                    });
                    self.next_probe = now;
                }
                self.trouble = self.trouble_of_ready(now, observation.tor, has_way_out);
            }
            TorState::Bootstrapping(step) => {
                self.forget();
                self.trouble = trouble_of_start(step, observation.tor, has_way_out);
            }
            TorState::Off
            | TorState::Starting
            | TorState::Restarting { .. }
            | TorState::Stopping
            | TorState::Failed(_) => {
                self.forget();
                self.trouble = None;
            }
        }
    }

    /// Whether the network is to be asked now; whoever is told so asks, and tells the outcome.
    pub(super) fn wants_probe(&self, now: MonotonicMs) -> bool {
        let now = now.get();
        let in_doubt = self.asked.is_some_and(|asked| now >= asked.doubt_from);
        (in_doubt || self.silent.is_some()) && now >= self.next_probe
    }

    /// The outcome of asking.
    pub(super) fn probed(&mut self, now: MonotonicMs, answered: bool) {
        let now = now.get();
        if answered {
            self.hears(now);
            self.next_probe = now.saturating_add(CALM_MS);
        } else {
            // An answer that came by another way meanwhile has taken away the reason to ask.
            if let Some(asked) = self.asked {
                self.silent.get_or_insert(asked.since);
            }
            self.next_probe = now.saturating_add(AGAIN_MS);
        }
    }

    pub(super) fn trouble(&self) -> Option<TorTrouble> {
        self.trouble.clone()
    }

    fn hears(&mut self, now: u64) {
        self.asked = None;
        if self.silent.take().is_some() {
            self.next_probe = now;
        }
    }

    fn forget(&mut self) {
        (self.asked, self.silent, self.next_probe) = (None, None, 0);
    }

    fn trouble_of_ready(
        &self,
        now: u64,
        tor: &TorStatus,
        has_way_out: impl FnOnce() -> Option<bool>,
    ) -> Option<TorTrouble> {
        // Its detour is gone: that explains a silence, too.
        if let Some(found) = &tor.trouble {
            return Some(TorTrouble::of(problems::tor(found), 0));
        }
        if let Some(since) = self.silent {
            let code = match has_way_out() {
                Some(false) => ErrorCode::TorOffline,
                Some(true) | None => ErrorCode::TorSilent,
            };
            return Some(TorTrouble::new(code, now.saturating_sub(since) / 1_000));
        }
        let is_old = tor.warnings.contains(&TorWarning::VersionTooOld);
        is_old.then(|| TorTrouble::new(ErrorCode::TorTooOld, 0))
    }
}

/// What was found out comes before what can be guessed.
fn trouble_of_start(
    step: &Bootstrap,
    tor: &TorStatus,
    has_way_out: impl FnOnce() -> Option<bool>,
) -> Option<TorTrouble> {
    let lasted = step.lasted();
    if let Some(found) = &tor.trouble {
        return Some(TorTrouble::of(problems::tor(found), lasted.as_secs()));
    }
    (lasted >= STALL)
        .then(|| stall::problem(step, &tor.warnings, has_way_out))
        .map(|problem| TorTrouble::of(problem, lasted.as_secs()))
}

/// A question this old without any answer is a reason to ask the network.
const DOUBT_MS: u64 = 10_000;
/// After an answer to us: a site that answers nobody is no reason to ask again soon.
const CALM_MS: u64 = 60_000;
/// While there is none.
const AGAIN_MS: u64 = 10_000;
/// Shorter sleeps are the clocks' own inexactness.
const SLEEP_MS_MIN: u64 = 5_000;
/// A phase that lasts longer needs an explanation.
const STALL: std::time::Duration = std::time::Duration::from_secs(10);

#[cfg(test)]
mod tests;
