//! Tor's state: a word, Tor's own sentence, and Start or Stop.

use super::button::Button;
use super::problem::said;
use crate::text::{Key, Text, Value, key};
use crate::update::{Intent, State};
use meter_core::Backend;
use meter_wire::{ErrorCode, Status, TorState, TorStatus, TorTrouble};
use serde::Serialize;

/// Tor.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TorView {
    /// The state in a word.
    pub word: Key,
    /// Version, and whose Tor it is.
    pub detail: Option<Text>,
    /// The progress of its bootstrap.
    pub bootstrap: Option<Bootstrap>,
    /// Start or Stop.
    pub button: Option<Button>,
    /// The choice of another Tor; `None` while there is no host to ask.
    pub choice: Option<Choice>,
}

/// Which Tor to use.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Choice {
    /// The options; exactly one of them is chosen.
    pub options: Vec<ChoiceOption>,
    /// Why the current one is used, and the effect of a change.
    pub why: Option<Text>,
}

/// An option.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct ChoiceOption {
    /// Its text.
    pub label: Key,
    /// The intent of this option; `None` if it cannot be chosen here.
    pub intent: Option<Intent>,
    /// Whether it is the one chosen.
    pub chosen: bool,
}

/// The progress of Tor's bootstrap.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Bootstrap {
    /// 0 to 100.
    pub percent: u8,
    /// Tor's sentence.
    pub summary: Text,
    /// Tor's latest warning.
    pub warning: Option<Text>,
}

pub(super) fn tor(state: &State) -> Option<TorView> {
    let status = state.status_to_show()?;
    Some(TorView {
        word: word(&status.tor),
        detail: detail(status),
        bootstrap: bootstrap(&status.tor),
        // Without a connection there is no host to ask.
        button: state.status().and_then(button),
        choice: state.status().and_then(|status| choice(&status.tor)),
    })
}

fn word(tor: &TorStatus) -> Key {
    match tor.state {
        TorState::Off => key("tor_off"),
        TorState::Starting => key("tor_starting"),
        TorState::Bootstrapping { .. } => key("light_connecting"),
        TorState::Ready if !tor.is_usable() => key("tor_silent"),
        TorState::Ready => key("tor_ready"),
        // A Tor of another program is started by that program.
        TorState::Restarting { ref problem, .. } if problem.code == ErrorCode::TorNotRunning => {
            key("tor_not_found")
        }
        TorState::Restarting { ref problem, .. } if problem.code == ErrorCode::TorSilent => {
            key("tor_silent")
        }
        TorState::Restarting { .. } => key("tor_restarting"),
        TorState::Stopping => key("tor_stopping"),
        TorState::Failed(_) => key("tor_failed"),
    }
}

fn detail(status: &Status) -> Option<Text> {
    let whose = whose(&status.tor);
    let advice = status
        .tor
        .trouble
        .as_ref()
        .filter(|trouble| !trouble.hinders());
    if let Some(trouble) = advice {
        return Some(with_action(trouble));
    }
    match (&status.tor.version, whose) {
        (Some(version), Some(whose)) => {
            let text = key("tor_version_whose").with("whose", whose);
            Some(text.with("version", Value::plain(version)))
        }
        (Some(version), None) => Some(Text::quoted(version)),
        (None, whose) => whose.map(Key::text),
    }
}

/// Whose Tor is in use.
fn whose(tor: &TorStatus) -> Option<Key> {
    Some(match tor.backend?.known()? {
        Backend::Existing => key("tor_whose_existing"),
        Backend::Managed => key("tor_whose_managed"),
        Backend::Embedded => key("tor_whose_embedded"),
    })
}

/// What is wrong, and what a person can do about it.
fn with_action(trouble: &TorTrouble) -> Text {
    let code = trouble.problem.code;
    match code.tor_action() {
        Some(_) => said(&trouble.problem).and(Text::of_family("action", &code)),
        None => said(&trouble.problem).and(Value::plain(&trouble.action)),
    }
}

