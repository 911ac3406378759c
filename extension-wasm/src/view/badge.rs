//! The badge on the toolbar: at most four characters, two colours, one sentence.

use super::diagnosis::problem;
use super::header;
use super::light::Light;
use super::shown::shown;
use crate::text::{Text, Value, key};
use crate::update::{BadgeShows, State};
use meter_core::{Amount, badge_credits};
use meter_wire::TorState;
use serde::{Deserialize, Serialize};

/// Nanocredits.
const CREDIT: u64 = 1_000_000_000;

/// What the toolbar shows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Badge {
    /// At most four characters.
    pub text: Text,
    /// In place of the text for a moment: what a session has brought. Not kept: it is over when a
    /// worker has ended.
    #[serde(skip)]
    pub flash: Option<Text>,
    /// The meaning of the colours and of the icon's shape.
    pub tone: Tone,
    /// The tooltip: a full sentence.
    pub title: Text,
}

/// A pair of colours and a shape; `extension-wasm/js/badge.js` has them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Protected, in every window.
    Good,
    /// Some windows are protected: private ones as the person chose, or all but those.
    Private,
    /// Protection is starting.
    Busy,
    /// Pages are blocked, or something less important is wrong.
    Warning,
    /// Pages are exposed although protection is wanted.
    Alarm,
    /// Protection is off.
    Off,
}

impl Tone {
    /// All tones.
    pub const ALL: [Self; 6] = [
        Self::Good,
        Self::Private,
        Self::Busy,
        Self::Warning,
        Self::Alarm,
        Self::Off,
    ];
}

/// The badge for a state.
#[must_use]
pub fn badge(state: &State) -> Badge {
    let problem = problem(state);
    let header = header::header(state, problem.is_some());
    let shown = shown(state);
    let number = shown.amount.map_or_else(|| "?".to_owned(), badge_credits);
    let (number, attention) = (Text::quoted(number), key("badge_attention").text());
    let (text, tone) = match header.state {
        Light::Off => (key("badge_off").text(), Tone::Off),
        Light::Unprotected => (attention, Tone::Alarm),
        Light::Blocked => (attention, Tone::Warning),
        Light::Protected | Light::Private | Light::Connecting if problem.is_some() => {
            (attention, Tone::Warning)
        }
        Light::Connecting => match bootstrap_percent(state) {
            Some(percent) => {
                let percent = Value::Percent(percent);
                (key("badge_percent").with("percent", percent), Tone::Busy)
            }
            None => (number, Tone::Busy),
        },
        Light::Protected if !header.in_part => (calm(state, number), Tone::Good),
        Light::Protected | Light::Private => (calm(state, number), Tone::Private),
    };
    let sentence = problem.map_or(header.sentence, |problem| problem.sentence);
    Badge {
        flash: flash(state, tone),
        text,
        tone,
        title: key("badge_title")
            .with("state", header.word)
            .with("sentence", sentence)
            .with("credits", shown.credits())
            .with("unit", shown.unit),
    }
}

/// What the person wants to see while all is well.
fn calm(state: &State, number: Text) -> Text {
    match state.preferences.badge {
        BadgeShows::Credits => number,
        BadgeShows::Speed => Text::quoted(speed(state.speed.bytes_per_second())),
        // Without any text the browser draws no colour either.
        BadgeShows::Nothing => Text::quoted(" "),
    }
}

/// Only while all is well: it takes the place of nothing that needs a person.
fn flash(state: &State, tone: Tone) -> Option<Text> {
    let chosen = state.preferences;
    let is_wanted = !chosen.badge_stays && chosen.badge != BadgeShows::Nothing;
    let is_calm = matches!(tone, Tone::Good | Tone::Private);
    let more = state.flash.shown().filter(|_| is_wanted && is_calm)?;
    added(more).map(Text::quoted)
}

/// At most four characters: `+4.5`, `+12`, `+999`, `+12k`. `None` for what would be `+0.0`.
fn added(more: Amount) -> Option<String> {
    let tenths = more.get() / (CREDIT / 10);
    match tenths {
        0 => None,
        1..100 => Some(format!("+{}.{}", tenths / 10, tenths % 10)),
        100..10_000 => Some(format!("+{}", tenths / 10)),
        10_000..1_000_000 => Some(format!("+{}k", tenths / 10_000)),
        _ => Some("+99k".to_owned()),
    }
}

/// At most four characters: `0`, `12k`, `1.2M`, `12M`, in bytes a second.
fn speed(bytes: u64) -> String {
    match bytes {
        0..1_000 => "0".to_owned(),
        1_000..1_000_000 => format!("{}k", bytes / 1_000),
        1_000_000..10_000_000 => format!("{}.{}M", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        10_000_000..1_000_000_000 => format!("{}M", bytes / 1_000_000),
        _ => format!("{}G", (bytes / 1_000_000_000).min(999)),
    }
}

fn bootstrap_percent(state: &State) -> Option<u8> {
    match &state.status()?.tor.state {
        TorState::Bootstrapping { percent, .. } => Some((*percent).min(100)),
        TorState::Off
        | TorState::Starting
        | TorState::Ready
        | TorState::Restarting { .. }
        | TorState::Stopping
        | TorState::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_fits_on_the_badge() {
        for (bytes, text) in [
            (999, "0"),
            (1_000, "1k"),
            (999_999, "999k"),
            (1_250_000, "1.2M"),
            (12_500_000, "12M"),
            (u64::MAX, "999G"),
        ] {
            assert_eq!(speed(bytes), text);
            assert!(text.len() <= 4);
        }
    }

    #[test]
    fn what_a_session_brought_fits_on_the_badge() {
        for (tenths, text) in [
            (0, None),
            (45, Some("+4.5")),
            (99, Some("+9.9")),
            (100, Some("+10")),
            (9_999, Some("+999")),
            (10_000, Some("+1k")),
            (u64::from(u32::MAX), Some("+99k")),
        ] {
            let more = Amount::new(tenths * CREDIT / 10).expect("an amount");
            assert_eq!(added(more).as_deref(), text);
            assert!(text.is_none_or(|text| text.len() <= 4));
        }
    }
}
