//! The message files.

use crate::files::{read, tracked};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// From the key to the entry.
pub(super) type Messages = BTreeMap<String, Value>;

/// The forms of `Intl.PluralRules` for whole numbers that each language needs (CLDR).
pub(super) const PLURALS: [(&str, &[&str]); 5] = [
    ("de", &["one", "other"]),
    ("en", &["one", "other"]),
    ("fa", &["one", "other"]),
    ("ru", &["one", "few", "many", "other"]),
    ("zh_CN", &["other"]),
];

pub(super) fn english() -> Messages {
    messages(&read("_locales/en/messages.json"))
}

/// Every language by its folder.
pub(super) fn languages() -> BTreeMap<String, Messages> {
    let files = tracked("/messages.json").into_iter();
    let files = files.filter_map(|file| {
        let folder = file.path.strip_prefix("_locales/")?;
        let folder = folder.strip_suffix("/messages.json")?.to_owned();
        Some((folder, messages(&file.text)))
    });
    files.collect()
}

fn messages(text: &str) -> Messages {
    let lines = text
        .lines()
        .filter_map(|line| line.trim().split_once("\":"));
    let keys: Vec<_> = lines.map(|(key, _)| key).collect();
    let found: Messages = serde_json::from_str(text).expect("JSON");
    // One line each, so that a key that stands twice is seen and two changes seldom meet.
    assert_eq!(
        keys.len(),
        found.len(),
        "a message is one line, and stands once"
    );
    found
}

/// The key without the form of a plural: `tabs` for `tabs_one`, if there is `tabs_other`, too.
pub(super) fn base<'a>(english: &Messages, key: &'a str) -> &'a str {
    let Some((of, form)) = key.rsplit_once('_') else {
        return key;
    };
    let is_form = ["zero", "one", "two", "few", "many", "other"].contains(&form);
    let has = |form: &str| english.contains_key(&format!("{of}_{form}"));
    match is_form && has("one") && has("other") {
        true => of,
        false => key,
    }
}

/// The placeholders in the text, and those that the entry declares, which browsers insist on.
pub(super) fn placeholders(entry: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let text = entry["message"].as_str().expect("a text");
    let pieces: Vec<_> = text.split('$').collect();
    assert!(pieces.len() % 2 == 1, "{text}: a $ without its pair");
    let used = pieces
        .iter()
        .skip(1)
        .step_by(2)
        .map(|name| name.to_lowercase());
    let declared = entry.get("placeholders").and_then(Value::as_object);
    let declared = declared.into_iter().flat_map(|all| all.keys().cloned());
    (used.collect(), declared.collect())
}
