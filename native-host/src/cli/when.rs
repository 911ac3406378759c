//! Points in time: parsed as people write them, and formatted in local time with the offset.

use crate::config::quantity;
use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};
use meter_core::UnixMs;

/// The meaning of `--since`: `2h` ago, a date, date and time, `today` or `yesterday`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Since {
    /// This many milliseconds ago.
    Ago(u64),
    /// Local date and time.
    Local(DateTime),
    /// A moment with its offset.
    Moment(Timestamp),
    /// The beginning of the day this many days ago.
    Day(u8),
}

/// # Errors
/// A sentence for the person who wrote it.
pub(super) fn since(text: &str) -> Result<Since, String> {
    let text = text.trim();
    match text.to_lowercase().as_str() {
        "today" => return Ok(Since::Day(0)),
        "yesterday" => return Ok(Since::Day(1)),
        _ => {}
    }
    if let Ok(ms) = quantity::milliseconds(text) {
        return Ok(Since::Ago(ms));
    }
    // The stricter parser first: the other one would ignore the offset.
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(Since::Moment(moment));
    }
    let refused =
        || "write 2h, 30min, 7d, today, yesterday, 2026-11-28, or 2026-11-28T14:30".to_owned();
    // Likewise for a zone by its name.
    if text.contains('[') {
        let zoned = text.parse::<Zoned>().map_err(|_| refused())?;
        return Ok(Since::Moment(zoned.timestamp()));
    }
    text.parse().map(Since::Local).map_err(|_| refused())
}

impl Since {
    /// Milliseconds since 1970; 0 for a time before that.
    ///
    /// # Errors
    /// A sentence, if the calendar has no such moment.
    pub(super) fn at(self, now: UnixMs, zone: &TimeZone) -> Result<u64, String> {
        let out_of_range = |_: jiff::Error| "that is out of the calendar".to_owned();
        let moment = match self {
            Self::Ago(ms) => return Ok(now.get().saturating_sub(ms)),
            Self::Moment(moment) => moment,
            Self::Local(local) => {
                let zoned = local.to_zoned(zone.clone());
                zoned.map_err(out_of_range)?.timestamp()
            }
            Self::Day(ago) => {
                let today = timestamp(now).to_zoned(zone.clone()).date();
                let day = (0..ago).try_fold(today, |day, _| day.yesterday());
                let zoned = day.and_then(|day| day.to_zoned(zone.clone()));
                zoned.map_err(out_of_range)?.timestamp()
            }
        };
        Ok(u64::try_from(moment.as_millisecond()).unwrap_or(0))
    }
}

/// `2027-01-15 09:00:00 +01:00`.
pub(super) fn local(at: UnixMs, zone: &TimeZone) -> String {
    let zoned = timestamp(at).to_zoned(zone.clone());
    zoned.strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// `2027-01-15`, in UTC.
pub(super) fn day(at: UnixMs) -> String {
    let zoned = timestamp(at).to_zoned(TimeZone::UTC);
    zoned.strftime("%Y-%m-%d").to_string()
}

/// `09:00:00`.
pub(super) fn clock(at: UnixMs, zone: &TimeZone) -> String {
    timestamp(at)
        .to_zoned(zone.clone())
        .strftime("%H:%M:%S")
        .to_string()
}

/// The time zone of this computer or of `TZ`; UTC if neither is known.
pub(super) fn zone() -> TimeZone {
    TimeZone::try_system().unwrap_or(TimeZone::UTC)
}

fn timestamp(at: UnixMs) -> Timestamp {
    let ms = i64::try_from(at.get()).ok();
    let at = ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")
    }

    fn ms(text: &str) -> u64 {
        let at: Timestamp = text.parse().expect("a moment");
        u64::try_from(at.as_millisecond()).expect("after 1970")
    }

    #[test]
    fn times_are_local_and_show_their_offset_in_summer_and_winter() {
        for (at, expected) in [
            ("2027-01-15T08:00:00Z", "2027-01-15 09:00:00 +01:00"),
            ("2027-07-15T08:00:00Z", "2027-07-15 10:00:00 +02:00"),
            ("1970-01-01T00:00:00Z", "1970-01-01 01:00:00 +01:00"),
        ] {
            let at = UnixMs::new(ms(at)).expect("fits");
            assert_eq!(local(at, &berlin()), expected);
        }
        let last = local(
            UnixMs::new(i64::MAX.unsigned_abs()).unwrap_or(UnixMs::ZERO),
            &TimeZone::UTC,
        );
        assert!(last.ends_with("+00:00"), "{last}");
    }

    #[test]
    fn since_takes_what_people_write() {
        let now = UnixMs::new(ms("2027-03-28T12:00:00Z")).expect("fits");
        for (text, expected) in [
            ("2h", "2027-03-28T10:00:00Z"),
            ("1h30min", "2027-03-28T10:30:00Z"),
            ("7d", "2027-03-21T12:00:00Z"),
            ("2027-01-15", "2027-01-14T23:00:00Z"),
            ("2027-01-15T14:30", "2027-01-15T13:30:00Z"),
            ("2027-01-15 14:30", "2027-01-15T13:30:00Z"),
            ("2027-01-15T14:30:00Z", "2027-01-15T14:30:00Z"),
            ("2027-01-15T14:30:00-05:00", "2027-01-15T19:30:00Z"),
            ("2027-01-15T14:30:00[Etc/GMT+5]", "2027-01-15T19:30:00Z"),
            ("2 hours", "2027-03-28T10:00:00Z"),
            ("Today", "2027-03-27T23:00:00Z"),
            // The clocks went forward in that night.
            ("today", "2027-03-27T23:00:00Z"),
            ("yesterday", "2027-03-26T23:00:00Z"),
            ("100000d", "1970-01-01T00:00:00Z"),
            ("1960-01-01", "1970-01-01T00:00:00Z"),
        ] {
            let since = since(text).expect(text).at(now, &berlin());
            assert_eq!(since, Ok(ms(expected)), "{text}");
        }
        for text in [
            "",
            "2",
            "last week",
            "2027-13-01",
            "15.1.2027",
            "2027-02-30",
            "2h ago",
            "2027-01-15T14:30:00[Middle/Earth]",
        ] {
            assert!(
                since(text).is_err_and(|said| said.contains("2026-11-28")),
                "{text}"
            );
        }
    }
}
