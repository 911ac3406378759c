//! Numbers of things in sentences.

/// `1 connection`, `5 connections`, `1,900 reports`.
pub(crate) fn counted(count: impl TryInto<u64>, thing: &str) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {thing}"),
        count => format!("{} {thing}s", grouped(count)),
    }
}

/// The verb of a [`counted`] thing.
pub(crate) const fn were(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    match count / 1_000 {
        0 => count.to_string(),
        thousands => format!("{},{:03}", grouped(thousands), count % 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_not_called_by_the_word_for_many() {
        for (count, text) in [
            (0, "0 reports"),
            (1, "1 report"),
            (2, "2 reports"),
            (1_000, "1,000 reports"),
            (1_234_005, "1,234,005 reports"),
        ] {
            assert_eq!(counted(count, "report"), text);
        }
    }
}
