//! Tor's state: a word, Tor's own sentence, and Start or Stop.

use super::button::Button;
use crate::update::{Intent, State};
use meter_core::Backend;
use meter_wire::{ErrorCode, Status, TorState, TorStatus, TorTrouble};
use serde::Serialize;

/// Tor.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TorView {
    /// The state in a word.
    pub word: &'static str,
    /// Version, and whose Tor it is.
    pub detail: Option<String>,
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
    pub why: Option<String>,
}

/// An option.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct ChoiceOption {
    /// Its text.
    pub label: &'static str,
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
    pub summary: String,
    /// Tor's latest warning.
    pub warning: Option<String>,
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

fn word(tor: &TorStatus) -> &'static str {
    match tor.state {
        TorState::Off => "Off",
        TorState::Starting => "Starting",
        TorState::Bootstrapping { .. } => "Connecting",
        TorState::Ready if !tor.is_usable() => "Silent",
        TorState::Ready => "Ready",
        // A Tor of another program is started by that program.
        TorState::Restarting { ref problem, .. } if problem.code == ErrorCode::TorNotRunning => {
            "Not found"
        }
        TorState::Restarting { .. } => "Restarting",
        TorState::Stopping => "Stopping",
        TorState::Failed(_) => "Failed",
    }
}

fn detail(status: &Status) -> Option<String> {
    let whose = status.tor.whose();
    let advice = status
        .tor
        .trouble
        .as_ref()
        .filter(|trouble| !trouble.hinders());
    if let Some(trouble) = advice {
        return Some(format!("{} {}", trouble.problem.message, trouble.action));
    }
    match (&status.tor.version, whose) {
        (Some(version), Some(whose)) => Some(format!("{version} · {whose}")),
        (Some(version), None) => Some(version.clone()),
        (None, whose) => whose.map(str::to_owned),
    }
}

/// The choice of Tors. An older daemon offers none.
fn choice(tor: &TorStatus) -> Option<Choice> {
    const BACKENDS: [(Backend, &str, Intent); 3] = [
        (
            Backend::Existing,
            "One that runs already",
            Intent::TorExisting,
        ),
        (Backend::Managed, "The installed tor", Intent::TorManaged),
        (Backend::Embedded, "The built-in Tor", Intent::TorEmbedded),
    ];
    let mut options = vec![ChoiceOption {
        label: "Automatic",
        intent: Some(Intent::TorAuto),
        chosen: tor.chosen.is_none(),
    }];
    let offered = BACKENDS.iter();
    let offered = offered.filter(|(backend, ..)| tor.offered.contains(&(*backend).into()));
    options.extend(offered.map(|(backend, label, intent)| ChoiceOption {
        label,
        intent: Some(*intent),
        chosen: tor.chosen == Some((*backend).into()),
    }));
    if options.len() == 1 {
        return None;
    }
    let mut why = tor
        .why()
        .filter(|_| tor.chosen.is_none())
        .map(|why| format!("Why this one: {why}."));
    if !options.iter().any(|option| option.chosen) {
        why = Some(NOT_OFFERED.to_owned());
        options.push(ChoiceOption {
            label: "Another one",
            intent: None,
            chosen: true,
        });
    }
    Some(Choice { options, why })
}

const NOT_OFFERED: &str = "The settings name a Tor that is not among these.";

fn bootstrap(tor: &TorStatus) -> Option<Bootstrap> {
    match &tor.state {
        TorState::Bootstrapping {
            percent,
            summary,
            warning,
            ..
        } => Some(Bootstrap {
            percent: (*percent).min(100),
            summary: summary.clone(),
            // A plain explanation is preferred to Tor's own warning.
            warning: match &tor.trouble {
                Some(trouble) => explain(trouble),
                None => warning.clone(),
            },
        }),
        TorState::Starting => Some(Bootstrap {
            percent: 0,
            summary: "Starting".to_owned(),
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
fn explain(trouble: &TorTrouble) -> Option<String> {
    let (message, action) = (&trouble.problem.message, &trouble.action);
    let lasted = match trouble.for_s {
        0 => String::new(),
        for_s @ ..60 => format!("No progress for {for_s} s."),
        for_s => format!("No progress for {} min.", for_s / 60),
    };
    Some(match trouble.stands() {
        true => lasted,
        false => format!("{lasted} {message} {action}"),
    })
    .filter(|text| !text.is_empty())
}

fn button(status: &Status) -> Option<Button> {
    let start = Button {
        label: "Start",
        intent: Intent::TorStart,
    };
    let stop = Button {
        label: "Stop",
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
