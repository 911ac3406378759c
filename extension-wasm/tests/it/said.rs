//! What a view says, in English, as a method.

use crate::words::english;
use serde::Serialize;
use serde_json::Value;

/// [`english`] as a method.
pub(crate) trait Words {
    /// In English.
    fn en(&self) -> String;
}

impl<T: Serialize> Words for T {
    #[track_caller]
    fn en(&self) -> String {
        english(self)
    }
}

/// Says everything that a view holds: each message is there, with its placeholders.
#[track_caller]
pub(crate) fn say_all(view: &impl Serialize) {
    fn within(value: &Value) {
        match value {
            Value::Object(fields) if fields.contains_key("key") && fields.len() <= 3 => {
                let is_text = fields
                    .keys()
                    .all(|name| ["key", "values", "or"].contains(&name.as_str()));
                if is_text {
                    english(value);
                }
            }
            Value::Object(fields) => fields.values().for_each(within),
            Value::Array(items) => items.iter().for_each(within),
            _ => {}
        }
    }
    within(&serde_json::to_value(view).expect("JSON"));
}
