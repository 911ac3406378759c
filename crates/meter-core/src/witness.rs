//! The host name that the extension requests to prove that the browser's requests reach the relay.
//!
//! The name ends in `.invalid`, which never exists (RFC 6761 §6.4), and holds only random bits. If
//! the request goes to a wrong place, the name tells nothing to the party that is asked for it.

use std::fmt;

/// 128 random bits as a host name: 32 lower-case hexadecimal digits and `.invalid`.
///
/// Has no `Debug`: a party that knows the name before the request could pretend that the request
/// arrived.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct WitnessName(u128);

impl WitnessName {
    /// Makes the name from these bits, which must be random.
    #[must_use]
    pub const fn new(bits: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bits))
    }

    /// Parses a host name. Accepts only the spelling that [`Display`](fmt::Display) writes; returns
    /// `None` for any other.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let bits = u128::from_str_radix(name.strip_suffix(SUFFIX)?, 16).ok()?;
        // `from_str_radix` also accepts signs, upper case and fewer digits.
        Some(Self(bits)).filter(|parsed| parsed.to_string() == name)
    }
}

impl fmt::Display for WitnessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}{SUFFIX}", self.0)
    }
}

const SUFFIX: &str = ".invalid";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_has_one_spelling() {
        let name = WitnessName::new(*b"0123456789abcdef").to_string();
        assert_eq!(name, "30313233343536373839616263646566.invalid");
        let parsed = WitnessName::parse(&name).map(|name| name.to_string());
        assert_eq!(parsed, Some(name));
        let smallest = WitnessName::new([0; 16]).to_string();
        assert_eq!(smallest.len(), 40);
        for other in [
            "",
            ".invalid",
            "invalid",
            "30313233343536373839616263646566",
            "3031323334353637383961626364656.invalid",
            "030313233343536373839616263646566.invalid",
            "+0313233343536373839616263646566.invalid",
            "3031323334353637383961626364656F.invalid",
            "3031323334353637383961626364656g.invalid",
            "30313233343536373839616263646566.invalid.",
            "30313233343536373839616263646566.INVALID",
            "x.30313233343536373839616263646566.invalid",
            "30313233343536373839616263646566.invalid.example",
        ] {
            assert!(WitnessName::parse(other).is_none(), "{other}");
        }
    }
}
