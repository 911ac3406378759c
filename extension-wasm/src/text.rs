//! What a person reads, as a key of the message files and typed values. The page that shows it puts
//! it in the person's language (`dashboard/words.js`, `_locales/`); nothing here is a sentence.

mod values;

use litemap::LiteMap;
use meter_core::{Amount, Decimals, credits_exact, credits_short, credits_to};
use meter_wire::write_json;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The key of a message that needs no values.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Key {
    key: &'static str,
}

/// Names a message of `_locales/en/messages.json`. A test finds every key by this call.
#[must_use]
pub const fn key(key: &'static str) -> Key {
    Key { key }
}

impl Key {
    /// The same message with a value for its placeholder `name`.
    #[must_use]
    pub fn with(self, name: &'static str, value: impl Into<Value>) -> Text {
        Text::from(self).with(name, value)
    }

    /// The same as a [`Text`].
    #[must_use]
    pub const fn text(self) -> Text {
        Text {
            key: Cow::Borrowed(self.key),
            values: LiteMap::new_vec(),
            or: None,
        }
    }
}

/// The values of placeholders, by their names.
type Values = LiteMap<Cow<'static, str>, Value>;

/// A message with the values of its placeholders.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Text {
    key: Cow<'static, str>,
    #[serde(default, with = "values", skip_serializing_if = "LiteMap::is_empty")]
    values: Values,
    /// The host's own words, for a page without this message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    or: Option<String>,
}

impl From<Key> for Text {
    fn from(key: Key) -> Self {
        key.text()
    }
}

impl Text {
    /// The message for one value of an enumeration, by the name that serde gives it: `error` and
    /// [`meter_wire::ErrorCode::TorMissing`] make `error_tor_missing`. A test knows each family and
    /// its members.
    #[must_use]
    pub fn of_family(family: &'static str, member: &impl Serialize) -> Self {
        let name = write_json(member).trim_matches('"').replace('-', "_");
        Self {
            key: Cow::Owned(format!("{family}_{name}")),
            values: LiteMap::new_vec(),
            or: None,
        }
    }

    /// Credits to the last nanocredit, with their unit.
    #[must_use]
    pub fn credits(amount: Amount) -> Self {
        key("credits_exact").with("credits", Value::exact(amount))
    }

    /// This sentence and the next one, joined as the language joins sentences.
    #[must_use]
    pub fn and(self, next: impl Into<Value>) -> Self {
        key("sentences").with("first", self).with("second", next)
    }

    /// Words of the host or of Tor, which no message file can have. They are shown as they are, and
    /// isolated from the text around them.
    #[must_use]
    pub fn quoted(words: impl Into<String>) -> Self {
        key("quoted").with("words", Value::Plain(words.into()))
    }

    /// Adds the host's own words. They are shown in place of a message that is not there: a newer
    /// host, or Tor, names members of a family that this version does not have.
    #[must_use]
    pub fn or(mut self, words: impl Into<String>) -> Self {
        self.or = Some(words.into());
        self
    }

    /// Adds the value of a placeholder.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.values.insert(Cow::Borrowed(name), value.into());
        self
    }
}

/// A value of a placeholder. The page formats it with `Intl`; numbers are decimal strings, because
/// those of JavaScript lose digits.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A whole number that chooses the plural: of `tabs_one`, `tabs_few` and so on for `tabs`.
    Count(String),
    /// A decimal number, shown with all its digits.
    Number(String),
    /// Credits, shown with all their digits and as many decimals, at least one.
    Credits(String),
    /// Bytes, shown in the largest unit that fits.
    Bytes(String),
    /// Milliseconds, shown in the two largest units.
    Duration(String),
    /// Milliseconds as a running time: `0:42`.
    Clock(String),
    /// 0 to 100.
    Percent(u8),
    /// Milliseconds since 1970 as date and time of the person's own zone.
    Time(String),
    /// Two upper-case letters of a country.
    Country(String),
    /// Text of the host, of Tor or of a site. It may hold anything: the page isolates it.
    Plain(String),
    /// Another message.
    Text(Text),
}

impl Value {
    /// A whole number that chooses the plural.
    #[must_use]
    pub fn count(number: u64) -> Self {
        Self::Count(number.to_string())
    }

    /// A whole number.
    #[must_use]
    pub fn number(number: u64) -> Self {
        Self::Number(number.to_string())
    }

    /// Credits with at most three decimals, rounded half up.
    #[must_use]
    pub fn credits(amount: Amount) -> Self {
        Self::Credits(credits_short(amount))
    }

    /// Credits with these decimals, rounded half up: for amounts below each other.
    #[must_use]
    pub fn credits_to(amount: Amount, decimals: Decimals) -> Self {
        Self::Credits(credits_to(amount, decimals))
    }

    /// Credits to the last nanocredit.
    #[must_use]
    pub fn exact(amount: Amount) -> Self {
        Self::Credits(credits_exact(amount))
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(bytes: u64) -> Self {
        Self::Bytes(bytes.to_string())
    }

    /// A duration in milliseconds.
    #[must_use]
    pub fn duration(ms: u64) -> Self {
        Self::Duration(ms.to_string())
    }

    /// A running time in milliseconds.
    #[must_use]
    pub fn clock(ms: u64) -> Self {
        Self::Clock(ms.to_string())
    }

    /// A moment in milliseconds since 1970.
    #[must_use]
    pub fn time(ms: u64) -> Self {
        Self::Time(ms.to_string())
    }

    /// Text that is shown as it is.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        Self::Text(key.text())
    }
}
