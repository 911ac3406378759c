//! The settings of `config.toml` as the options' page shows and changes them. Pure.

pub use super::rows::Kind;
use super::rows::{ROWS, Row};
use crate::text::{Key, Text, key};
use crate::view;
use meter_wire::{
    ChangeSetting, Outcome, Request, SetThresholds, Setting, SettingValue, Settings, Success,
    TakesEffect, U64Text,
};
use serde::Serialize;

/// One setting with the control that changes it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Control {
    /// Its key in `config.toml`.
    pub key: String,
    /// The part of the page where it stands.
    pub group: &'static str,
    /// How it is changed.
    pub kind: Kind,
    /// Its name.
    pub label: Key,
    /// What it does, and what it costs.
    pub about: Key,
    /// The value of the file. Of what may be a secret, only how much it is.
    pub value: String,
    /// Whether the value is the one of which nothing is set.
    pub is_empty: bool,
    /// Whether something has to start anew before the value is in force.
    pub waits: bool,
    /// What has to, if so.
    pub effect: Key,
    /// The values to choose from.
    pub options: Vec<ControlOption>,
}

/// A value to choose.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ControlOption {
    /// As `config.toml` has it.
    pub value: &'static str,
    /// Its name; `None`: the value itself says it.
    pub label: Option<Key>,
}

/// The controls of the page for an answer to `settings`. A setting that only a newer host has is
/// not among them; an older host has fewer.
#[must_use]
pub fn controls(outcome: &Outcome) -> Vec<Control> {
    let Outcome::Ok(Success::Settings(Settings { settings, .. })) = outcome else {
        return Vec::new();
    };
    let rows = ROWS.iter().filter(|row| row.kind != Kind::Elsewhere);
    rows.filter_map(|row| {
        let setting = settings.iter().find(|setting| setting.key == row.key)?;
        Some(control(row, setting))
    })
    .collect()
}

fn control(row: &Row, setting: &Setting) -> Control {
    let value = setting.in_file.as_deref().unwrap_or(&setting.in_force);
    let is_empty = matches!(value, "" | "none" | "0");
    Control {
        key: row.key.to_owned(),
        group: row.group,
        kind: row.kind,
        label: row.label,
        about: row.about,
        value: value.to_owned(),
        is_empty,
        waits: setting.differs,
        effect: effect(match row.key.split('.').next() {
            _ if !setting.differs => TakesEffect::Now,
            Some("tor") => TakesEffect::TorStart,
            Some("relay") => TakesEffect::RelayStart,
            _ => TakesEffect::DaemonStart,
        }),
        options: options(row.key),
    }
}

fn options(of: &str) -> Vec<ControlOption> {
    let named = |value, label| ControlOption {
        value,
        label: Some(label),
    };
    let plain = |value| ControlOption { value, label: None };
    match of {
        "ledger.badge" => vec![
            named("claimed", key("badge_claimed")),
            named("credited", key("badge_credited")),
        ],
        "log.level" => ["error", "warn", "info", "debug", "trace"]
            .map(plain)
            .to_vec(),
        "tor.exit_country" => COUNTRIES.map(plain).to_vec(),
        _ => Vec::new(),
    }
}

/// Countries with exits of Tor at any time. The empty one is any country.
const COUNTRIES: [&str; 25] = [
    "", "at", "be", "bg", "ca", "ch", "cz", "de", "dk", "es", "fi", "fr", "gb", "is", "it", "jp",
    "lt", "lu", "md", "nl", "no", "pl", "ro", "se", "us",
];

/// The request that changes a setting, or only checks its value.
#[must_use]
pub fn change(key: &str, value: &str, keep: bool) -> Request {
    let kind = ROWS.iter().find(|row| row.key == key).map(|row| row.kind);
    let to = match (kind, value.trim()) {
        (Some(Kind::Line | Kind::Bridges | Kind::Server | Kind::Country), "") => {
            SettingValue::Default
        }
        (Some(Kind::Server), server) => SettingValue::Server(server.to_owned()),
        (_, word) => SettingValue::Words(vec![word.to_owned()]),
    };
    let key = key.to_owned();
    Request::ChangeSetting(ChangeSetting { key, to, keep })
}

