//! Durations, bytes and times as an operator writes and reads them, computed with integers.

use meter_core::{ByteCount, DurationMs, UnixMs};

const TIMES: [(&str, u64); 5] = [
    ("d", DurationMs::DAY.get()),
    ("h", 3_600_000),
    ("min", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
const BYTES: [(&str, u64); 5] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Reads `7d`, `2h`, `90min`, `30s`.
pub(super) fn parse_duration(text: &str) -> Result<DurationMs, String> {
    let number = parse(text, &TIMES);
    number
        .and_then(DurationMs::new)
        .ok_or_else(|| "a whole number with d, h, min or s: 7d, 90min".to_owned())
}

/// Reads `2GB`, `500MB`.
pub(super) fn parse_bytes(text: &str) -> Result<ByteCount, String> {
    let number = parse(text, &BYTES);
    number
        .and_then(ByteCount::new)
        .ok_or_else(|| "a whole number with TB, GB, MB, kB or B: 2GB".to_owned())
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, size) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*size)
}

/// The largest unit in which it is a whole number: `7d`, `36h`.
pub(super) fn duration(length: DurationMs) -> String {
    format(length.get(), &TIMES)
}

/// The largest unit in which it is a whole number: `2GB`, `1500MB`.
pub(super) fn bytes(bytes: ByteCount) -> String {
    format(bytes.get(), &BYTES)
}

fn format(number: u64, units: &[(&str, u64)]) -> String {
    let whole = |(_, size): &&(&str, u64)| number.is_multiple_of(*size);
    match units.iter().find(whole) {
        Some((name, size)) if number > 0 => format!("{}{name}", number / size),
        _ => "0".to_owned(),
    }
}

/// `2026-11-28 21:40 UTC`.
pub(super) fn time(at: UnixMs) -> String {
    jiff::Timestamp::from_millisecond(at.get_signed()).map_or_else(
        |_| format!("{} ms", at.get()),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_again_as_the_same() {
        for text in ["7d", "36h", "90min", "45s", "1500ms"] {
            let length = parse_duration(text).expect("a duration");
            assert_eq!(duration(length), text);
        }
        for text in ["2GB", "1500MB", "1TB", "999B"] {
            assert_eq!(bytes(parse_bytes(text).expect("bytes")), text);
        }
        assert_eq!(parse_bytes("2 GB"), parse_bytes("2GB"));
        assert_eq!(duration(DurationMs::ZERO), "0");
    }

    #[test]
    fn a_number_without_a_unit_or_too_large_for_one_is_refused() {
        for text in [
            "",
            "7",
            "d",
            "1.5h",
            "-1d",
            "7 days",
            "2gb",
            "99999999999999999999d",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        assert!(parse_bytes("18446745TB").is_err());
    }
}
