//! The dashboard: the state of the program for a person who may use it without the extension.
//!
//! It says nothing about a browser's proxy: the page does not know which programs are set to the
//! relay.

use super::button::Button;
use super::ledger::{LedgerNumbers, ledger};
use super::problem::Problem;
use super::report::{ReportRow, rows};
use super::session::{SessionView, session};
use super::tor::{TorView, tor};
use super::{Balance, anew, balance, diagnosis};
use crate::update::{Intent, State};
use meter_wire::{RelayStatus, Status, TorState};
use serde::Serialize;

/// How many sessions the dashboard lists: all that the book keeps for display.
const ROWS_MAX: usize = 10;

/// Everything that the dashboard draws.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DashboardView {
    /// The shape and colour of the header.
    pub mode: Mode,
    /// The state in a word or two.
    pub word: &'static str,
    /// The same in a sentence.
    pub sentence: String,
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
    /// The last signed sessions, newest first.
    pub reports: Vec<ReportRow>,
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
    pub word: &'static str,
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
        reports: rows(&state.book, ROWS_MAX),
        book: book(state),
    }
}

fn book(state: &State) -> Option<BookView> {
    let identity = state.identity()?;
    Some(BookView {
        key: hex::encode(identity.key().0),
        chain: hex::encode(identity.chain().0),
        reports: state.status()?.reports.0.to_string(),
    })
}

fn header(state: &State) -> (Mode, &'static str, String) {
    let of = |mode, word, sentence: &str| (mode, word, sentence.to_owned());
    if state.host_error().is_some() {
        let sentence = "The Onionmeter program gives no answer. Nothing goes out past it.";
        return of(Mode::Away, "Not connected", sentence);
    }
    match state.status() {
        None => of(Mode::Busy, "Connecting", "Calling the Onionmeter program."),
        Some(status) => of_status(status),
    }
}

fn of_status(status: &Status) -> (Mode, &'static str, String) {
    let of = |mode, word, sentence: &str| (mode, word, sentence.to_owned());
    let RelayStatus::Listening { port } = status.relay else {
        let sentence = "Programs that are set to Onionmeter reach nothing.";
        return of(Mode::Stopped, "Not monitoring", sentence);
    };
    match &status.tor.state {
        TorState::Ready if status.tor.is_usable() => {
            let sentence =
                format!("What goes through 127.0.0.1:{port} goes through Tor and is counted.");
            (Mode::Ready, "Monitoring", sentence)
        }
        TorState::Off | TorState::Failed(_) | TorState::Stopping => {
            let sentence = "Without Tor, programs that are set to Onionmeter reach nothing.";
            of(Mode::Stopped, "Tor is off", sentence)
        }
        TorState::Bootstrapping { percent, .. } => {
            let sentence = format!("Tor is connecting, {} %.", (*percent).min(100));
            (Mode::Busy, "Connecting", sentence)
        }
        TorState::Starting | TorState::Restarting { .. } => {
            of(Mode::Busy, "Connecting", "Tor is starting.")
        }
        TorState::Ready => of(Mode::Busy, "Connecting", "Waiting for Tor to answer."),
    }
}

fn monitoring(status: &Status) -> Monitoring {
    let button = |label, intent| Button { label, intent };
    let start = button("Start monitoring", Intent::RelayStart);
    let (word, address, button) = match &status.relay {
        RelayStatus::Listening { port } => {
            let stop = button("Stop monitoring", Intent::RelayStop);
            ("On", Some(format!("127.0.0.1:{port}")), stop)
        }
        RelayStatus::Stopped => ("Off", None, start),
        RelayStatus::Failed(_) => ("Failed", None, start),
    };
    Monitoring {
        word,
        address,
        button,
    }
}
