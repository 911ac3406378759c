//! Turns `State` into what a person sees: plain values, with every number as text.
//!
//! The popup draws these values and decides nothing. Invariant: no float, no clock.

mod anew;
mod badge;
mod button;
mod circuit;
mod dashboard;
mod diagnosis;
mod header;
mod help;
mod identity;
mod light;
mod note;
mod numbers;
mod pages;
mod problem;
mod report;
mod session;
mod tor;
mod unreached;
mod witness;

pub use badge::{Badge, Tone, badge};
pub use button::Button;
pub use circuit::{CircuitView, Stop};
pub use dashboard::{DashboardView, Mode, Monitoring, dashboard};
pub use diagnosis::problem;
pub use header::Header;
pub use identity::IdentityView;
pub use light::Light;
pub use note::Note;
pub use problem::{Name, Own, Problem};
pub use report::ReportRow;
pub use session::SessionView;
pub use tor::{Bootstrap, Choice, ChoiceOption, TorView};
pub use unreached::{UnreachedKind, UnreachedView};

use crate::update::{Intent, State};
use meter_core::{credits_exact, credits_short};
use serde::Serialize;

/// How many reports the popup lists.
const ROWS_MAX: usize = 5;

/// Everything that the popup draws.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PopupView {
    /// The state as one word and one sentence.
    pub header: Header,
    /// The switch in the header.
    pub switch: Switch,
    /// The problem, if there is one.
    pub problem: Option<Problem>,
    /// The most useful action now, if there is one.
    pub action: Option<Button>,
    /// The way back, if the action must be confirmed.
    pub cancel: Option<Button>,
    /// A note that a person can dismiss.
    pub note: Option<Note>,
    /// The credits.
    pub balance: Balance,
    /// The session in progress.
    pub session: Option<SessionView>,
    /// Recent connections that failed, if there are any.
    pub unreached: Option<UnreachedView>,
    /// The circuit of the site in the active tab, if it is known.
    pub circuit: Option<CircuitView>,
    /// Tor; `None` while there is no host to ask.
    pub tor: Option<TorView>,
    /// The button for a new identity.
    pub identity: IdentityView,
    /// The last reports, newest first.
    pub reports: Vec<ReportRow>,
    /// What the toolbar shows.
    pub badge: Badge,
}

/// The switch for protection.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Switch {
    /// The position of the switch.
    pub on: bool,
    /// The intent when it is moved.
    pub intent: Intent,
}

/// The credits, from verified reports only.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Balance {
    /// With at most three decimals.
    pub credits: String,
    /// To the last nanocredit.
    pub exact: String,
    /// The origin of the credits.
    pub source: String,
}

/// The popup for a state, with this badge.
#[must_use]
pub fn popup(state: &State, badge: Badge) -> PopupView {
    let problem = problem(state);
    let action = header::action(state, problem.as_ref());
    let mut tor = tor::tor(state);
    if let Some(tor) = &mut tor {
        let asked_above =
            |button: &Button| Some(button.intent) == action.map(|action| action.intent);
        // Each action has only one button.
        tor.button = tor.button.filter(|button| !asked_above(button));
    }
    PopupView {
        header: header::header(state, problem.is_some()),
        switch: Switch {
            on: state.wanted,
            intent: match state.wanted {
                true => Intent::TurnOff,
                false => Intent::TurnOn,
            },
        },
        action,
        cancel: anew::cancel(problem.as_ref()),
        problem,
        note: note::note(state),
        balance: balance(state),
        session: session::session(state),
        unreached: unreached::unreached(state),
        circuit: circuit::circuit(state),
        tor,
        identity: identity::identity(state),
        reports: report::rows(&state.book, ROWS_MAX),
        badge,
    }
}

fn balance(state: &State) -> Balance {
    let amount = state.book.balance();
    Balance {
        credits: credits_short(amount),
        exact: format!("{} credits", credits_exact(amount)),
        source: format!("{}{}", reports(state), earlier(state)),
    }
}

fn reports(state: &State) -> String {
    match state.book.sequence() {
        0 => "No report yet".to_owned(),
        1 => "from 1 verified report".to_owned(),
        reports => format!("from {reports} verified reports"),
    }
}

/// Credits of a dropped chain must not be added to those of the current one, but must be shown.
fn earlier(state: &State) -> String {
    let credits = state.book.earlier_credits();
    match credits.get() {
        0 => String::new(),
        _ => format!("; {} in earlier chains", credits_short(credits)),
    }
}
