//! What a ledger pays for a report: never more time than has passed, never more bytes than a day
//! allows.
//!
//! Each account has two budgets, in the form of a time up to which it was paid. What lies between
//! that time and now can still be paid, up to a backlog. So a clock that jumps gives away no more
//! than one backlog, and however many devices and chains an account has, and whatever they claim,
//! the sum of its awards stays below what its age allows.

use crate::{ByteCount, DurationMs, Policy, UnixMs};

/// Milliseconds in a day of the allowance.
fn day_ms() -> u128 {
    u128::from(DurationMs::DAY.get())
}

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

    /// The budgets at `now`, if the clock was far ahead when they were last used. Each that was
    /// paid further ahead than its backlog begins anew at `now`: otherwise its account would earn
    /// nothing until the clock has come there again, which can take years. What the account got by
    /// the jump was one backlog at most; what it had not claimed yet is lost, and is no more.
    ///
    /// A smaller step back changes nothing: that time is not paid twice.
    #[must_use]
    pub fn set_right(self, allowance: &Allowance, now: UnixMs) -> Self {
        let right = |paid_to: UnixMs, backlog| {
            if is_far_ahead(paid_to, backlog, now) {
                now
            } else {
                paid_to
            }
        };
        Self {
            time_paid_to: right(self.time_paid_to, allowance.time_backlog),
            bytes_paid_to: right(self.bytes_paid_to, allowance.byte_backlog),
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
            .checked_div(day_ms());
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
    /// Whether `time` is so far ahead of `now` that it was read from a clock that was wrong.
    #[must_use]
    pub const fn is_far_ahead(&self, time: UnixMs, now: UnixMs) -> bool {
        is_far_ahead(time, self.time_backlog, now)
    }

    /// The time in which the allowance grows by `bytes`, rounded up: against the claimant.
    fn time_for(&self, bytes: ByteCount) -> DurationMs {
        let whole = u128::from(bytes.get()).saturating_mul(day_ms());
        let per_day = u128::from(self.bytes_per_day.get());
        let time = match whole.checked_div(per_day) {
            Some(time) if time.saturating_mul(per_day) < whole => time.saturating_add(1),
            Some(time) => time,
            None => 0,
        };
        saturated(time, DurationMs::new)
    }
}

const fn is_far_ahead(time: UnixMs, backlog: DurationMs, now: UnixMs) -> bool {
    time.since(now) > backlog.get()
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
mod tests;
