//! Durations and numbers of bytes as people write them: `30s`, `10min`, `100kB`, `1.5MB`. Integers
//! only.

use std::time::Duration;

/// The names of a unit, and its value in the smallest unit.
type Unit = (&'static [&'static str], u64);

const DURATIONS: &[Unit] = &[
    (&["ms"], 1),
    (&["s", "S", "sec", "secs", "second", "seconds"], 1_000),
    (&["min", "m", "mins", "minute", "minutes"], 60_000),
    (&["h", "H", "hr", "hrs", "hour", "hours"], 3_600_000),
    (&["d", "day", "days"], 86_400_000),
    (&["w", "week", "weeks"], 604_800_000),
];

const SIZES: &[Unit] = &[
    (&["B", "bytes", "byte"], 1),
    (&["kB", "KB", "kb"], 1_000),
    (&["MB", "mb"], 1_000_000),
    (&["GB", "gb"], 1_000_000_000),
    (&["TB", "tb"], 1_000_000_000_000),
];

/// Milliseconds of a text such as `30s`, `10min`, `1.5h` or `1h30min`.
///
/// # Errors
/// A sentence for the person who wrote it.
pub(crate) fn milliseconds(text: &str) -> Result<u64, String> {
    let example = "write it like 500ms, 30s, 10min, 2h or 1h30min";
    parse(text, DURATIONS).map_err(|why| format!("{why}; {example}"))
}

/// Like [`milliseconds`], for options: must be greater than zero.
///
/// # Errors
/// A sentence for the person who wrote it.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match milliseconds(text)? {
        0 => Err("it must be more than 0".to_owned()),
        ms => Ok(Duration::from_millis(ms)),
    }
}

/// Bytes of a text such as `100kB`, `1.5MB` or `100000`; a kB has 1,000 bytes.
///
/// # Errors
/// A sentence for the person who wrote it.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return text.parse().map_err(|_| TOO_LARGE.to_owned());
    }
    let example = "write it like 100000, 100kB or 1.5MB, where a kB has 1,000 bytes";
    parse(text, SIZES).map_err(|why| format!("{why}; {example}"))
}

const TOO_LARGE: &str = "it is too large";

/// Adds up the parts of a text, each a number with a unit.
fn parse(text: &str, units: &[Unit]) -> Result<u64, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let number_ends = |letter: char| !letter.is_ascii_digit() && letter != '.';
        let (number, after) = split_at(rest, number_ends);
        if number.is_empty() {
            return Err(format!("there is no number at “{rest}”"));
        }
        let unit_ends = |letter: char| !letter.is_alphabetic();
        let (unit, after) = split_at(after.trim_start(), unit_ends);
        let each = units.iter().find(|(names, _)| names.contains(&unit));
        let each = each.map(|(_, each)| *each).ok_or_else(|| match unit {
            "" if after.starts_with([',', '٫', '٬']) => format!(
                "{number} is followed by a comma; write decimals with a point, thousands without"
            ),
            "" => format!("{number} has no unit"),
            unit => format!("{unit} is no unit here"),
        })?;
        let part = times(number, each)?;
        sum = sum.checked_add(part).ok_or_else(|| TOO_LARGE.to_owned())?;
        rest = after.trim_start();
    }
    Ok(sum)
}

fn split_at(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// A decimal number times a unit, exactly.
fn times(number: &str, each: u64) -> Result<u64, String> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || number.ends_with('.') || fraction.contains('.') {
        return Err(format!("{number} is no number"));
    }
    let too_large = || TOO_LARGE.to_owned();
    let whole: u64 = whole.parse().map_err(|_| too_large())?;
    let mut sum = whole.checked_mul(each).ok_or_else(too_large)?;
    let mut place = each;
    for digit in fraction.chars().filter_map(|digit| digit.to_digit(10)) {
        if digit != 0 && !place.is_multiple_of(10) {
            return Err(format!(
                "{number} has more decimals than its unit has parts"
            ));
        }
        place /= 10;
        let part = place.checked_mul(u64::from(digit)).ok_or_else(too_large)?;
        sum = sum.checked_add(part).ok_or_else(too_large)?;
    }
    Ok(sum)
}

