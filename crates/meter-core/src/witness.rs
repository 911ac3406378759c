//! The name that a browser asks for to show that its requests reach the relay.
//!
//! It ends in `.invalid`, which never exists (RFC 6761 §6.4), and holds nothing but random bits:
//! where a request for it goes astray, whoever is asked for the name learns nothing from it.

use std::fmt;

/// 128 random bits as a host name: 32 lower-case hexadecimal digits and `.invalid`.
///
/// Has no `Debug`: whoever knows the name before it is asked for could pretend that it was.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct WitnessName(u128);

impl WitnessName {
    /// The name of these bits, which have to be random.
    #[must_use]
    pub const fn new(bits: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bits))
    }

    /// Reads a host name in the one spelling that [`Display`](fmt::Display) writes; `None` for any
    /// other.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let bits = u128::from_str_radix(name.strip_suffix(SUFFIX)?, 16).ok()?;
        // The reader above also takes signs, upper case and fewer digits.
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
