//! Numbers of things as a person reads them, in pages and commands alike.

/// Digits in groups of three: `1234567` becomes `1,234,567`.
pub(crate) fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things, with a separator between thousands.
pub(crate) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// `1 session`, `1,034 sessions`.
pub(crate) fn counted(number: u64, one: &str, more: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_singular() {
        assert_eq!(counted(1, "session", "sessions"), "1 session");
        assert_eq!(counted(0, "session", "sessions"), "0 sessions");
        assert_eq!(counted(1_034, "session", "sessions"), "1,034 sessions");
    }
}
