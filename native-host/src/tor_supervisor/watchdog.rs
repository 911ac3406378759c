//! Checks whether a running Tor can be used: Tor itself reports nothing when its relays stop
//! answering.
//!
//! Pure. It looks at what the relay counts anyway. Only if there were questions and no answers does
//! it want a test of the network ([`Watchdog::wants_probe`]). While nothing is asked, or everything
//! is answered, it wants nothing.

mod stall;

use crate::problems;
use meter_core::MonotonicMs;
use meter_relay::CounterSnapshot;
use meter_tor::{Bootstrap, TorState, TorStatus, TorWarning};
use meter_wire::{ErrorCode, Problem, TorTrouble};

/// What it remembers from earlier looks.
#[derive(Default)]
pub(super) struct Watchdog {
    counted: Counted,
    /// A question that waits for an answer.
    asked: Option<Asked>,
    /// Time since when the network is known not to answer.
    silent: Option<u64>,
    /// How many connections Tor's SOCKS port broke, at the last look.
    broken: u64,
    /// Whether it broke one since it was last heard.
    is_broken: bool,
    /// Whether it broke one since [`Self::takes_break`].
    has_new_break: bool,
    /// No test before this time.
    next_probe: u64,
    /// No greeting before this time.
    next_greeting: u64,
    /// `None` before the first look.
    slept_ms: Option<u64>,
    trouble: Option<TorTrouble>,
}

/// One look.
pub(super) struct Observation<'a> {
    pub(super) now: MonotonicMs,
    pub(super) counted: &'a CounterSnapshot,
    pub(super) tor: &'a TorStatus,
    /// Since the machine's start; if the number grows, the machine was asleep.
    pub(super) slept_ms: u64,
}

/// Times in milliseconds.
#[derive(Clone, Copy)]
struct Asked {
    since: u64,
    /// From this time on it is a reason for doubt.
    doubt_from: u64,
}

/// The totals that show whether Tor answers.
#[derive(Clone, Copy, Default)]
struct Counted {
    /// Bytes to the network, and requests that Tor itself gave up or broke off. A connection that
    /// was made is no question: an exit has answered it. Waiting requests are counted separately
    /// ([`CounterSnapshot::waiting`]).
    asked: u64,
    /// Connections that Tor made, bytes from the network, and refusals that an exit or an onion
    /// service must have caused.
    answered: u64,
}

impl Counted {
    fn of(counters: &CounterSnapshot) -> Self {
        let mut asked = counters.bytes_up.saturating_add(counters.broken);
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

/// The reply of Tor, or of the relay, when there was no answer.
const GENERAL_FAILURE: u8 = 1;
/// As [`GENERAL_FAILURE`].
const EXPIRED: u8 = 6;
/// The relay's own reply.
const NOT_ALLOWED: u8 = 2;

impl Watchdog {
    /// Takes one look. `has_way_out` is called only in doubt: whether this computer has a route
    /// into any network, if that is known.
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
                let has_broken = observation.counted.broken > self.broken;
                let was_answered = counted.answered > before.answered;
                if was_answered {
                    self.hears(now);
                }
                // If both came within one look, their order is not known.
                let was_asked = counted.asked > before.asked && !was_answered;
                if was_asked || observation.counted.waiting > 0 {
                    self.asked.get_or_insert_with(|| Asked {
                        since: now,
                        doubt_from: now.saturating_add(DOUBT_MS),
                    });
                }
                if has_broken && !was_answered {
                    self.is_broken = true;
                    // What Tor itself does is known without the network's answer.
                    if let Some(asked) = &mut self.asked {
                        asked.doubt_from = now;
                    }
                }
                self.has_new_break |= has_broken;
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
        self.broken = observation.counted.broken;
    }

    /// Whether Tor's SOCKS port broke a connection since the last call.
    pub(super) fn takes_break(&mut self) -> bool {
        std::mem::take(&mut self.has_new_break)
    }

    /// Whether the network must be tested now; the caller then tests it and reports the result.
    pub(super) fn wants_probe(&self, now: MonotonicMs) -> bool {
        let now = now.get();
        let in_doubt = self.asked.is_some_and(|asked| now >= asked.doubt_from);
        (in_doubt || self.silent.is_some()) && now >= self.next_probe
    }

    /// Whether Tor itself must be greeted now; the caller then does it. A Tor that hangs does not
    /// answer, which is known long before a test of the network is over. Marks the greeting as
    /// done.
    pub(super) fn takes_greeting(&mut self, now: MonotonicMs) -> bool {
        let now = now.get();
        let is_due = |asked: Asked| now >= asked.since.saturating_add(GREET_MS);
        let wants =
            self.silent.is_none() && self.asked.is_some_and(is_due) && now >= self.next_greeting;
        if wants {
            self.next_greeting = now.saturating_add(GREET_AGAIN_MS);
        }
        wants
    }

    /// Takes the result of a test.
    pub(super) fn probed(&mut self, now: MonotonicMs, answered: bool) {
        let now = now.get();
        if answered {
            self.hears(now);
            self.next_probe = now.saturating_add(CALM_MS);
        } else {
            // An answer that came another way meanwhile has removed the reason for the test.
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
        self.is_broken = false;
        if self.silent.take().is_some() {
            self.next_probe = now;
        }
    }

    fn forget(&mut self) {
        (self.asked, self.silent, self.next_probe) = (None, None, 0);
        self.is_broken = false;
    }

    fn trouble_of_ready(
        &self,
        now: u64,
        tor: &TorStatus,
        has_way_out: impl FnOnce() -> Option<bool>,
    ) -> Option<TorTrouble> {
        // If its detour failed, that explains a silence, too.
        if let Some(found) = &tor.trouble {
            return Some(TorTrouble::of(problems::tor(found), 0));
        }
        if let Some(since) = self.silent {
            let code = match has_way_out() {
                Some(false) => ErrorCode::TorOffline,
                Some(true) | None => ErrorCode::TorSilent,
            };
            let for_s = now.saturating_sub(since) / 1_000;
            return Some(match self.is_broken {
                true => {
                    let problem = Problem::with_detail(ErrorCode::TorSilent, BROKEN);
                    TorTrouble::of(problem, for_s)
                }
                false => TorTrouble::new(code, for_s),
            });
        }
        let is_old = tor.warnings.contains(&TorWarning::VersionTooOld);
        is_old.then(|| TorTrouble::new(ErrorCode::TorTooOld, 0))
    }
}

/// The trouble of a start. Measured causes are preferred to guesses.
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

/// Why nothing gets through, if Tor's own port is what fails.
const BROKEN: &str = "its SOCKS port breaks connections off, or does not answer as Tor does; see \
    what runs there";
/// A question this old without any answer is a reason to test the network.
const DOUBT_MS: u64 = 10_000;
/// A question this old is a reason to greet Tor.
const GREET_MS: u64 = 2_000;
/// Pause between two greetings while a question waits.
const GREET_AGAIN_MS: u64 = 5_000;
/// Pause after a test with an answer: a site that answers nobody is no reason for an early new
/// test.
const CALM_MS: u64 = 60_000;
/// Pause while there is no answer.
const AGAIN_MS: u64 = 10_000;
/// Shorter sleeps are within the inexactness of the clocks.
const SLEEP_MS_MIN: u64 = 5_000;
/// A phase that lasts longer needs an explanation.
const STALL: std::time::Duration = std::time::Duration::from_secs(10);

#[cfg(test)]
mod tests;
