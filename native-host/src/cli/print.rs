//! Texts and columns for people.

pub(super) use crate::counted::{counted, grouped, were};
use meter_core::Amount;
use meter_wire::U64Text;
use std::{
    borrow::Cow,
    fmt::Display,
    io::{self, Write},
};

/// Prints a line for people, without what a terminal would obey.
pub(super) fn line(out: &mut impl Write, line: impl Display) -> io::Result<()> {
    writeln!(out, "{}", harmless(&line.to_string()))
}

/// The text without characters that a terminal obeys or that turn the direction of writing: names
/// of files, values of settings and answers of other programs may contain them. Each becomes
/// `U+FFFD`; line ends and tabs stay.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(commands_terminal) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(commands_terminal, "\u{FFFD}"))
}

fn commands_terminal(letter: char) -> bool {
    let turns = matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || (letter.is_control() && !matches!(letter, '\n' | '\t'))
}

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

/// Formats the credits of an amount that came as text.
pub(super) fn credits(amount: U64Text) -> String {
    Amount::new(amount.0).map_or_else(|| "?".to_owned(), meter_core::credits_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        assert_eq!(
            harmless("a\x1b[2Jb\u{9b}1m\tc\r\n"),
            "a\u{FFFD}[2Jb\u{FFFD}1m\tc\u{FFFD}\n"
        );
        assert_eq!(harmless("\u{202E}fdp.exe"), "\u{FFFD}fdp.exe");
        assert_eq!(harmless("Zoë/سلام 🙂\n"), "Zoë/سلام 🙂\n");
    }

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
    fn durations_lose_what_nobody_needs() {
        assert_eq!(duration(45_999), "45 s");
        assert_eq!(duration(754_321), "12 min 34 s");
        assert_eq!(duration(7_380_000), "2 h 3 min");
    }
}