/// Formats milliseconds exactly and briefly: `30000` ms as `30s`.
pub(crate) fn show_ms(ms: u64) -> String {
    let units = [(3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let unit = units
        .iter()
        .find(|(each, _)| ms != 0 && ms.is_multiple_of(*each));
    unit.map_or_else(
        || format!("{ms}ms"),
        |(each, name)| format!("{}{name}", ms / each),
    )
}

/// `100000` bytes as `100kB`.
pub(crate) fn show_bytes(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = units
        .iter()
        .find(|(each, _)| bytes != 0 && bytes.is_multiple_of(*each));
    unit.map_or_else(
        || format!("{bytes}B"),
        |(each, name)| format!("{}{name}", bytes / each),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_what_they_say() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("30 s", 30_000),
            (" 30s ", 30_000),
            ("10min", 600_000),
            ("10m", 600_000),
            ("1.5h", 5_400_000),
            ("1h30min", 5_400_000),
            ("1h 30min 5s", 5_405_000),
            ("2d", 172_800_000),
            ("30 seconds", 30_000),
            ("1 hour 30 minutes", 5_400_000),
            ("2weeks", 1_209_600_000),
            ("0.25s", 250),
            ("0s", 0),
        ] {
            assert_eq!(milliseconds(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn sizes_have_a_thousand_bytes_to_a_kilobyte() {
        for (text, count) in [
            ("100000", 100_000),
            ("100kB", 100_000),
            ("100 kB", 100_000),
            ("100KB", 100_000),
            ("1MB", 1_000_000),
            ("1.5MB", 1_500_000),
            ("0.000001MB", 1),
            ("2 GB", 2_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(bytes(text), Ok(count), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused_with_an_example() {
        for text in [
            "",
            " ",
            "s",
            "30",
            "30x",
            "1M",
            "PT30S",
            "00:30",
            "-5s",
            "+5s",
            "1,5s",
            "1..5s",
            "1.s",
            ".5s",
            "1e3s",
            "٣s",
            "0.0001s",
            "99999999999999999999s",
            "999999999999999d",
            "30s!",
            "∞s",
        ] {
            let said = milliseconds(text).expect_err(text);
            assert!(said.contains("like 500ms, 30s"), "{text}: {said}");
        }
        for text in [
            "", "kB", "-1", "1KiB", "1MiB", "100 k", "0.1B", "0.0001kB", "1Mbit",
        ] {
            let said = bytes(text).expect_err(text);
            assert!(said.contains("like 100000, 100kB"), "{text}: {said}");
        }
        assert!(bytes("99999999999999999999").is_err());
        assert!(milliseconds("30").is_err_and(|said| said.contains("30 has no unit")));
        for comma in ["1,5s", "0,1 min"] {
            assert!(milliseconds(comma).is_err_and(|said| said.contains("with a point")));
        }
        assert!(bytes("100,000").is_err_and(|said| said.contains("with a point")));
        assert!(bytes("1KiB").is_err_and(|said| said.contains("KiB is no unit")));
        assert!(duration("0s").is_err());
    }

    #[test]
    fn what_is_shown_can_be_given_again() {
        for ms in [1, 999, 1_000, 30_000, 60_000, 90_000, 3_600_000, 0] {
            assert_eq!(milliseconds(&show_ms(ms)), Ok(ms));
        }
        for count in [0, 1, 999, 1_000, 150_000, 1_000_000, 1_234_567] {
            assert_eq!(bytes(&show_bytes(count)), Ok(count));
        }
        assert_eq!(
            (show_ms(600_000), show_bytes(100_000)),
            ("10min".into(), "100kB".into())
        );
    }
}
