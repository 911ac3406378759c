//! Decides when to try again and when to give up. Pure.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::{RestartPolicy, Retry, TorProblem};

/// The next step after an end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// Try again after a pause.
    Again {
        attempt: u32,
        pause: Duration,
        reason: TorProblem,
    },
    /// Give up.
    GiveUp(TorProblem),
}

/// The ends so far.
#[derive(Clone, Debug)]
pub(crate) struct Restarts {
    policy: RestartPolicy,
    attempt: u32,
    /// Times of the last counted exits; at most `exits_max`.
    exits: VecDeque<Instant>,
    locked: u32,
}

/// A Tor that was orphaned by `kill -9` releases its data directory within 15 s; each refusal takes
/// 5 s.
const LOCKED_MAX: u32 = 4;

impl Restarts {
    pub(crate) fn new(policy: RestartPolicy) -> Self {
        Self {
            policy,
            attempt: 0,
            exits: VecDeque::new(),
            locked: 0,
        }
    }

    /// Takes the end of a Tor, or of a search for one, that began at `began`.
    pub(crate) fn ended(&mut self, problem: TorProblem, began: Instant, now: Instant) -> Next {
        if now.saturating_duration_since(began) >= self.policy.stable {
            self.attempt = 0;
            self.exits.clear();
        }
        match problem.retry() {
            Retry::Never => return Next::GiveUp(problem),
            Retry::Later => {}
            Retry::LaterCounted => {
                if let Some(verdict) = self.count(&problem, now) {
                    return Next::GiveUp(verdict);
                }
            }
        }
        let doublings = self.attempt.min(16);
        let pause = self
            .policy
            .first
            .saturating_mul(1 << doublings)
            .min(self.policy.max);
        self.attempt = self.attempt.saturating_add(1);
        Next::Again {
            attempt: self.attempt,
            pause,
            reason: problem,
        }
    }

    fn count(&mut self, problem: &TorProblem, now: Instant) -> Option<TorProblem> {
        self.locked = match problem {
            TorProblem::DataDirLocked => self.locked.saturating_add(1),
            _ => 0,
        };
        if self.locked >= LOCKED_MAX {
            return Some(TorProblem::DataDirLocked);
        }
        self.exits.push_back(now);
        let window = self.policy.window;
        self.exits
            .retain(|exit| now.saturating_duration_since(*exit) < window);
        let exits = u32::try_from(self.exits.len()).unwrap_or(u32::MAX);
        let log = problem.log().to_vec();
        (exits >= self.policy.exits_max).then_some(TorProblem::CrashLoop { exits, log })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit() -> TorProblem {
        TorProblem::Exited {
            status: Some(1),
            log: vec!["last words".into()],
        }
    }

    /// Each Tor runs for `lasted` seconds and starts after the pause that was chosen.
    fn pauses(problem: &TorProblem, lasted: u64, times: u32) -> Vec<Next> {
        let mut restarts = Restarts::new(RestartPolicy::default());
        let mut now = Instant::now();
        let mut seen = Vec::new();
        for _ in 0..times {
            let began = now;
            now += Duration::from_secs(lasted);
            let next = restarts.ended(problem.clone(), began, now);
            if let Next::Again { pause, .. } = &next {
                now += *pause;
            }
            seen.push(next);
        }
        seen
    }

    fn seconds(seen: &[Next]) -> Vec<u64> {
        let pause = |next: &Next| match next {
            Next::Again { pause, .. } => Some(pause.as_secs()),
            Next::GiveUp(_) => None,
        };
        seen.iter().filter_map(pause).collect()
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let seen = pauses(&TorProblem::NotRunning, 0, 8);
        assert_eq!(seconds(&seen), [1, 2, 4, 8, 16, 30, 30, 30]);
        let first = Next::Again {
            attempt: 1,
            pause: Duration::from_secs(1),
            reason: TorProblem::NotRunning,
        };
        assert_eq!(seen[0], first);
    }

    #[test]
    fn the_tenth_exit_is_a_crash_loop_with_the_last_words() {
        let seen = pauses(&exit(), 0, 10);
        assert_eq!(seconds(&seen).len(), 9);
        let verdict = TorProblem::CrashLoop {
            exits: 10,
            log: vec!["last words".into()],
        };
        assert_eq!(seen[9], Next::GiveUp(verdict));
    }

    #[test]
    fn a_stable_while_forgives_everything() {
        let seen = pauses(&exit(), 60, 30);
        assert_eq!(seconds(&seen), [1; 30]);
    }

    #[test]
    fn a_search_goes_on_for_ever_and_a_hopeless_case_not_at_all() {
        assert_eq!(
            seconds(&pauses(&TorProblem::NotRunning, 0, 1_000)).len(),
            1_000
        );
        let seen = pauses(&TorProblem::Missing, 0, 1);
        assert_eq!(seen, [Next::GiveUp(TorProblem::Missing)]);
    }

    #[test]
    fn a_folder_that_stays_locked_is_said_plainly() {
        let seen = pauses(&TorProblem::DataDirLocked, 5, 4);
        assert_eq!(seen[3], Next::GiveUp(TorProblem::DataDirLocked));
    }
}
