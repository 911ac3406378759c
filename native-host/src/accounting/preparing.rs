//! When the outbox is made, and when it is tried again: not each second, and not while nothing has
//! changed.

use meter_core::{ChainId, MonotonicMs};
use meter_wire::ErrorCode;

/// The first pause after a failure, and the longest.
const PAUSE_FIRST_MS: u64 = 2_000;
const PAUSE_LONGEST_MS: u64 = 300_000;

/// The last try to make the outbox.
#[derive(Debug, Default)]
pub(super) struct Preparing {
    /// The chain in use then. Another one is a reason to try again.
    chain: Option<ChainId>,
    next: Next,
    failures: u32,
    /// The cause that was logged last.
    logged: Option<ErrorCode>,
}

#[derive(Debug, Default)]
enum Next {
    #[default]
    Now,
    At(MonotonicMs),
    /// After [`Preparing::wake`].
    Woken,
}

impl Preparing {
    /// Something has changed: an enrolment, the book, or a person wants it.
    pub(super) const fn wake(&mut self) {
        (self.next, self.failures) = (Next::Now, 0);
    }

    pub(super) fn is_due(&self, now: MonotonicMs, chain: ChainId) -> bool {
        match self.next {
            _ if self.chain != Some(chain) => true,
            Next::Now => true,
            Next::At(due) => now >= due,
            Next::Woken => false,
        }
    }

    /// There is an outbox for the chain now, or there needs to be none: no enrolment is in force.
    pub(super) const fn done(&mut self, chain: ChainId) {
        *self = Self {
            chain: Some(chain),
            next: Next::Woken,
            failures: 0,
            logged: None,
        };
    }

    /// Why it could not be made at the last try; `None` after one that succeeded.
    pub(super) const fn cause(&self) -> Option<ErrorCode> {
        self.logged
    }

    /// It cannot be made. Returns whether that belongs in the log: once for each cause.
    pub(super) fn failed(&mut self, now: MonotonicMs, chain: ChainId, cause: ErrorCode) -> bool {
        let pause = PAUSE_FIRST_MS.checked_shl(self.failures.min(20));
        let pause = pause.unwrap_or(PAUSE_LONGEST_MS).min(PAUSE_LONGEST_MS);
        let due = now.saturating_add(MonotonicMs::new(pause).unwrap_or(now));
        (self.chain, self.next) = (Some(chain), Next::At(due));
        self.failures = self.failures.saturating_add(1);
        self.logged.replace(cause) != Some(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAIN: ChainId = ChainId([1; 16]);
    const OTHER: ChainId = ChainId([2; 16]);

    fn at(ms: u64) -> MonotonicMs {
        MonotonicMs::new(ms).expect("fits")
    }

    #[test]
    fn a_failure_is_tried_again_after_longer_and_longer_pauses_up_to_five_minutes() {
        let mut preparing = Preparing::default();
        let (mut now, mut pauses) = (0, Vec::new());
        for _ in 0..10 {
            assert!(preparing.is_due(at(now), CHAIN));
            preparing.failed(at(now), CHAIN, ErrorCode::ReceiptsUnwritable);
            let begin = now;
            while !preparing.is_due(at(now), CHAIN) {
                now += 1_000;
            }
            pauses.push((now - begin) / 1_000);
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn each_cause_is_logged_once_until_it_has_worked_again() {
        let mut preparing = Preparing::default();
        let mut logs = |cause| preparing.failed(at(0), CHAIN, cause);
        assert!(logs(ErrorCode::ReceiptsUnwritable));
        assert!(!logs(ErrorCode::ReceiptsUnwritable));
        assert!(logs(ErrorCode::ReceiptsDamaged));
        assert!(!logs(ErrorCode::ReceiptsDamaged));
        preparing.done(CHAIN);
        assert!(preparing.failed(at(0), CHAIN, ErrorCode::ReceiptsDamaged));
    }

    #[test]
    fn without_an_enrolment_nothing_is_tried_until_something_changes() {
        let mut preparing = Preparing::default();
        preparing.done(CHAIN);
        assert!(!preparing.is_due(at(1_000_000_000), CHAIN));
        assert!(preparing.is_due(at(0), OTHER), "another chain");
        preparing.wake();
        assert!(preparing.is_due(at(0), CHAIN));
        preparing.failed(at(0), CHAIN, ErrorCode::ReceiptsUnwritable);
        assert!(!preparing.is_due(at(1_999), CHAIN));
        assert!(preparing.is_due(at(0), OTHER));
        preparing.wake();
        assert!(preparing.is_due(at(0), CHAIN));
    }
}
