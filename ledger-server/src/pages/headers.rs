//! The headers of every page.

/// What a page may load: this ledger's stylesheet and pictures, and nothing that runs.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The media type of a page.
pub const HTML_TYPE: &str = "text/html; charset=utf-8";

/// Name and value of each header that every answer of the dashboard carries.
pub const HEADERS: [(&str, &str); 8] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    // For browsers that do not know `frame-ancestors`.
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    // The address of a sign-in page contains its token: no other site sees it. With `no-referrer` a
    // browser would send `Origin: null` from the ledger's own forms.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    // A page about an account stays in no cache of a shared computer.
    ("cache-control", "no-store"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_that_was_not_asked_for() {
        let expected = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'";
        assert_eq!(CONTENT_SECURITY_POLICY, expected);
        for unsafe_word in ["unsafe", "*", "http:", "https:", "data:", "blob:"] {
            assert!(!CONTENT_SECURITY_POLICY.contains(unsafe_word));
        }
    }

    #[test]
    fn every_header_is_one_lower_case_line() {
        for (name, value) in HEADERS {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert!(value.chars().all(|c| matches!(c, ' '..='~')), "{name}");
        }
    }
}
