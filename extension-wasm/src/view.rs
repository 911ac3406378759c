//! `State` to what a person sees: plain values, every number already in words.
//!
//! The popup draws these values and decides nothing. Invariant: no float, no clock.

mod badge;
mod button;
mod circuit;
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
    /// State in one word and one sentence.
    pub header: Header,
    /// The switch in the header.
    pub switch: Switch,
    /// What is wrong, if anything.
    pub problem: Option<Problem>,
    /// The one thing to do now, if there is one.
    pub action: Option<Button>,
    /// A quiet line that waits to be seen.
    pub note: Option<Note>,
    /// The credits.
    pub balance: Balance,
    /// The session in progress.
    pub session: Option<SessionView>,
    /// Connections that were not made lately, if any.
    pub unreached: Option<UnreachedView>,
    /// The circuit of the site in the active tab, where it is known.
    pub circuit: Option<CircuitView>,
    /// Tor; nothing while nobody is there to ask.
    pub tor: Option<TorView>,
    /// New identity.
    pub identity: IdentityView,
    /// The last reports, newest first.
    pub reports: Vec<ReportRow>,
    /// What the toolbar shows.
    pub badge: Badge,
}

/// The switch of protection.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Switch {
    /// Where it stands.
    pub on: bool,
    /// What moving it asks for.
    pub intent: Intent,
}

/// The credits, from verified reports alone.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Balance {
    /// With three decimals at the most.
    pub credits: String,
    /// To the last nanocredit.
    pub exact: String,
    /// Where it comes from.
    pub source: String,
}

/// The popup for a state, beside this badge.
#[must_use]
pub fn popup(state: &State, badge: Badge) -> PopupView {
    let problem = problem(state);
    let action = header::action(state, problem.as_ref());
    let mut tor = tor::tor(state);
    if let Some(tor) = &mut tor {
        let asked_above =
            |button: &Button| Some(button.intent) == action.map(|action| action.intent);
        // One button for one thing.
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

/// Credits of a chain that was given up are no sum with those of this one, and not nothing.
fn earlier(state: &State) -> String {
    let credits = state.book.earlier_credits();
    match credits.get() {
        0 => String::new(),
        _ => format!("; {} in earlier chains", credits_short(credits)),
    }
}
