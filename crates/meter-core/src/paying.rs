//! What a ledger pays for a report: never more time than has passed, never more bytes than a day
//! allows.
//!
//! Each account has two budgets, in the form of a time up to which it was paid. What lies between
//! that time and now can still be paid, up to a backlog. So a clock that jumps gives away no more
//! than one backlog, and however many devices and chains an account has, and whatever they claim,
//! the sum of its awards stays below what its age allows.

use crate::{ByteCount, DurationMs, Policy, UnixMs};

/// Milliseconds in a day of the allowance.
const DAY_MS: u128 = 86_400_000;

/// The part of a policy that bounds awards.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allowance {
    /// How much unpaid time an account can collect.
    pub time_backlog: DurationMs,
    /// Bytes that an account is paid for in a day.
    pub bytes_per_day: ByteCount,
    /// How much time the allowance for bytes can collect.
    pub byte_backlog: DurationMs,
    /// Longest session that is paid.
    pub session_cap: DurationMs,
}

/// The budgets of one account: the times up to which it was paid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budgets {
    /// For time.
    pub time_paid_to: UnixMs,
    /// For bytes.
    pub bytes_paid_to: UnixMs,
}

/// What a report claims, and when its device was enrolled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Claim {
    /// Monotonic time.
    pub duration: DurationMs,
    /// Bytes of both directions.
    pub bytes: ByteCount,
    /// When the device was enrolled, by the ledger's clock.
    pub enrolled: UnixMs,
}

/// What is paid for a claim. A field of a reason is true if and only if it is why less is paid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The time that is paid.
    pub duration: DurationMs,
    /// The bytes that are paid.
    pub bytes: ByteCount,
    /// Time: the account has been paid for all the time that has passed.
    pub time_budget: bool,
    /// Bytes: the account's allowance is used up.
    pub byte_budget: bool,
    /// Time: the session is longer than the device is enrolled.
    pub before_enrolment: bool,
    /// Time: the session is longer than the policy pays.
    pub session_cap: bool,
    /// The budgets afterwards.
    pub budgets: Budgets,
}

impl Budgets {
    /// The budgets of an account that is opened at `now`: nothing can be paid yet.
    #[must_use]
    pub const fn opened(now: UnixMs) -> Self {
        Self {
            time_paid_to: now,
            bytes_paid_to: now,
        }
    }

    /// Pays as much of `claim` as the budgets hold at `now`, the ledger's time.
    #[must_use]
    pub fn grant(self, allowance: &Allowance, now: UnixMs, claim: &Claim) -> Grant {
        let capped = claim.duration.min(allowance.session_cap);
        let possible = capped.min(elapsed(claim.enrolled, now));
        let duration = possible.min(self.time_left(allowance, now));
        let bytes = claim.bytes.min(self.bytes_left(allowance, now));
        Grant {
            duration,
            bytes,
            session_cap: capped < claim.duration,
            before_enrolment: possible < capped,
            time_budget: duration < possible,
            byte_budget: bytes < claim.bytes,
            budgets: self.after(allowance, now, duration, bytes),
        }
    }

    /// The budgets after `duration` and `bytes` were paid at `now`.
    #[must_use]
    pub fn after(
        self,
        allowance: &Allowance,
        now: UnixMs,
        duration: DurationMs,
        bytes: ByteCount,
    ) -> Self {
        let time = begin(self.time_paid_to, allowance.time_backlog, now);
        let for_bytes = begin(self.bytes_paid_to, allowance.byte_backlog, now);
        Self {
            time_paid_to: later(time, duration),
            bytes_paid_to: later(for_bytes, allowance.time_for(bytes)),
        }
    }

    /// The budgets after an award was put back that this ledger gave before it was restored from an
    /// older copy. The award was bounded when it was given, so no backlog ends here: in whatever
    /// order awards are put back, they use up no more than they did at first.
    #[must_use]
    pub fn after_return(
        self,
        allowance: &Allowance,
        duration: DurationMs,
        bytes: ByteCount,
    ) -> Self {
        Self {
            time_paid_to: later(self.time_paid_to, duration),
            bytes_paid_to: later(self.bytes_paid_to, allowance.time_for(bytes)),
        }
    }

    /// How much time can be paid at `now`.
    #[must_use]
    pub fn time_left(self, allowance: &Allowance, now: UnixMs) -> DurationMs {
        elapsed(begin(self.time_paid_to, allowance.time_backlog, now), now)
    }

