//! Numbers and bytes as JSON strings.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::borrow::Cow;

/// A number up to 2⁶³ − 1 as a decimal string. No sign and no leading zero; no other form is
/// accepted.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct U64Text(pub u64);

impl Serialize for U64Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for U64Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let number: u64 = text
            .parse()
            .map_err(|_| D::Error::custom("not a decimal number"))?;
        if i64::try_from(number).is_err() || number.to_string() != *text {
            return Err(D::Error::custom(
                "not a decimal number up to 2^63 - 1 in its one spelling",
            ));
        }
        Ok(Self(number))
    }
}

/// A number of 64 bits with a sign as a decimal string, in its one spelling.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct I64Text(pub i64);

impl Serialize for I64Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for I64Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let number = text.parse().ok();
        let number = number.filter(|number: &i64| number.to_string() == *text);
        number
            .map(Self)
            .ok_or_else(|| D::Error::custom("not a decimal number of 64 bits in its one spelling"))
    }
}

/// Bytes of a fixed length as lower-case hexadecimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HexBytes<const N: usize>(pub [u8; N]);

impl<const N: usize> Serialize for HexBytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for HexBytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let mut bytes = [0; N];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(D::Error::custom)?;
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(D::Error::custom("hexadecimal in upper case"));
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        let parse = |json: &str| {
            serde_json::from_str::<U64Text>(json)
                .map(|number| number.0)
                .ok()
        };
        assert_eq!(parse("\"0\""), Some(0));
        assert_eq!(parse("\"9007199254740993\""), Some(9_007_199_254_740_993));
        assert_eq!(
            parse("\"9223372036854775807\""),
            Some(i64::MAX.unsigned_abs())
        );
        for bad in [
            "1",
            "\"\"",
            "\"01\"",
            "\"+1\"",
            "\"-0\"",
            "\"1.0\"",
            "\"1e3\"",
            "\" 1\"",
            "\"9223372036854775808\"",
            "\"18446744073709551616\"",
            "null",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_number_with_a_sign_has_one_spelling() {
        let parse = |json: &str| {
            serde_json::from_str::<I64Text>(json)
                .map(|number| number.0)
                .ok()
        };
        assert_eq!(parse("\"-9223372036854775808\""), Some(i64::MIN));
        assert_eq!(parse("\"0\""), Some(0));
        for bad in ["-1", "\"-0\"", "\"+1\"", "\"9223372036854775808\"", "\"\""] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn hexadecimal_has_one_spelling_and_one_length() {
        let parse = |json: &str| {
            serde_json::from_str::<HexBytes<2>>(json)
                .map(|hex| hex.0)
                .ok()
        };
        assert_eq!(parse("\"0aff\""), Some([10, 255]));
        for bad in [
            "\"0AFF\"",
            "\"0af\"",
            "\"0aff00\"",
            "\"\"",
            "\"zzzz\"",
            "2815",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
