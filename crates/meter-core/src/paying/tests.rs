//! Sequences of claims, and a clock that jumps.

use super::*;
use crate::Tariff;
use proptest::prelude::*;

/// What a clock has shown that was new, and what can be earned by that at most.
struct Earnable {
    backlog: u64,
    highest: u64,
    latest: u64,
    most: u128,
}

impl Earnable {
    const fn new(backlog: DurationMs) -> Self {
        Self {
            backlog: backlog.get(),
            highest: 0,
            latest: 0,
            most: 0,
        }
    }

    fn reads(&mut self, now: u64) {
        let new = now.saturating_sub(self.highest);
        self.most += u128::from(new.min(self.backlog));
        // Whatever was paid up to the latest reading is set right at this one, for the device that
        // reports now. So what comes after it is new, to some accounts.
        if new > 0 || self.latest.saturating_sub(now) > self.backlog {
            self.highest = now;
        }
        self.latest = self.latest.max(now);
    }
}

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
fn a_clock_that_comes_back_from_far_ahead_pays_what_passes_from_then_on() {
    let year = 365 * 86_400_000;
    let ahead = Budgets::opened(at(0)).after(
        &DEFAULT,
        at(year),
        DurationMs::from_u32(60_000),
        ByteCount::from_u32(1),
    );
    let right = ahead.set_right(&DEFAULT, at(1_000));
    assert_eq!(right, Budgets::opened(at(1_000)));
    assert_eq!(right.time_left(&DEFAULT, at(61_000)).get(), 60_000);
    // One backlog ahead is what a correct clock may leave after it was set back.
    let backlog = DEFAULT.time_backlog.get();
    let edge = Budgets::opened(at(backlog));
    let right = edge.set_right(&DEFAULT, at(0));
    assert_eq!(right.time_paid_to, edge.time_paid_to);
    assert_eq!(right.bytes_paid_to, at(0), "its own backlog is shorter");
    let beyond = Budgets::opened(at(backlog + 1));
    assert_eq!(beyond.set_right(&DEFAULT, at(0)), Budgets::opened(at(0)));
    let now = Budgets::opened(at(5));
    assert_eq!(now.set_right(&DEFAULT, at(5)), now);
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
        let bytes = u128::from(bytes) * day_ms() / 2_000_000_000;
        prop_assert!(u128::from(restored.bytes_paid_to.since(at(0))) >= bytes);
    }

    /// A clock that jumps as it likes gives away no more than one backlog with each jump: what
    /// is new to it since it was last set right, and of each step no more than a backlog.
    #[test]
    fn no_jump_of_the_clock_pays_more_than_one_backlog(
        steps in proptest::collection::vec(
            (
                prop_oneof![
                    4 => (0_i64..90_000_000).prop_map(Ok),
                    1 => (-800_000_000_i64..0).prop_map(Ok),
                    1 => (0_u64..40_000_000_000).prop_map(Err),
                ],
                0_u64..8_000_000_000,
                0_u64..90_000_000_000,
            ),
            1..80,
        )
    ) {
        let (mut budgets, mut now) = (Budgets::opened(at(0)), 0_u64);
        let (mut time, mut bytes) = (0_u128, 0_u128);
        let mut for_time = Earnable::new(DEFAULT.time_backlog);
        let mut for_bytes = Earnable::new(DEFAULT.byte_backlog);
        for (step, duration, moved) in steps {
            now = match step {
                Ok(by) => now.saturating_add_signed(by),
                Err(to) => to,
            };
            for_time.reads(now);
            for_bytes.reads(now);
            budgets = budgets.set_right(&DEFAULT, at(now));
            // Nobody waits longer than a backlog.
            prop_assert!(budgets.time_paid_to.since(at(now)) <= DEFAULT.time_backlog.get());
            prop_assert!(budgets.bytes_paid_to.since(at(now)) <= DEFAULT.byte_backlog.get());
            let claim = Claim { enrolled: UnixMs::ZERO, ..claim(duration, moved, at(0)) };
            let long = Allowance { session_cap: DurationMs::from_u32(u32::MAX), ..DEFAULT };
            let grant = budgets.grant(&long, at(now), &claim);
            budgets = grant.budgets;
            time += u128::from(grant.duration.get());
            bytes += u128::from(grant.bytes.get());
            prop_assert!(time <= for_time.most);
            prop_assert!(bytes * day_ms() <= for_bytes.most * 2_000_000_000);
        }
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
            prop_assert!(bytes * day_ms() <= u128::from(now) * 2_000_000_000);
        }
    }
}
