//! Decimal numbers and dates in the one spelling that machines read, computed with integers.

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
