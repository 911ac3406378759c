//! The supported versions of Tor.

/// The oldest version that is supported; older ones lack congestion control.
const VERSION_MIN: [u32; 3] = [0, 4, 7];

/// Whether this version is older than the supported ones; `false` if it cannot be read.
pub(crate) fn is_too_old(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map(str::parse::<u32>);
    let known: [Option<u32>; 3] = std::array::from_fn(|_| parts.next().and_then(Result::ok));
    let [Some(a), Some(b), Some(c)] = known else {
        return false;
    };
    [a, b, c] < VERSION_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for (version, expected) in [
            ("0.4.6.16", true),
            ("0.3.5.18", true),
            ("0.4.7.1-alpha", false),
            ("0.4.10.1", false),
            ("1.0.0", false),
            ("", false),
            ("tor", false),
        ] {
            assert_eq!(is_too_old(version), expected, "{version}");
        }
    }
}
