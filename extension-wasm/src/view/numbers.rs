//! Bytes, times and dates as text, computed with integers.

/// Bytes with a unit, cut off and never rounded up: `999 B`, `1.0 kB`, `150 kB`, `1.2 MB`.
pub(crate) fn bytes_short(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000, "kB"),
        (1_000_000, "MB"),
        (1_000_000_000, "GB"),
        (1_000_000_000_000, "TB"),
    ];
    let fitting = UNITS.iter().rev().find(|(unit, _)| bytes >= *unit);
    match fitting {
        None => format!("{bytes} B"),
        Some((unit, name)) if bytes / unit >= 100 => format!("{} {name}", bytes / unit),
        Some((unit, name)) => {
            format!("{}.{} {name}", bytes / unit, bytes % unit / (unit / 10))
        }
    }
}

/// Whole seconds as `45 s`, `2 min 5 s`, `1 h 2 min`.
pub(super) fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    let pair = |large: u64, large_name, small: u64, small_name| match small {
        0 => format!("{large} {large_name}"),
        _ => format!("{large} {large_name} {small} {small_name}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => pair(seconds / 60, "min", seconds % 60, "s"),
        _ => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
    }
}

/// A running time: `0:07`, `12:34`, `1:00:00`.
pub(super) fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (hours, minutes, rest) = (seconds / 3_600, seconds % 3_600 / 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{rest:02}"),
        _ => format!("{hours}:{minutes:02}:{rest:02}"),
    }
}

/// `value` in units of 1/`unit`, exactly and without trailing zeros: `45`, `45.25`, `0.15`.
pub(super) fn exact(value: u64, unit: u64) -> String {
    let digits = usize::try_from(unit.ilog10()).unwrap_or_default();
    let text = format!("{}.{:0digits$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Milliseconds since 1970 as `2027-01-15T08:00:45Z`, for a `<time>` element. The year has four
/// digits; a later time becomes the last second of the year 9999.
pub(crate) fn iso_utc(ms: u64) -> String {
    const LAST_SECOND: u64 = 253_402_300_799;
    let seconds = (ms / 1_000).min(LAST_SECOND);
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second_of_day / 3_600,
        second_of_day % 3_600 / 60,
        second_of_day % 60
    )
}

/// Days since 1970-01-01 to year, month and day (H. Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`, for days that are not negative).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = match shifted_month {
        0..10 => shifted_month + 3,
        _ => shifted_month - 9,
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_cut_off_and_never_rounded_up() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_999, "1.9 kB"),
            (99_999, "99.9 kB"),
            (150_000, "150 kB"),
            (999_999, "999 kB"),
            (1_250_000, "1.2 MB"),
            (9_999_999_999, "9.9 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(bytes_short(bytes), text);
        }
    }

    #[test]
    fn times_use_the_two_largest_units() {
        for (ms, words, running) in [
            (0, "0 s", "0:00"),
            (45_999, "45 s", "0:45"),
            (60_000, "1 min", "1:00"),
            (125_000, "2 min 5 s", "2:05"),
            (3_600_000, "1 h", "1:00:00"),
            (3_720_000, "1 h 2 min", "1:02:00"),
        ] {
            assert_eq!(duration(ms), words);
            assert_eq!(clock(ms), running);
        }
    }

    #[test]
    fn exact_numbers_keep_what_they_need() {
        assert_eq!(exact(45_000, 1_000), "45");
        assert_eq!(exact(45_250, 1_000), "45.25");
        assert_eq!(exact(150_000, 1_000_000), "0.15");
        assert_eq!(exact(1, 1_000_000), "0.000001");
        assert_eq!(exact(0, 1_000), "0");
        assert_eq!(exact(10_000_000, 1_000_000), "10");
    }

    #[test]
    fn dates_know_leap_years() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_999, "2000-02-28T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_800_000_045_000, "2027-01-15T08:00:45Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso_utc(ms), text);
        }
        assert_eq!(iso_utc(253_402_300_800_000), "9999-12-31T23:59:59Z");
        assert_eq!(iso_utc(i64::MAX.unsigned_abs()), "9999-12-31T23:59:59Z");
    }
}
