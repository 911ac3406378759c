//! Texts in English, with the message file that the extension has: as `dashboard/words.js` puts
//! them together, and with what `Intl` writes for English. A placeholder without its value, or a
//! value without its placeholder, is an error here.

use serde::Serialize;
use serde_json::Value;
use std::sync::LazyLock;

static MESSAGES: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../_locales/en/messages.json");
    serde_json::from_str(text).expect("JSON")
});

/// A text, a key or a value of a view in English.
#[track_caller]
pub(crate) fn english(text: &impl Serialize) -> String {
    say(&MESSAGES, &serde_json::to_value(text).expect("JSON"))
}

#[track_caller]
fn say(messages: &Value, text: &Value) -> String {
    let Some(key) = text.get("key").and_then(Value::as_str) else {
        return formatted(messages, text);
    };
    let none = serde_json::Map::new();
    let values = text.get("values").and_then(Value::as_object);
    let values = values.unwrap_or(&none);
    let entry = |key: &str| {
        messages
            .get(key)
            .and_then(|entry| entry["message"].as_str())
    };
    let is_one = values.values().any(|value| value["count"] == "1");
    let form = if is_one { "one" } else { "other" };
    let message = entry(&format!("{key}_{form}")).or_else(|| entry(key));
    if let (None, Some(or)) = (message, text.get("or").and_then(Value::as_str)) {
        return or.to_owned();
    }
    let mut pieces = message
        .unwrap_or_else(|| panic!("no message {key}"))
        .split('$');
    let mut words = pieces.next().unwrap_or_default().to_owned();
    let mut used = Vec::new();
    while let (Some(name), Some(rest)) = (pieces.next(), pieces.next()) {
        let name = name.to_lowercase();
        let value = values.get(&name);
        words += &say(
            messages,
            value.unwrap_or_else(|| panic!("{key} needs {name}")),
        );
        words += rest;
        used.push(name);
    }
    // "1 tab" needs no number.
    let is_told = |(name, value): (&String, &Value)| used.contains(name) || value["count"] == "1";
    assert!(
        values.iter().all(is_told),
        "{key} does not show all of {values:?}"
    );
    words
}

#[track_caller]
fn formatted(messages: &Value, value: &Value) -> String {
    let all = value
        .as_object()
        .unwrap_or_else(|| panic!("no value: {value}"));
    let (kind, of) = all.iter().next().expect("a kind");
    let text = of.as_str().unwrap_or_default();
    let number = || text.parse::<u64>().expect("a number");
    match kind.as_str() {
        "count" | "number" | "credits" => grouped(text),
        "bytes" => bytes(number()),
        "duration" => duration(number() / 1_000),
        "clock" => clock(number() / 1_000),
        "percent" => format!("{of}%"),
        "plain" | "country" | "time" => text.to_owned(),
        "text" => say(messages, of),
        _ => panic!("no such kind: {kind}"),
    }
}

fn grouped(decimal: &str) -> String {
    let (whole, rest) = decimal
        .split_once('.')
        .map_or((decimal, None), |(a, b)| (a, Some(b)));
    let mut words = String::new();
    for (place, digit) in whole.char_indices() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    rest.map_or_else(|| words.clone(), |rest| format!("{words}.{rest}"))
}

fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| bytes >= *unit) else {
        return format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" });
    };
    match bytes / unit {
        whole @ 100.. => format!("{} {name}", grouped(&whole.to_string())),
        whole => format!("{whole}.{} {name}", bytes % unit / (unit / 10)),
    }
}

fn duration(seconds: u64) -> String {
    let parts = match seconds {
        0..3_600 => [(seconds / 60, "min"), (seconds % 60, "sec")],
        _ => [(seconds / 3_600, "hr"), (seconds % 3_600 / 60, "min")],
    };
    let shown = parts.iter().filter(|(amount, _)| *amount > 0);
    let words: Vec<_> = shown
        .map(|(amount, name)| format!("{} {name}", grouped(&amount.to_string())))
        .collect();
    match words.is_empty() {
        true => "0 sec".to_owned(),
        false => words.join(" "),
    }
}

fn clock(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds % 3_600 / 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{rest:02}"),
        _ => format!("{hours}:{minutes:02}:{rest:02}"),
    }
}
