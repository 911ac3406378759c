//! The options: what a person can set, with what is in force now.

use super::button::Button;
use super::ledger::of_sending;
use super::problem::Problem;
use super::tor::{Choice, tor};
use super::windows::{self, WindowsView};
use super::{anew, diagnosis};
use crate::text::Text;
use crate::update::{Preferences, State};
use meter_wire::{LedgerStatus, SetThresholds, Status, U64Text};
use serde::Serialize;

/// Everything that the options' page gets by itself. The rest are answers to its questions.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct OptionsView {
    /// What the person chose about badge and notifications.
    pub preferences: Preferences,
    /// Which windows are protected.
    pub windows: WindowsView,
    /// The problem, if there is one.
    pub problem: Option<Problem>,
    /// The action that helps against it.
    pub action: Option<Button>,
    /// The way back, if the action must be confirmed.
    pub cancel: Option<Button>,
    /// Which Tor to use; `None` while there is no host to ask.
    pub tor: Option<Choice>,
    /// When sessions close; `None` while there is no host to ask.
    pub thresholds: Option<ThresholdsView>,
    /// The ledger; `None` while this device is not enrolled.
    pub ledger: Option<LedgerView>,
    /// Whether the host answers, so that something can be asked.
    pub reachable: bool,
    /// Whether relay and Tor run: with their start, settings that waited come into force.
    pub running: [bool; 2],
}

/// When sessions close, as a form shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ThresholdsView {
    /// Bytes of both directions together.
    pub min_bytes: String,
    /// Shortest time in seconds.
    pub min_s: String,
    /// Longest time in seconds.
    pub max_s: String,
}

/// The ledger that this device is enrolled with.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LedgerView {
    /// Where it is.
    pub address: String,
    /// The account's name in it.
    pub account: String,
    /// What is being done about what waits.
    pub sending: Text,
}

/// The options for a state.
#[must_use]
pub fn options(state: &State) -> OptionsView {
    let problem = diagnosis::problem(state);
    let status = state.status();
    OptionsView {
        preferences: state.preferences,
        windows: windows::choice(state),
        action: problem.as_ref().map(|problem| problem.button),
        cancel: anew::cancel(problem.as_ref()),
        problem,
        tor: tor(state).and_then(|tor| tor.choice),
        thresholds: status.map(thresholds),
        ledger: status.and_then(|status| Some(ledger(status.ledger.as_ref()?))),
        reachable: status.is_some(),
        running: [
            state.relay_port().is_some(),
            status.is_some_and(|status| status.tor.is_usable()),
        ],
    }
}

fn thresholds(status: &Status) -> ThresholdsView {
    let SetThresholds {
        min_bytes,
        min_duration_ms,
        max_duration_ms,
    } = status.thresholds;
    let seconds = |ms: U64Text| (ms.0 / 1_000).to_string();
    ThresholdsView {
        min_bytes: min_bytes.0.to_string(),
        min_s: seconds(min_duration_ms),
        max_s: seconds(max_duration_ms),
    }
}

fn ledger(ledger: &LedgerStatus) -> LedgerView {
    LedgerView {
        address: ledger.address.clone(),
        account: hex::encode(ledger.account.0),
        sending: of_sending(&ledger.sending),
    }
}