/// The requests that keep thresholds beyond the daemon's end. One of the two times may be refused
/// until the other one is kept: then it is asked once more.
#[must_use]
pub fn keep(thresholds: &SetThresholds) -> Vec<Request> {
    let bytes = thresholds.min_bytes.0.to_string();
    let [max, min] = [thresholds.max_duration_ms, thresholds.min_duration_ms];
    let ms = |time: U64Text| time.0.to_string();
    vec![
        change("session.min_bytes", &bytes, true),
        change("session.max_duration_ms", &ms(max), true),
        change("session.min_duration_ms", &ms(min), true),
    ]
}

/// What is said of a change.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub struct Said {
    /// When it comes into force.
    pub effect: Key,
    /// Why no start could use what the value names, as it is now.
    pub unusable: Option<Text>,
}

/// What is said of a change; `None` for an answer to something else.
#[must_use]
pub fn changed(outcome: &Outcome) -> Option<Said> {
    let Outcome::Ok(Success::SettingChanged(changed)) = outcome else {
        return None;
    };
    Some(Said {
        effect: effect(changed.takes_effect),
        unusable: changed.unusable.as_ref().map(view::said_exactly),
    })
}

const fn effect(takes_effect: TakesEffect) -> Key {
    match takes_effect {
        TakesEffect::Now => key("effect_now"),
        TakesEffect::RelayStart => key("effect_relay_start"),
        TakesEffect::TorStart => key("effect_tor_start"),
        TakesEffect::DaemonStart => key("effect_daemon_start"),
        TakesEffect::Later => key("effect_later"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::{ErrorCode, Problem, SettingChanged};

    fn setting(key: &str, in_file: &str, differs: bool) -> Setting {
        Setting {
            key: key.to_owned(),
            in_force: in_file.to_owned(),
            in_file: Some(in_file.to_owned()),
            differs,
        }
    }

    #[test]
    fn a_control_shows_the_value_of_the_file_and_what_has_to_start_anew() {
        let outcome = Outcome::Ok(Success::Settings(Settings {
            settings: vec![
                setting("tor.bridges", "2 lines", true),
                setting("tor.backend", "auto", false),
                setting("moon.phase", "full", false),
                setting("ledger.badge", "claimed", false),
            ],
            problem: None,
        }));
        let controls = controls(&outcome);
        let keys: Vec<_> = controls.iter().map(|control| &*control.key).collect();
        assert_eq!(keys, ["tor.bridges", "ledger.badge"]);
        assert_eq!(controls[0].effect, key("effect_tor_start"));
        assert_eq!(
            (controls[1].effect, controls[1].options.len()),
            (key("effect_now"), 2)
        );
    }

    #[test]
    fn a_change_says_when_it_counts_and_what_it_names_in_vain() {
        let problem = Problem::with_detail(ErrorCode::BridgeProgramMissing, "in English");
        for unusable in [None, Some(problem.caused_by("lyrebird"))] {
            let outcome = Outcome::Ok(Success::SettingChanged(SettingChanged {
                setting: setting("tor.bridges", "2 lines", true),
                kept: true,
                takes_effect: TakesEffect::TorStart,
                unusable: unusable.clone(),
            }));
            let said = changed(&outcome).expect("a change");
            assert_eq!(said.effect, key("effect_tor_start"));
            assert_eq!(said.unusable, unusable.as_ref().map(view::said_exactly));
        }
        assert_eq!(changed(&Outcome::Ok(Success::Done)), None);
    }

    #[test]
    fn what_is_emptied_is_the_default_and_what_is_pasted_is_sent_as_it_is() {
        let to = |key: &str, value: &str| match change(key, value, true) {
            Request::ChangeSetting(change) => change.to,
            other => panic!("{other:?}"),
        };
        for key in [
            "tor.bridges",
            "tor.shadowsocks",
            "tor.exit_country",
            "relay.port",
        ] {
            assert_eq!(to(key, " \n"), SettingValue::Default, "{key}");
        }
        let words = |word: &str| SettingValue::Words(vec![word.to_owned()]);
        assert_eq!(to("tor.bridges", "a\nb\n"), words("a\nb"));
        assert_eq!(to("relay.optimistic", "false"), words("false"));
        let server = SettingValue::Server("ss://x".to_owned());
        assert_eq!(to("tor.shadowsocks", "ss://x\n"), server);
    }
}
