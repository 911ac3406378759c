//! A number of 64 bits beside its text.

use serde::{Serialize, Serializer};

/// The largest integer that every reader of JSON keeps exactly (RFC 8259 §6): 2⁵³ − 1.
const EXACT_MAX: u64 = (1 << 53) - 1;

/// A number for programs that do not read its text: `null` where it would not be exact.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PlainNumber(pub u64);

impl Serialize for PlainNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            number @ ..=EXACT_MAX => serializer.serialize_u64(number),
            _ => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_would_not_be_exact_is_null() {
        let json = |number| serde_json::to_string(&PlainNumber(number)).expect("JSON");
        assert_eq!(json(0), "0");
        assert_eq!(json(9_007_199_254_740_991), "9007199254740991");
        assert_eq!(json(9_007_199_254_740_992), "null");
        assert_eq!(json(u64::MAX), "null");
    }
}
