//! Thresholds as this server takes and shows them: bytes and whole seconds.

use super::PlainNumber;
use crate::{SetThresholds, U64Text};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::Value;
use std::fmt;

/// The thresholds in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThresholdsNow {
    /// Bytes of both directions together.
    pub min_bytes: PlainNumber,
    /// The same as text.
    pub min_bytes_text: U64Text,
    /// Shortest duration, in seconds, rounded down.
    pub min_duration: PlainNumber,
    /// Longest duration, in seconds, rounded down.
    pub max_duration: PlainNumber,
}

impl From<&SetThresholds> for ThresholdsNow {
    fn from(thresholds: &SetThresholds) -> Self {
        let seconds = |ms: U64Text| PlainNumber(ms.0.checked_div(1_000).unwrap_or_default());
        Self {
            min_bytes: PlainNumber(thresholds.min_bytes.0),
            min_bytes_text: thresholds.min_bytes,
            min_duration: seconds(thresholds.min_duration_ms),
            max_duration: seconds(thresholds.max_duration_ms),
        }
    }
}

/// A change of thresholds. What it does not name stays as it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ThresholdsChange {
    min_bytes: Option<u64>,
    min_duration_s: Option<u64>,
    max_duration_s: Option<u64>,
}

/// A field that is not what it should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field} {why}")]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// Why it was refused; begins with a verb. Never quotes what was sent.
    pub why: &'static str,
}

impl ThresholdsChange {
    /// Reads a body. `None`: it is not a JSON object.
    ///
    /// # Errors
    /// The first field that is unknown, there for the second time, or not a whole number from 0 to
    /// 2⁶³ − 1.
    pub fn parse(body: &[u8]) -> Option<Result<Self, FieldError>> {
        let fields: Fields = serde_json::from_slice(body).ok()?;
        Some(Self::of_fields(&fields))
    }

    fn of_fields(Fields(fields): &Fields) -> Result<Self, FieldError> {
        let mut change = Self::default();
        for (name, value) in fields {
            let place = match name.as_str() {
                "minBytes" => &mut change.min_bytes,
                "minDuration" => &mut change.min_duration_s,
                "maxDuration" => &mut change.max_duration_s,
                _ => {
                    return Err(FieldError {
                        field: name.chars().take(40).collect(),
                        why: "is not one of minBytes, minDuration and maxDuration",
                    });
                }
            };
            if place.is_some() {
                return Err(FieldError {
                    field: name.clone(),
                    why: "is there twice",
                });
            }
            *place = Some(whole(value).ok_or_else(|| FieldError {
                field: name.clone(),
                why: "must be a whole number from 0 to 2^63 - 1",
            })?);
        }
        Ok(change)
    }

    /// These thresholds with the change.
    #[must_use]
    pub fn on(self, now: &SetThresholds) -> SetThresholds {
        let ms = |seconds: Option<u64>, now: U64Text| {
            seconds.map_or(now, |seconds| U64Text(seconds.saturating_mul(1_000)))
        };
        SetThresholds {
            min_bytes: self.min_bytes.map_or(now.min_bytes, U64Text),
            min_duration_ms: ms(self.min_duration_s, now.min_duration_ms),
            max_duration_ms: ms(self.max_duration_s, now.max_duration_ms),
        }
    }
}

/// The fields of an object in their order; a map would keep only the last of two with one name.
struct Fields(Vec<(String, Value)>);

impl<'a> Deserialize<'a> for Fields {
    fn deserialize<D: Deserializer<'a>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'a> Visitor<'a> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut entries: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

/// A whole number, plain or as text in its one spelling.
fn whole(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(_) => serde_json::from_value::<U64Text>(value.clone()).ok()?.0,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    i64::try_from(number).is_ok().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SetThresholds = SetThresholds {
        min_bytes: U64Text(100_000),
        min_duration_ms: U64Text(30_000),
        max_duration_ms: U64Text(600_000),
    };

    fn changed(body: &str) -> Option<Result<SetThresholds, String>> {
        let parsed = ThresholdsChange::parse(body.as_bytes())?;
        Some(
            parsed
                .map(|change| change.on(&NOW))
                .map_err(|error| error.field),
        )
    }

    #[test]
    fn what_is_not_named_stays_and_a_text_is_as_good_as_a_number() {
        let seconds = changed(r#"{"minDuration": 10}"#)
            .expect("JSON")
            .expect("valid");
        assert_eq!(seconds.min_duration_ms, U64Text(10_000));
        assert_eq!(seconds.min_bytes, NOW.min_bytes);
        let text = changed(r#"{"minBytes": "20000"}"#)
            .expect("JSON")
            .expect("valid");
        assert_eq!(text.min_bytes, U64Text(20_000));
        assert_eq!(changed("{}"), Some(Ok(NOW)));
    }

    #[test]
    fn h_13_a_field_that_is_no_whole_number_is_named() {
        for value in [
            "-1",
            "1.5",
            "1e3",
            "9223372036854775808",
            "\"01\"",
            "null",
            "[1]",
            "true",
        ] {
            for field in ["minBytes", "minDuration", "maxDuration"] {
                let body = format!("{{\"{field}\": {value}}}");
                assert_eq!(changed(&body), Some(Err(field.to_owned())), "{body}");
            }
        }
        assert_eq!(changed(r#"{"bytes": 1}"#), Some(Err("bytes".to_owned())));
        for twice in ["1", "2", "\"1\"", "null"] {
            let body = format!("{{\"minBytes\": 1, \"maxDuration\": 9, \"minBytes\": {twice}}}");
            assert_eq!(changed(&body), Some(Err("minBytes".to_owned())), "{body}");
        }
        for body in [
            "",
            "NaN",
            "[]",
            "{\"minBytes\": NaN}",
            "{\"minBytes\": 1",
            "1",
        ] {
            assert_eq!(changed(body), None, "{body}");
        }
    }
}