    /// How many bytes can be paid at `now`.
    #[must_use]
    pub fn bytes_left(self, allowance: &Allowance, now: UnixMs) -> ByteCount {
        let time = elapsed(begin(self.bytes_paid_to, allowance.byte_backlog, now), now);
        let bytes = u128::from(time.get())
            .saturating_mul(u128::from(allowance.bytes_per_day.get()))
            .checked_div(DAY_MS);
        saturated(bytes.unwrap_or(0), ByteCount::new)
    }
}

impl Policy {
    /// The part of this policy that bounds awards.
    #[must_use]
    pub const fn allowance(&self) -> Allowance {
        Allowance {
            time_backlog: self.time_backlog,
            bytes_per_day: self.bytes_per_day,
            byte_backlog: self.byte_backlog,
            session_cap: self.session_cap,
        }
    }
}

impl Allowance {
    /// The time in which the allowance grows by `bytes`, rounded up: against the claimant.
    fn time_for(&self, bytes: ByteCount) -> DurationMs {
        let whole = u128::from(bytes.get()).saturating_mul(DAY_MS);
        let per_day = u128::from(self.bytes_per_day.get());
        let time = match whole.checked_div(per_day) {
            Some(time) if time.saturating_mul(per_day) < whole => time.saturating_add(1),
            Some(time) => time,
            None => 0,
        };
        saturated(time, DurationMs::new)
    }
}

/// What was not paid for longer than the backlog is no longer paid.
fn begin(paid_to: UnixMs, backlog: DurationMs, now: UnixMs) -> UnixMs {
    let oldest = UnixMs::new(now.get().saturating_sub(backlog.get()));
    paid_to.max(oldest.unwrap_or(UnixMs::ZERO))
}

fn elapsed(from: UnixMs, to: UnixMs) -> DurationMs {
    DurationMs::new(to.since(from)).unwrap_or(DurationMs::ZERO)
}

fn later(time: UnixMs, by: DurationMs) -> UnixMs {
    time.saturating_add(UnixMs::new(by.get()).unwrap_or(UnixMs::ZERO))
}

