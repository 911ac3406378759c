//! What is wrong with the clock of this computer, as far as it shows: reports are dated by it.

use super::when;
use crate::{home::Home, last_signed::LastSigned, system::clock::Clock};
use meter_core::UnixMs;

/// 2020-01-01: before the first version.
const EARLIEST_MS: u64 = 1_577_836_800_000;
/// The end of the year 9999, after which dates have more than four digits.
const LATEST_MS: u64 = 253_402_300_800_000;
/// Clocks that are set by hand differ by hours, and time zones by a day.
const BEHIND_MAX_MS: u64 = 24 * 60 * 60 * 1_000;

/// A sentence about a clock that is certainly wrong.
pub(super) fn note(home: &Home) -> Option<String> {
    let known = LastSigned::load(&home.last_signed()).ok();
    let last = known.and_then(|known| known.in_use().map(|entry| entry.ended_at));
    let why = wrong(Clock::wall(), last)?;
    Some(format!(
        "the clock of this computer is wrong: it says {}, {why}; set it, since each report says \
            when its session began and ended",
        when::local(Clock::wall(), &when::zone())
    ))
}

/// Why a clock is wrong that says `now`, after a report that ended at `last`.
fn wrong(now: UnixMs, last: Option<UnixMs>) -> Option<String> {
    if !(EARLIEST_MS..LATEST_MS).contains(&now.get()) {
        return Some("which cannot be".to_owned());
    }
    let last = last?;
    let behind = last.get().saturating_sub(now.get());
    (behind > BEHIND_MAX_MS).then(|| {
        let last = when::local(last, &when::zone());
        format!("and the last report ended at {last}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_long_before_the_last_report_or_outside_of_all_years() {
        let at = |ms| UnixMs::new(ms).expect("fits");
        let day = BEHIND_MAX_MS;
        let last = EARLIEST_MS + 10 * day;
        for (now, last, is_wrong) in [
            (0, None, true),
            (EARLIEST_MS - 1, None, true),
            (EARLIEST_MS, None, false),
            (LATEST_MS, None, true),
            (last, Some(last), false),
            (last - day, Some(last), false),
            (last - day - 1, Some(last), true),
        ] {
            assert_eq!(wrong(at(now), last.map(at)).is_some(), is_wrong, "{now}");
        }
    }
}
