//! Bytes and durations as text, computed with integers.

use meter_core::{ByteCount, DurationMs};

/// Bytes with a unit, cut off and never rounded up: `999 B`, `1.0 kB`, `150 kB`, `1.2 MB`.
pub(super) fn bytes_short(bytes: ByteCount) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let bytes = bytes.get();
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        None => format!("{bytes} B"),
        Some((unit, name)) if bytes / unit >= 100 => format!("{} {name}", bytes / unit),
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit / (unit / 10)),
    }
}

/// Like [`bytes_short`], without `.0`: `2 GB`.
pub(super) fn bytes_round(bytes: ByteCount) -> String {
    bytes_short(bytes).replace(".0 ", " ")
}

/// The two largest units: `250 ms`, `45 s`, `2 min 5 s`, `1 h 2 min`, `7 d`.
pub(super) fn duration(length: DurationMs) -> String {
    let seconds = length.get() / 1_000;
    let pair = |large: u64, large_name: &str, small: u64, small_name: &str| match small {
        0 => format!("{large} {large_name}"),
        _ => format!("{large} {large_name} {small} {small_name}"),
    };
    match seconds {
        // Something is never shown as nothing.
        0 if length > DurationMs::ZERO => format!("{} ms", length.get()),
        0..60 => format!("{seconds} s"),
        60..3_600 => pair(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// Milliseconds as seconds, exactly, with at least one decimal: `45.0`, `45.25`.
pub(super) fn seconds_exact(length: DurationMs) -> String {
    exact(length.get(), 1_000, 3)
}

/// Bytes as megabytes (10⁶ bytes), exactly, with at least one decimal: `0.15`, `2000.0`.
pub(super) fn megabytes_exact(bytes: ByteCount) -> String {
    exact(bytes.get(), 1_000_000, 6)
}

fn exact(value: u64, unit: u64, digits: usize) -> String {
    let text = format!("{}.{:0digits$}", value / unit, value % unit);
    let trimmed = text.trim_end_matches('0');
    match trimmed.ends_with('.') {
        true => format!("{trimmed}0"),
        false => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_cut_off_and_never_rounded_up() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_999, "1.9 kB"),
            (150_000, "150 kB"),
            (9_999_999_999, "9.9 GB"),
            (i64::MAX.unsigned_abs(), "9223372 TB"),
        ] {
            assert_eq!(bytes_short(ByteCount::new(bytes).expect("fits")), text);
        }
    }

    #[test]
    fn durations_use_the_two_largest_units() {
        for (ms, text) in [
            (0, "0 s"),
            (1, "1 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (45_999, "45 s"),
            (125_000, "2 min 5 s"),
            (7_200_000, "2 h"),
            (604_800_000, "7 d"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(duration(DurationMs::new(ms).expect("fits")), text);
        }
    }

    #[test]
    fn exact_quantities_keep_what_they_need() {
        let seconds = |ms| seconds_exact(DurationMs::from_u32(ms));
        let megabytes = |bytes| megabytes_exact(ByteCount::from_u32(bytes));
        assert_eq!(seconds(45_000), "45.0");
        assert_eq!(seconds(45_250), "45.25");
        assert_eq!(seconds(1), "0.001");
        assert_eq!(megabytes(150_000), "0.15");
        assert_eq!(megabytes(1), "0.000001");
        assert_eq!(megabytes(10_000_000), "10.0");
    }
}
