//! Decides what to do about Tor from observations. Pure: it starts nothing, waits for nothing, and
//! reads clocks and networks only through [`Seen`].

use super::{
    network_changes::NetworkChanges,
    seen::Seen,
    stalled_start::StalledStart,
    watchdog::{Observation, Watchdog},
};
use meter_wire::{ErrorCode, TorTrouble};
use std::time::Duration;

/// An action.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Action {
    /// End a Tor of ours and start it again, so that it makes all its connections anew.
    Restart(Why),
    /// Test whether the Tor network answers, for this long.
    Probe(Duration),
    /// Look whether a Tor of another program is still the one that was found.
    Watch,
    /// Test whether Tor itself answers at its SOCKS port.
    Greet,
    /// Log Tor's state: states and reasons, no names and no places.
    Log {
        state: &'static str,
        trouble: Option<ErrorCode>,
    },
}

/// The reason for a restart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Why {
    /// Its connections were made on another network, or before a sleep.
    NetworkChanged,
    /// No relay answered during its start; relays answer again, and Tor does not notice.
    StartStalled,
}

impl Why {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::NetworkChanged => "no answer since this computer was elsewhere or asleep",
            Self::StartStalled => "relays answer again, and the start under way does not hear them",
        }
    }
}

/// What it remembers from earlier looks.
#[derive(Default)]
pub(super) struct Core {
    watchdog: Watchdog,
    network_changes: NetworkChanges,
    stalled_start: StalledStart,
    /// The last logged state.
    logged: Option<(&'static str, Option<ErrorCode>)>,
    is_probing: bool,
    is_greeting: bool,
}

impl Core {
    /// Takes one look.
    pub(super) fn look(&mut self, seen: &Seen<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if let Some(answered) = seen.answered {
            self.hear(seen, answered);
        }
        if let Some(greeted) = seen.greeted {
            self.is_greeting = false;
            if !greeted {
                self.watchdog.probed(seen.now, false);
            }
        }
        let observation = Observation {
            now: seen.now,
            counted: seen.counted,
            tor: seen.tor,
            slept_ms: seen.slept_ms,
        };
        let has_way_out = || seen.network.has_way_out();
        self.watchdog.look(&observation, has_way_out);
        let trouble = self.trouble().map(|trouble| trouble.problem.code);
        actions.extend(self.log(seen.tor.state.name(), trouble));
        self.network_changes.look(seen);
        let has_moved = trouble.is_some_and(|trouble| self.network_changes.explain(trouble, seen));
        let is_stalled = self.stalled_start.look(seen.now, seen.tor, trouble);
        // One restart is the remedy for both.
        if has_moved {
            actions.push(Action::Restart(Why::NetworkChanged));
        } else if is_stalled {
            actions.push(Action::Restart(Why::StartStalled));
        }
        if self.watchdog.takes_break() {
            actions.push(Action::Watch);
        }
        if !self.is_greeting && self.watchdog.takes_greeting(seen.now) {
            self.is_greeting = true;
            actions.push(Action::Greet);
        }
        if !self.is_probing && self.watchdog.wants_probe(seen.now) {
            self.is_probing = true;
            actions.push(Action::Probe(self.network_changes.patience(seen)));
        }
        actions
    }

    /// The reason why a running Tor cannot be used, if any.
    pub(super) fn trouble(&self) -> Option<TorTrouble> {
        self.watchdog.trouble()
    }

    fn hear(&mut self, seen: &Seen<'_>, answered: bool) {
        self.is_probing = false;
        self.watchdog.probed(seen.now, answered);
        if answered {
            self.network_changes.answered(seen);
        }
    }

    /// Returns an action only if the state changed since the last look.
    fn log(&mut self, state: &'static str, trouble: Option<ErrorCode>) -> Option<Action> {
        let now = (state, trouble);
        let is_new = self.logged.replace(now) != Some(now);
        is_new.then_some(Action::Log { state, trouble })
    }
}

#[cfg(test)]
mod tests;
