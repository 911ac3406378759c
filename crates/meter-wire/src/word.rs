//! Enums whose messages are single words, read by a table. A derived reader compares the word with
//! each name in code of its own, which for a hundred names is more than all other readers together.

use serde::{Deserialize, Deserializer, Serializer};

/// Writes a variant's Rust name as the word of messages: `TorMissing` as `tor_missing`.
pub(crate) fn write<S: Serializer>(name: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&word(name))
}

/// Reads a word, and returns the value beside its name in the table; `None` for a word of a newer
/// version.
pub(crate) fn read<'de, D: Deserializer<'de>, T: Copy>(
    table: &[(&str, T)],
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let found = String::deserialize(deserializer)?;
    let named = table.iter().find(|(name, _)| word(name) == found);
    Ok(named.map(|(_, value)| *value))
}

#[inline(never)]
fn word(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}
