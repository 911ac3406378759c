//! What the options' page asks of Rust besides its view: whether a form can be sent, and the host's
//! answers in words. Pure.

pub mod form;
mod rows;

use crate::text::{Key, Text, Value, key};
use meter_core::{Amount, ThresholdError, Thresholds};
use meter_wire::{Outcome, Request, SetThresholds, Settings, Success, U64Text};
use serde::Serialize;

/// Whether three numbers can be the thresholds.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Checked {
    /// The field that is wrong: `min_bytes`, `min_s` or `max_s`.
    pub field: Option<&'static str>,
    /// What is wrong with it.
    pub sentence: Option<Key>,
    /// The request that sets them, if nothing is.
    pub request: Option<Request>,
}

/// Checks the form of the thresholds: bytes and two times in seconds, as a person typed them.
#[must_use]
pub fn check(min_bytes: &str, min_s: &str, max_s: &str) -> Checked {
    let wrong = |field, sentence| Checked {
        field: Some(field),
        sentence: Some(sentence),
        request: None,
    };
    let ms = |text: &str| number(text)?.checked_mul(1_000);
    let Some(bytes) = number(min_bytes) else {
        return wrong("min_bytes", BYTES);
    };
    let Some(min) = ms(min_s) else {
        return wrong("min_s", SECONDS);
    };
    let Some(max) = ms(max_s) else {
        return wrong("max_s", SECONDS);
    };
    match Thresholds::new(bytes, min, max) {
        Ok(thresholds) => Checked {
            request: Some(Request::SetThresholds(SetThresholds::from(&thresholds))),
            ..Checked::default()
        },
        Err(ThresholdError::MinBytes { .. }) => wrong("min_bytes", BYTES),
        Err(ThresholdError::MinDuration { .. }) => wrong("min_s", SECONDS),
        Err(ThresholdError::MaxDuration { .. }) => wrong("max_s", SECONDS),
        Err(ThresholdError::MinAboveMax { .. }) => wrong("max_s", ABOVE),
    }
}

const BYTES: Key = key("thresholds_wrong_bytes");
const SECONDS: Key = key("thresholds_wrong_seconds");
const ABOVE: Key = key("thresholds_wrong_order");

/// Digits, with separators between groups of three as people write large numbers. A separator
/// before fewer digits is a decimal's, and no whole number.
fn number(text: &str) -> Option<u64> {
    let is_separator = |letter: char| letter.is_whitespace() || ",.'’_".contains(letter);
    let (mut number, mut digits, mut is_first) = (0_u64, 0_u8, true);
    let is_whole = |digits, is_first| digits == 3 || (is_first && digits > 0);
    for letter in text.trim().chars() {
        if let Some(digit) = letter.to_digit(10) {
            number = number.checked_mul(10)?.checked_add(digit.into())?;
            digits = digits.saturating_add(1);
        } else if is_separator(letter) && is_whole(digits, is_first) {
            (digits, is_first) = (0, false);
        } else {
            return None;
        }
    }
    is_whole(digits, is_first).then_some(number)
}

/// A ledger's offer in words.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Offer {
    /// The address in the form that the host uses.
    pub address: String,
    /// The key as a line that a person can compare.
    pub vkey: String,
    /// The key in hexadecimal, for the enrolment.
    pub key: String,
    /// What it credits at most, and for nothing.
    pub policy: Text,
    /// Whether an account needs an invitation.
    pub invited: bool,
}

/// Puts the answer to `ledger_look` in words. `None` if it is another answer.
#[must_use]
pub fn offer(outcome: &Outcome) -> Option<Offer> {
    let Outcome::Ok(Success::LedgerOffer(offer)) = outcome else {
        return None;
    };
    let policy = &offer.policy;
    let credits = |nano: U64Text| Value::exact(Amount::new(nano.0).unwrap_or(Amount::ZERO));
    Some(Offer {
        address: offer.address.clone(),
        vkey: offer.vkey.clone(),
        key: hex::encode(offer.key.0),
        policy: key("ledger_policy")
            .with("most", credits(policy.most_per_day))
            .with("idle", credits(policy.idle_per_day)),
        invited: policy.enrolment == "invitation",
    })
}

/// A setting of `config.toml` for the page's table.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SettingRow {
    /// Its key.
    pub key: String,
    /// Its value in force; of what may tell about a person, only whether it is set.
    pub value: String,
    /// What the file has instead, which a restart of the program brings into force.
    pub waits: Option<String>,
}