/// The choice of Tors. An older daemon offers none.
fn choice(tor: &TorStatus) -> Option<Choice> {
    const BACKENDS: [(Backend, Key, Intent); 3] = [
        (
            Backend::Existing,
            key("tor_choice_existing"),
            Intent::TorExisting,
        ),
        (
            Backend::Managed,
            key("tor_choice_managed"),
            Intent::TorManaged,
        ),
        (
            Backend::Embedded,
            key("tor_choice_embedded"),
            Intent::TorEmbedded,
        ),
    ];
    let mut options = vec![ChoiceOption {
        label: key("tor_choice_auto"),
        intent: Some(Intent::TorAuto),
        chosen: tor.chosen.is_none(),
    }];
    let offered = BACKENDS.iter();
    let offered = offered.filter(|(backend, ..)| tor.offered.contains(&(*backend).into()));
    options.extend(offered.map(|(backend, label, intent)| ChoiceOption {
        label: *label,
        intent: Some(*intent),
        chosen: tor.chosen == Some((*backend).into()),
    }));
    if options.len() == 1 {
        return None;
    }
    let mut why = why(tor).map(Key::text);
    if !options.iter().any(|option| option.chosen) {
        why = Some(NOT_OFFERED.text());
        options.push(ChoiceOption {
            label: key("tor_choice_other"),
            intent: None,
            chosen: true,
        });
    }
    Some(Choice { options, why })
}

/// Why the automatic choice took this Tor. An older daemon does not tell what it could choose from.
fn why(tor: &TorStatus) -> Option<Key> {
    let is_chosen = tor.chosen.is_some() || tor.offered.is_empty();
    let backend = tor.backend.filter(|_| !is_chosen)?;
    if !tor.offered.contains(&Backend::Existing.into()) {
        return Some(key("tor_why_bridges"));
    }
    Some(match backend.known()? {
        Backend::Existing => key("tor_why_existing"),
        Backend::Managed => key("tor_why_managed"),
        Backend::Embedded => key("tor_why_embedded"),
    })
}

const NOT_OFFERED: Key = key("tor_not_offered");

pub(super) fn bootstrap(tor: &TorStatus) -> Option<Bootstrap> {
    match &tor.state {
        TorState::Bootstrapping {
            percent,
            tag,
            summary,
            warning,
        } => Some(Bootstrap {
            percent: (*percent).min(100),
            // In Tor's own words if its name for the phase is a new one.
            summary: Text::of_family("phase", tag).or(summary),
            // A plain explanation is preferred to Tor's own warning.
            warning: match &tor.trouble {
                Some(trouble) => explain(trouble),
                None => warning.clone().map(Text::quoted),
            },
        }),
        TorState::Starting => Some(Bootstrap {
            percent: 0,
            summary: key("tor_starting").text(),
            warning: None,
        }),
        TorState::Off
        | TorState::Ready
        | TorState::Restarting { .. }
        | TorState::Stopping
        | TorState::Failed(_) => None,
    }
}

/// How long Tor has been stuck, why, and what helps. If the popup shows that as its problem, only
/// the duration is left to say.
fn explain(trouble: &TorTrouble) -> Option<Text> {
    let lasted = match trouble.for_s {
        0 => None,
        for_s => {
            let time = Value::duration(u64::from(for_s).saturating_mul(1_000));
            Some(key("tor_no_progress").with("time", time))
        }
    };
    match (trouble.stands(), lasted) {
        (true, lasted) => lasted,
        (false, Some(lasted)) => Some(lasted.and(with_action(trouble))),
        (false, None) => Some(with_action(trouble)),
    }
}

fn button(status: &Status) -> Option<Button> {
    let start = Button {
        label: key("start"),
        intent: Intent::TorStart,
    };
    let stop = Button {
        label: key("stop"),
        intent: Intent::TorStop,
    };
    match status.tor.state {
        TorState::Off | TorState::Failed(_) => Some(start),
        TorState::Stopping => None,
        // The host does not stop a Tor that it did not start (`tor_not_ours`).
        _ if status.tor.backend == Some(Backend::Existing.into()) => None,
        TorState::Starting
        | TorState::Bootstrapping { .. }
        | TorState::Restarting { .. }
        | TorState::Ready => Some(stop),
    }
}
