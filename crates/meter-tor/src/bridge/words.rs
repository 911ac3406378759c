//! What single words of a bridge line are.

use super::{fault::FINGERPRINT_DIGITS, transport::Transport};

/// A word that some places print before a bridge; some lists say "vanilla" of those without a
/// transport.
pub(super) fn is_label(word: &str) -> bool {
    let word = word.trim_end_matches(':');
    word.eq_ignore_ascii_case("bridge") || word.eq_ignore_ascii_case("vanilla")
}

/// Whether a word begins a bridge line, other than an address.
pub(super) fn begins(word: &str) -> bool {
    is_label(word) || Transport::named(word.trim_end_matches(':')).is_some()
}

/// Whether these are the digits of a fingerprint.
pub(super) fn is_fingerprint(digits: &str) -> bool {
    digits.len() == FINGERPRINT_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
