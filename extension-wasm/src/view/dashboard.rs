//! The dashboard: the state of the program for a person who may use it without the extension.
//!
//! It says nothing about a browser's proxy: the page does not know which programs are set to the
//! relay.

use super::button::Button;
use super::ledger::{LedgerNumbers, ledger};
use super::problem::Problem;
use super::session::{SessionView, session};
use super::tor::{TorView, tor};
use super::{Balance, anew, balance, diagnosis};
use crate::text::{Key, Text, Value, key};
use crate::update::{Intent, State};
use meter_wire::{RelayStatus, Status, TorState};
use serde::Serialize;

/// Everything that the dashboard draws.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DashboardView {
    /// The shape and colour of the header.
    pub mode: Mode,
    /// The state in a word or two.
    pub word: Key,
    /// The same in a sentence.
    pub sentence: Text,
    /// The problem, if there is one.
    pub problem: Option<Problem>,
    /// The action that helps against it.
    pub action: Option<Button>,
    /// The way back, if the action must be confirmed.
    pub cancel: Option<Button>,
    /// The credits.
    pub balance: Balance,
    /// What the ledger says; `None` for who is not enrolled.
    pub ledger: Option<LedgerNumbers>,
    /// The session in progress.
    pub session: Option<SessionView>,
    /// The relay.
    pub monitoring: Option<Monitoring>,
    /// Tor; `None` while there is no host to ask.
    pub tor: Option<TorView>,
    /// What the page needs to fetch and verify all sessions itself; `None` while the host has no
    /// key to show.
    pub book: Option<BookView>,
}

/// The host's chain of reports.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct BookView {
    /// The key that signs them, in hexadecimal.
    pub key: String,
    /// The chain, in hexadecimal.
    pub chain: String,
    /// How many there are, as a decimal number.
    pub reports: String,
    /// The ledger's key that this browser has pinned, in hexadecimal; `None` without a ledger.
    pub ledger: Option<String>,
}

/// The shape and colour of the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What goes through the relay goes through Tor and is counted.
    Ready,
    /// Something is starting.
    Busy,
    /// Nothing gets through, and a person has to act.
    Stopped,
    /// There is no program to ask.
    Away,
}

/// The relay.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Monitoring {
    /// The state in a word.
    pub word: Key,
    /// The address to enter as a SOCKS5 proxy; `None` while the relay is closed.
    pub address: Option<String>,
    /// Start or Stop.
    pub button: Button,
}

/// The dashboard for a state.
#[must_use]
pub fn dashboard(state: &State) -> DashboardView {
    let problem = diagnosis::problem(state);
    let (mode, word, sentence) = header(state);
    let action = problem.as_ref().map(|problem| problem.button);
    let monitoring = state.status().map(monitoring);
    let mut tor = tor(state);
    if let Some(tor) = &mut tor {
        let is_above = |button: &Button| Some(button.intent) == action.map(|action| action.intent);
        // Each action has only one button.
        tor.button = tor.button.filter(|button| !is_above(button));
    }
    DashboardView {
        mode,
        word,
        sentence,
        action,
        cancel: anew::cancel(problem.as_ref()),
        problem,
        balance: balance(state),
        ledger: ledger(state),
        session: session(state),
        monitoring,
        tor,
        book: book(state),
    }
}

fn book(state: &State) -> Option<BookView> {
    let host_chain = state.host_chain()?;
    Some(BookView {
        key: hex::encode(host_chain.key().0),
        chain: hex::encode(host_chain.chain().0),
        reports: state.status()?.reports.0.to_string(),
        ledger: state.receipts.pinned().map(|key| hex::encode(key.0)),
    })
}

fn header(state: &State) -> (Mode, Key, Text) {
    let of = |mode, word: Key, sentence: Key| (mode, word, sentence.text());
    if state.host_error().is_some() {
        let sentence = key("dash_away_about");
        return of(Mode::Away, key("dash_away"), sentence);
    }
    match state.status() {
        None => of(Mode::Busy, key("dash_connecting"), key("calling_program")),
        Some(status) => of_status(status),
    }
}

fn of_status(status: &Status) -> (Mode, Key, Text) {
    let of = |mode, word: Key, sentence: Key| (mode, word, sentence.text());
    let RelayStatus::Listening { port } = status.relay else {
        let sentence = key("dash_not_monitoring_about");
        return of(Mode::Stopped, key("dash_not_monitoring"), sentence);
    };
    match &status.tor.state {
        TorState::Ready if status.tor.is_usable() => {
            let address = Value::Plain(format!("127.0.0.1:{port}"));
            let sentence = key("dash_monitoring_about").with("address", address);
            (Mode::Ready, key("dash_monitoring"), sentence)
        }
        TorState::Off | TorState::Failed(_) | TorState::Stopping => {
            let sentence = key("dash_tor_off_about");
            of(Mode::Stopped, key("dash_tor_off"), sentence)
        }
        TorState::Bootstrapping { percent, .. } => {
            let percent = Value::Percent((*percent).min(100));
            let sentence = key("dash_tor_connecting").with("percent", percent);
            (Mode::Busy, key("dash_connecting"), sentence)
        }
        TorState::Starting | TorState::Restarting { .. } => {
            of(Mode::Busy, key("dash_connecting"), key("dash_tor_starting"))
        }
        TorState::Ready => of(Mode::Busy, key("dash_connecting"), key("waiting_for_tor")),
    }
}

fn monitoring(status: &Status) -> Monitoring {
    let button = |label, intent| Button { label, intent };
    let start = button(key("monitoring_start"), Intent::RelayStart);
    let (word, address, button) = match &status.relay {
        RelayStatus::Listening { port } => {
            let stop = button(key("monitoring_stop"), Intent::RelayStop);
            (
                key("monitoring_on"),
                Some(format!("127.0.0.1:{port}")),
                stop,
            )
        }
        RelayStatus::Stopped => (key("monitoring_off"), None, start),
        RelayStatus::Failed(_) => (key("monitoring_failed"), None, start),
    };
    Monitoring {
        word,
        address,
        button,
    }
}
