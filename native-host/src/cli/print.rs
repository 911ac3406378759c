//! Words and columns for people.

use meter_core::{Amount, UnixMs};
use meter_wire::U64Text;

/// `1,234,567` bytes as `1.23 MB`; exact below 1 kB. Rounded half up in integers.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    for (unit, name) in UNITS {
        if count >= unit {
            let hundredths = (count / (unit / 100))
                .saturating_add(u64::from(count % (unit / 100) >= unit / 200));
            return format!("{}.{:02} {name}", hundredths / 100, hundredths % 100);
        }
    }
    format!("{count} bytes")
}

/// `754321` ms as `12 min 34 s`.
pub(super) fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// `once`, `twice`, `5 times`.
pub(super) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// Credits of an amount that came as text.
pub(super) fn credits(amount: U64Text) -> String {
    Amount::new(amount.0).map_or_else(|| "?".to_owned(), meter_core::credits_short)
}

/// `2027-01-15 08:00:00 UTC` (proleptic Gregorian calendar; days to civil date after Hinnant).
pub(super) fn time(at: UnixMs) -> String {
    let seconds = at.get() / 1_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days.saturating_add(719_468);
    let era_day = shifted % 146_097;
    let year_of_era = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * year_day + 2) / 153;
    let day = year_day - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = (shifted / 146_097).saturating_mul(400) + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_rounded_to_what_a_person_reads() {
        for (count, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.00 kB"),
            (150_000, "150.00 kB"),
            (1_234_567, "1.23 MB"),
            (1_235_000, "1.24 MB"),
            (5_000_000_000, "5.00 GB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn times_are_civil_dates() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (1_800_000_000_000, "2027-01-15 08:00:00 UTC"),
            (4_107_542_399_000, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(time(UnixMs::new(ms).expect("fits")), text);
        }
    }

    #[test]
    fn durations_lose_what_nobody_needs() {
        assert_eq!(duration(45_999), "45 s");
        assert_eq!(duration(754_321), "12 min 34 s");
        assert_eq!(duration(7_380_000), "2 h 3 min");
    }
}