/// Puts the answer to `settings` in rows, without what may tell about a person: paths, and lines
/// that hold secrets.
#[must_use]
pub fn settings(outcome: &Outcome) -> Vec<SettingRow> {
    let Outcome::Ok(Success::Settings(Settings { settings, .. })) = outcome else {
        return Vec::new();
    };
    let row = |setting: &meter_wire::Setting| {
        let shown = |value: &str| redacted(&setting.key, value);
        let in_file = setting.in_file.as_deref().filter(|_| setting.differs);
        SettingRow {
            key: setting.key.clone(),
            value: shown(&setting.in_force),
            waits: in_file.map(shown),
        }
    };
    settings.iter().map(row).collect()
}

/// A path names a person's folders. What is no path and no address is told.
fn redacted(key: &str, value: &str) -> String {
    let is_private = key == "tor.shadowsocks" || value.contains(['/', '\\']);
    let is_set = !matches!(value, "" | "none");
    match is_private && is_set {
        true => "set".to_owned(),
        false => value.to_owned(),
    }
}

/// The text that a person may send to somebody who helps: versions, and settings as the table has
/// them. No name, address, amount or identifier.
#[must_use]
pub fn diagnostics(version: &str, browser: &str, rows: &[SettingRow]) -> String {
    let mut text = format!("Onionmeter {version}\n{browser}\n");
    for SettingRow { key, value, waits } in rows {
        text.push_str(&format!("{key} = {value}"));
        if let Some(waits) = waits {
            text.push_str(&format!(" [config.toml: {waits}]"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::Setting;

    #[test]
    fn thresholds_are_checked_as_the_program_checks_them() {
        let field = |bytes, min, max| check(bytes, min, max).field;
        assert_eq!(field("100,000", "30", "600"), None);
        for (bytes, min, max, wrong) in [
            ("9999", "30", "600", "min_bytes"),
            ("many", "30", "600", "min_bytes"),
            ("100000", "9", "600", "min_s"),
            ("100000", "", "600", "min_s"),
            ("100000", "30", "3601", "max_s"),
            ("100000", "30", "20", "max_s"),
            ("100000", "30", "99999999999999999999", "max_s"),
        ] {
            assert_eq!(field(bytes, min, max), Some(wrong), "{bytes} {min} {max}");
            assert!(check(bytes, min, max).request.is_none());
        }
        let Some(Request::SetThresholds(set)) = check("1 000 000", "45", "60").request else {
            panic!("they hold");
        };
        assert_eq!(set.min_bytes.0, 1_000_000);
        assert_eq!(
            (set.min_duration_ms.0, set.max_duration_ms.0),
            (45_000, 60_000)
        );
    }

    #[test]
    fn a_separator_stands_before_three_digits_and_a_decimal_is_no_whole_number() {
        for text in [
            "100000",
            "100,000",
            "100.000",
            "100 000",
            "100'000",
            "100’000",
            "100_000",
            "100\u{a0}000",
            "100\u{202f}000",
            " 100000\n",
        ] {
            assert_eq!(number(text), Some(100_000), "{text}");
        }
        for text in [
            "45.5",
            "45,5",
            "30.0",
            "1.5.0.0.0",
            "1,00000",
            "10,000.00",
            ",100",
            "+30",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(check("100000", "45.5", "600").field, Some("min_s"));
        assert_eq!(check("1.5.0.0.0", "30", "600").field, Some("min_bytes"));
    }

    #[test]
    fn diagnostics_tell_no_path_and_no_server() {
        let setting = |key: &str, in_force: &str, in_file: &str| Setting {
            key: key.to_owned(),
            in_force: in_force.to_owned(),
            in_file: Some(in_file.to_owned()),
            differs: in_force != in_file,
        };
        let outcome = Outcome::Ok(Success::Settings(Settings {
            settings: vec![
                setting("relay.port", "9149", "9200"),
                setting("tor.program", "/home/anna/tor", "/home/anna/tor"),
                setting("tor.shadowsocks", "server", "server"),
                setting("tor.bridges", "2 lines", "2 lines"),
                setting("tor.shadowsocks", "none", "none"),
            ],
            problem: None,
        }));
        let text = diagnostics("0.1.0", "Firefox 140", &settings(&outcome));
        assert_eq!(
            text,
            "Onionmeter 0.1.0\nFirefox 140\nrelay.port = 9149 [config.toml: 9200]\n\
             tor.program = set\ntor.shadowsocks = set\ntor.bridges = 2 lines\n\
             tor.shadowsocks = none\n"
        );
    }
}
