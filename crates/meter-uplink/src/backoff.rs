//! How long to wait before a local end is started again. Pure.

use std::time::Duration;

/// A local end that ran this long works. If it ended earlier, that end counts as one of a series.
pub(crate) const LIVED: Duration = Duration::from_secs(10);
/// The pause after the first end.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause. It limits the wait of a person who has removed the cause; restarting Tor is
/// faster.
const MAX: Duration = Duration::from_secs(60);

const _: () = assert!(FIRST.as_secs() < MAX.as_secs() && FIRST.as_secs() < LIVED.as_secs());

/// Counts consecutive ends that came soon after their start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    in_a_row: u32,
}

impl Backoff {
    /// Takes the end of a local end that ran for `lived`. Returns the pause before the next start.
    pub(crate) fn ended(&mut self, lived: Duration) -> Duration {
        if lived >= LIVED {
            self.in_a_row = 0;
        }
        let doublings = self.in_a_row.min(16);
        self.in_a_row = self.in_a_row.saturating_add(1);
        FIRST.saturating_mul(1 << doublings).min(MAX)
    }

    /// Whether the next local end must run for [`LIVED`] before it is reported as running, because
    /// the one before it also ended soon after its start.
    pub(crate) const fn is_doubtful(self) -> bool {
        self.in_a_row > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Run times in seconds, and the pause in seconds after each; `?` where the next one is
    /// doubtful.
    #[track_caller]
    fn check(runs: &[u64], expected: &str) {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = runs
            .iter()
            .map(|lasted| {
                let pause = backoff.ended(Duration::from_secs(*lasted)).as_secs();
                let doubt = if backoff.is_doubtful() { "?" } else { "" };
                format!("{pause}{doubt}")
            })
            .collect();
        assert_eq!(pauses.join(" "), expected, "{runs:?}");
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_a_life_of_ten_seconds_begins_anew() {
        check(&[0], "1");
        check(&[100_000], "1");
        check(&[0; 9], "1 2? 4? 8? 16? 32? 60? 60? 60?");
        check(&[9; 3], "1 2? 4?");
        check(&[10; 3], "1 1 1");
        check(&[0, 0, 0, 10, 0], "1 2? 4? 1 2?");
        assert_eq!(Backoff { in_a_row: u32::MAX }.ended(Duration::ZERO), MAX);
    }
}
