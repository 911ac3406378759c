//! Days and moments of the ledger's clock, in UTC.

use jiff::{Timestamp, tz::TimeZone};
use meter_core::{DurationMs, UnixMs};

const MS_PER_DAY: u64 = DurationMs::DAY.get();

/// A day from 00:00 to 24:00 UTC: the number of days since 1970-01-01.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Day(u64);

impl Day {
    /// The day of a moment.
    #[must_use]
    pub const fn of(at: UnixMs) -> Self {
        Self(at.get() / MS_PER_DAY)
    }

    /// The day with this number of days since 1970-01-01, as a store computes it.
    #[must_use]
    pub const fn numbered(days: u64) -> Self {
        Self(days)
    }

    /// 00:00 UTC of this day.
    #[must_use]
    pub fn start(self) -> UnixMs {
        let ms = self.0.saturating_mul(MS_PER_DAY);
        UnixMs::new(ms).unwrap_or(UnixMs::ZERO)
    }

    /// `days` earlier; stops at 1970-01-01.
    #[must_use]
    pub const fn minus(self, days: u64) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// `days` later.
    #[must_use]
    pub const fn plus(self, days: u64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The Monday on or before this day.
    #[must_use]
    pub const fn monday(self) -> Self {
        // 1970-01-01 was a Thursday, the third day after a Monday.
        Self(self.0.saturating_sub(self.0.saturating_add(3) % 7))
    }

    /// How many days this is after `earlier`; zero when it is not after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `28 November 2026`.
    pub(super) fn long(self) -> String {
        written(self.start(), "%-d %B %Y")
    }

    /// `28 Nov 2026`.
    pub(super) fn dated(self) -> String {
        written(self.start(), "%-d %b %Y")
    }

    /// `28 Nov`.
    pub(super) fn short(self) -> String {
        written(self.start(), "%-d %b")
    }

    /// `Sat`.
    pub(super) fn weekday(self) -> String {
        written(self.start(), "%a")
    }

    /// `2026-11-28`, for a `<time>` element.
    pub(super) fn iso(self) -> String {
        written(self.start(), "%Y-%m-%d")
    }
}

/// A moment of the ledger's clock, for a `<time>` element.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment(pub UnixMs);

impl Moment {
    /// `28 Nov 2026, 21:03`.
    #[must_use]
    pub fn minute(&self) -> String {
        written(self.0, "%-d %b %Y, %H:%M")
    }

    /// `28 Nov 2026, 21:03:45`.
    #[must_use]
    pub fn second(&self) -> String {
        written(self.0, "%-d %b %Y, %H:%M:%S")
    }

    /// `2026-11-28T21:03:45Z`.
    #[must_use]
    pub fn iso(&self) -> String {
        written(self.0, "%Y-%m-%dT%H:%M:%SZ")
    }

    /// How long before `now` this was, in one unit: `just now`, `5 minutes ago`, `3 days ago`.
    #[must_use]
    pub fn ago(&self, now: UnixMs) -> String {
        let minutes = now.since(self.0) / 60_000;
        let (number, one, more) = match minutes {
            0 => return "just now".to_owned(),
            1..60 => (minutes, "minute", "minutes"),
            60..1_440 => (minutes / 60, "hour", "hours"),
            _ => (minutes / 1_440, "day", "days"),
        };
        format!("{number} {} ago", if number == 1 { one } else { more })
    }
}

/// A moment in UTC. A moment after the year 9999, which no clock of a ledger reaches, is written as
/// its number.
fn written(at: UnixMs, form: &str) -> String {
    match Timestamp::from_millisecond(at.get_signed()) {
        Ok(moment) => moment.to_zoned(TimeZone::UTC).strftime(form).to_string(),
        Err(_) => format!("{} ms after 1970", at.get()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> UnixMs {
        UnixMs::new(ms).expect("fits")
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let midnight = 1_795_910_400_000;
        let day = Day::of(at(midnight));
        assert_eq!(day.iso(), "2026-11-29");
        assert_eq!(Day::of(at(midnight - 1)).iso(), "2026-11-28");
        assert_eq!(Day::of(at(midnight + MS_PER_DAY - 1)), day);
        assert_eq!(
            (day.long(), day.short()),
            ("29 November 2026".into(), "29 Nov".into())
        );
    }

    #[test]
    fn a_week_begins_on_monday() {
        let sunday = Day::of(at(1_795_910_400_000));
        assert_eq!(sunday.weekday(), "Sun");
        assert_eq!(sunday.monday().iso(), "2026-11-23");
        assert_eq!(sunday.plus(1).monday(), sunday.plus(1));
        assert_eq!(sunday.since(sunday.monday()), 6);
    }

    #[test]
    fn a_moment_says_how_long_ago_it_was() {
        let now = at(10 * MS_PER_DAY);
        for (before, text) in [
            (0, "just now"),
            (60_000, "1 minute ago"),
            (7_200_000, "2 hours ago"),
            (3 * MS_PER_DAY, "3 days ago"),
        ] {
            assert_eq!(Moment(at(now.get() - before)).ago(now), text);
        }
        assert_eq!(Moment(at(now.get() + 1)).ago(now), "just now");
    }

    #[test]
    fn a_moment_that_no_calendar_holds_is_a_number() {
        assert_eq!(Moment(at(1_795_910_400_000)).iso(), "2026-11-29T00:00:00Z");
        let last = at(i64::MAX.unsigned_abs());
        assert_eq!(Moment(last).iso(), "9223372036854775807 ms after 1970");
    }
}