fn saturated<T>(number: u128, unit: fn(u64) -> Option<T>) -> T {
    let number = u64::try_from(number)
        .unwrap_or(u64::MAX)
        .min(crate::units::VALUE_MAX);
    unit(number).expect("at most 2^63 - 1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tariff;
    use proptest::prelude::*;

    const DEFAULT: Allowance = Allowance {
        time_backlog: DurationMs::from_u32(604_800_000),
        bytes_per_day: ByteCount::from_u32(2_000_000_000),
        byte_backlog: DurationMs::from_u32(86_400_000),
        session_cap: DurationMs::from_u32(7_200_000),
    };

    fn at(ms: u64) -> UnixMs {
        UnixMs::new(1_800_000_000_000 + ms).expect("small")
    }

    fn claim(ms: u64, bytes: u64, enrolled: UnixMs) -> Claim {
        Claim {
            duration: DurationMs::new(ms).expect("small"),
            bytes: ByteCount::new(bytes).expect("small"),
            enrolled,
        }
    }

    #[test]
    fn an_honest_session_is_paid_in_full_and_once() {
        let budgets = Budgets::opened(at(0));
        let honest = claim(45_000, 150_000, at(0));
        let grant = budgets.grant(&DEFAULT, at(60_000), &honest);
        assert_eq!(grant.duration, honest.duration);
        assert_eq!(grant.bytes, honest.bytes);
        let reasons = [
            grant.time_budget,
            grant.byte_budget,
            grant.before_enrolment,
            grant.session_cap,
        ];
        assert_eq!(reasons, [false; 4]);
        let again = grant.budgets.grant(&DEFAULT, at(60_000), &honest);
        assert_eq!(again.duration.get(), 15_000);
        assert!(again.time_budget && !again.before_enrolment);
    }

    #[test]
    fn each_reason_stands_for_what_is_missing_and_for_nothing_else() {
        let budgets = Budgets::opened(at(0));
        let young = budgets.grant(&DEFAULT, at(10_000), &claim(30_000, 0, at(0)));
        assert_eq!(young.duration.get(), 10_000);
        assert!(young.before_enrolment && !young.time_budget && !young.byte_budget);
        let long = budgets.grant(&DEFAULT, at(90_000_000), &claim(7_200_001, 0, at(0)));
        assert_eq!(long.duration.get(), 7_200_000);
        assert!(long.session_cap && !long.time_budget && !long.before_enrolment);
        let heavy = budgets.grant(
            &DEFAULT,
            at(43_200_000),
            &claim(1_000, 1_000_000_001, at(0)),
        );
        assert_eq!(heavy.bytes.get(), 1_000_000_000);
        assert!(heavy.byte_budget && !heavy.time_budget);
    }

    #[test]
    fn a_clock_that_jumps_gives_away_at_most_one_backlog() {
        let budgets = Budgets::opened(at(0));
        let year = at(365 * 86_400_000);
        assert_eq!(budgets.time_left(&DEFAULT, year), DEFAULT.time_backlog);
        assert_eq!(budgets.bytes_left(&DEFAULT, year), DEFAULT.bytes_per_day);
        let paid = budgets.after(&DEFAULT, year, DEFAULT.time_backlog, DEFAULT.bytes_per_day);
        // Back again: nothing is paid, and nothing becomes negative.
        assert_eq!(paid.time_left(&DEFAULT, at(0)), DurationMs::ZERO);
        assert_eq!(paid.bytes_left(&DEFAULT, at(0)), ByteCount::ZERO);
    }

    #[test]
    fn a_policy_that_pays_no_bytes_pays_none_and_divides_by_nothing() {
        let none = Allowance {
            bytes_per_day: ByteCount::ZERO,
            ..DEFAULT
        };
        let grant = Budgets::opened(at(0)).grant(&none, at(60_000), &claim(1_000, 5, at(0)));
        assert_eq!(grant.bytes, ByteCount::ZERO);
        assert!(grant.byte_budget);
    }

    proptest! {
        /// A restored ledger must neither pay twice nor let an honest account wait.
        #[test]
        fn awards_that_are_put_back_in_any_order_use_up_no_more_than_they_did(
            steps in proptest::collection::vec(
                (0_u64..2_000_000_000, 0_u64..8_000_000, 0_u64..3_000_000_000, any::<u32>()),
                1..40,
            )
        ) {
            let (mut budgets, mut now) = (Budgets::opened(at(0)), 0);
            let mut awards = Vec::new();
            for (wait, duration, moved, order) in steps {
                now += wait;
                let grant = budgets.grant(&DEFAULT, at(now), &claim(duration, moved, at(0)));
                budgets = grant.budgets;
                awards.push((order, grant.duration, grant.bytes));
            }
            awards.sort_unstable();
            let mut restored = Budgets::opened(at(0));
            let (mut time, mut bytes) = (0, 0);
            for (_, duration, moved) in awards {
                restored = restored.after_return(&DEFAULT, duration, moved);
                time += duration.get();
                bytes += moved.get();
            }
            prop_assert!(restored.time_paid_to <= budgets.time_paid_to);
            prop_assert!(restored.bytes_paid_to <= budgets.bytes_paid_to);
            prop_assert!(restored.time_paid_to >= at(time));
            let bytes = u128::from(bytes) * DAY_MS / 2_000_000_000;
            prop_assert!(u128::from(restored.bytes_paid_to.since(at(0))) >= bytes);
        }

        /// The price of a lie: whatever is claimed, and whenever, an account is paid no more than
        /// its age allows.
        #[test]
        fn no_sequence_of_claims_beats_the_age_of_the_account(
            steps in proptest::collection::vec(
                (
                    0_u64..200_000_000,
                    0_u64..=u64::MAX / 2,
                    0_u64..=u64::MAX / 2,
                    0_u64..100_000_000,
                ),
                1..60,
            )
        ) {
            let mut budgets = Budgets::opened(at(0));
            let (mut now, mut time, mut bytes) = (0_u64, 0_u128, 0_u128);
            for (wait, duration, moved, enrolled) in steps {
                now += wait;
                let claim = claim(duration, moved, at(enrolled.min(now)));
                let grant = budgets.grant(&DEFAULT, at(now), &claim);
                prop_assert!(grant.duration <= claim.duration && grant.bytes <= claim.bytes);
                prop_assert_eq!(
                    grant.duration < claim.duration,
                    grant.time_budget || grant.before_enrolment || grant.session_cap
                );
                prop_assert_eq!(grant.bytes < claim.bytes, grant.byte_budget);
                prop_assert!(Tariff::V1.award(grant.duration, grant.bytes).is_ok());
                budgets = grant.budgets;
                prop_assert!(budgets.time_paid_to <= at(now) && budgets.bytes_paid_to <= at(now));
                time += u128::from(grant.duration.get());
                bytes += u128::from(grant.bytes.get());
                prop_assert!(time <= u128::from(now));
                prop_assert!(bytes * DAY_MS <= u128::from(now) * 2_000_000_000);
            }
        }
    }
}
