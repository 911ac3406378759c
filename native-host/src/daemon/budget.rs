//! Limits how fast one client may send requests.

/// A token bucket: a burst, then a steady rate. Pure; the caller passes the time in.
pub(super) struct Budget {
    tokens: u64,
    refilled_ms: u64,
}

const BURST: u64 = 100;
const PER_SECOND: u64 = 50;
const MS_PER_TOKEN: u64 = 1_000 / PER_SECOND;

impl Budget {
    pub(super) const fn new(now_ms: u64) -> Self {
        Self {
            tokens: BURST,
            refilled_ms: now_ms,
        }
    }

    /// Takes one token; `false` when no token is left.
    pub(super) fn take(&mut self, now_ms: u64) -> bool {
        let fresh = now_ms.saturating_sub(self.refilled_ms) / MS_PER_TOKEN;
        self.tokens = self.tokens.saturating_add(fresh).min(BURST);
        self.refilled_ms = self
            .refilled_ms
            .saturating_add(fresh.saturating_mul(MS_PER_TOKEN));
        let Some(left) = self.tokens.checked_sub(1) else {
            return false;
        };
        self.tokens = left;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(budget: &mut Budget, times: &[u64]) -> usize {
        times.iter().filter(|now| budget.take(**now)).count()
    }

    #[test]
    fn n_13_a_thousand_requests_in_a_second_get_the_burst_and_the_rate() {
        let mut budget = Budget::new(0);
        let times: Vec<u64> = (0..1_000).collect();
        assert_eq!(taken(&mut budget, &times), 149);
    }

    #[test]
    fn a_quiet_client_gets_its_burst_back_and_no_more() {
        let mut budget = Budget::new(0);
        assert_eq!(taken(&mut budget, &[0; 200]), 100);
        assert_eq!(taken(&mut budget, &[3_600_000; 200]), 100);
    }
}
