//! A page that needs no link, because the program has just started the browser with it: a link
//! would be on the browser's command line, which every user of the computer can read.

use meter_core::UnixMs;
use std::sync::{Mutex, PoisonError};

/// What such a page sends in place of a link's code, and what its address carries after `#`.
pub const OPEN_PAGE: &str = "open";

/// How long the browser may take to show it, in milliseconds; chosen arbitrarily, enough for a slow
/// computer.
pub const EXPECTED_MS: u64 = 120_000;

/// Whether a page is expected, and since when.
#[derive(Debug, Default)]
pub(crate) struct Expected(Mutex<Option<UnixMs>>);

impl Expected {
    pub(crate) fn from(&self, now: UnixMs) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Lets the page in, once. `is_ours`: the system says that its connection belongs to the user
    /// of this program, who can read the token's file.
    pub(crate) fn take(&self, is_ours: bool, now: UnixMs) -> bool {
        let mut expected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |since: UnixMs| {
            let passed = now.get().checked_sub(since.get());
            passed.is_some_and(|passed| passed < EXPECTED_MS)
        };
        is_ours && expected.take_if(|since| is_fresh(*since)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_of_the_same_user_is_let_in_while_it_is_expected() {
        let at = |ms| UnixMs::new(ms).expect("in range");
        let expected = Expected::default();
        assert!(!expected.take(true, at(1_000)), "none is expected");
        expected.from(at(1_000));
        assert!(!expected.take(false, at(1_000)), "perhaps of another user");
        assert!(!expected.take(true, at(999)), "before it");
        assert!(!expected.take(true, at(1_000 + EXPECTED_MS)), "too late");
        assert!(expected.take(true, at(1_000 + EXPECTED_MS - 1)));
        assert!(!expected.take(true, at(1_000)), "twice");
    }
}
