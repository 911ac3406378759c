//! Why a setting cannot have a value.

use std::fmt;

/// The reason in a sentence without its end, and in words of a closed set. None holds a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    sentence: String,
    cause: Option<String>,
}

impl Refusal {
    /// The reason with its cause: for each line of the sentence one, a word with the values that
    /// the line names.
    pub(crate) fn caused_by(sentence: String, cause: impl Into<Option<String>>) -> Self {
        let cause = cause.into();
        Self { sentence, cause }
    }

    /// The cause for programs.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
}

/// A reason that has a sentence only.
impl From<String> for Refusal {
    fn from(sentence: String) -> Self {
        Self::caused_by(sentence, None)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// Most characters of a value in a sentence.
const SHOWN_MAX: usize = 60;

/// A value as a sentence names it: shortened, and with the number of a character that cannot be
/// seen, or that only looks like a Latin letter or a digit.
pub(crate) fn shown(value: &str) -> String {
    if value.is_empty() {
        return "empty".to_owned();
    }
    let mut shown: String = value.chars().take(SHOWN_MAX).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    let odd = value
        .chars()
        .find(|letter| !letter.is_ascii() || letter.is_ascii_control());
    match odd {
        // Names of files have letters of every language.
        Some(odd) if !(odd.is_alphanumeric() && value.contains('/')) => {
            format!("{shown} (with the character U+{:04X})", u32::from(odd))
        }
        Some(_) | None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_short_and_what_cannot_be_seen_in_it_is_named() {
        assert_eq!(shown(""), "empty");
        assert_eq!(shown("de"), "de");
        assert_eq!(
            shown("de\u{200b}"),
            "de\u{200b} (with the character U+200B)"
        );
        assert_eq!(shown("\u{434}e"), "\u{434}e (with the character U+0434)");
        assert_eq!(shown("/home/zo\u{eb}"), "/home/zo\u{eb}");
        assert_eq!(shown(&"x".repeat(100_000)), "x".repeat(60) + "…");
    }
}
