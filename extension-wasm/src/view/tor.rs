//! Tor's state: a word, its own words, and Start or Stop.

use super::Button;
use crate::update::{Intent, State};
use meter_wire::{Status, TorBackend, TorState};
use serde::Serialize;

/// Tor.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TorView {
    /// The state in a word.
    pub word: &'static str,
    /// Version and whose it is.
    pub detail: Option<String>,
    /// Its way into the network.
    pub bootstrap: Option<Bootstrap>,
    /// Start or Stop.
    pub button: Option<Button>,
}

/// Tor's way into the network.
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
        word: word(&status.tor.state),
        detail: detail(status),
        bootstrap: bootstrap(&status.tor.state),
        // Without a connection there is nobody to ask.
        button: state.status().and_then(button),
    })
}

const fn word(state: &TorState) -> &'static str {
    match state {
        TorState::Off => "Off",
        TorState::Starting => "Starting",
        TorState::Bootstrapping { .. } => "Connecting",
        TorState::Ready => "Ready",
        TorState::Restarting { .. } => "Restarting",
        TorState::Stopping => "Stopping",
        TorState::Failed(_) => "Failed",
    }
}

fn detail(status: &Status) -> Option<String> {
    let whose = match status.tor.backend {
        Some(TorBackend::Existing) => Some("already running"),
        Some(TorBackend::Managed) => Some("run by Onionmeter"),
        Some(TorBackend::Embedded) => Some("built into Onionmeter"),
        Some(TorBackend::Other) | None => None,
    };
    match (&status.tor.version, whose) {
        (Some(version), Some(whose)) => Some(format!("{version} · {whose}")),
        (Some(version), None) => Some(version.clone()),
        (None, whose) => whose.map(str::to_owned),
    }
}

fn bootstrap(state: &TorState) -> Option<Bootstrap> {
    match state {
        TorState::Bootstrapping {
            percent,
            summary,
            warning,
            ..
        } => Some(Bootstrap {
            percent: (*percent).min(100),
            summary: summary.clone(),
            warning: warning.clone(),
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
        // The host does not stop a Tor that is somebody else's (`tor_not_ours`).
        _ if status.tor.backend == Some(TorBackend::Existing) => None,
        TorState::Starting
        | TorState::Bootstrapping { .. }
        | TorState::Restarting { .. }
        | TorState::Ready => Some(stop),
    }
}
