//! Turns `State` into what a person sees: plain values, with every number as text.
//!
//! The popup draws these values and decides nothing. Invariant: no float, no clock.

mod anew;
mod badge;
mod button;
mod cause;
mod circuit;
mod dashboard;
mod diagnosis;
mod failed;
mod header;
mod help;
mod identity;
mod ledger;
mod light;
mod note;
mod numbers;
mod options;
mod pages;
mod problem;
mod proof;
mod report;
mod session;
mod shown;
mod step;
mod tor;
mod unreached;
mod welcome;
mod windows;
mod witness;

pub use badge::{Badge, Tone, badge};
pub use button::Button;
pub(crate) use cause::said_exactly;
pub use circuit::{CircuitView, Stop};
pub use dashboard::{BookView, DashboardView, Mode, Monitoring, dashboard};
pub use diagnosis::problem;
pub use failed::FailedView;
pub use header::Header;
pub use identity::IdentityView;
pub use ledger::{Command, Difference, LedgerNotice, LedgerNumbers, NoticeKind, Number};
pub use light::Light;
pub use note::Note;
pub(crate) use numbers::iso_utc;
pub use options::{LedgerView, OptionsView, ThresholdsView, options};
pub(crate) use problem::said;
pub use problem::{Name, Own, Problem};
pub use report::{ReportRow, row};
pub use session::SessionView;
pub use step::{Mark, Step};
pub use tor::{Bootstrap, Choice, ChoiceOption, TorView};
pub use unreached::{UnreachedKind, UnreachedView};
pub use welcome::{WelcomeView, welcome};
pub use windows::WindowsView;

use crate::text::{Key, Text, Value, key};
use crate::update::{Intent, State, VerifiedReports};
use meter_core::Amount;
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
    /// Why the page of the active tab did not load, if it did not.
    pub page: Option<FailedView>,
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
    /// What the ledger says; `None` for who is not enrolled.
    pub ledger: Option<LedgerNumbers>,
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
    /// With at most three decimals; `?` while what is credited is not verified.
    pub credits: Value,
    /// To the last nanocredit.
    pub exact: Text,
    /// The unit beside the number: `credits`, or for a ledger's number which credits it counts.
    pub unit: Key,
    /// The origin of the credits.
    pub source: Text,
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
        page: failed::failed(state),
        action,
        cancel: anew::cancel(problem.as_ref()),
        problem,
        note: note::note(state),
        balance: balance(state),
        ledger: ledger::ledger(state),
        session: session::session(state),
        unreached: unreached::unreached(state),
        circuit: circuit::circuit(state),
        tor,
        identity: identity::identity(state),
        reports: report::rows(&state.reports, ROWS_MAX),
        badge,
    }
}

fn balance(state: &State) -> Balance {
    let shown = shown::shown(state);
    Balance {
        credits: shown.credits(),
        exact: match shown.amount {
            Some(amount) => Text::credits(amount),
            None => key("credits_unverified").text(),
        },
        unit: shown.unit,
        source: source(&state.reports),
    }
}

/// Where the credits come from. They are counted over all chains, so that a new chain takes nothing
/// away; the parts are named.
fn source(all: &VerifiedReports) -> Text {
    let earlier = all.earlier_credits();
    let source = match (all.sequence(), earlier) {
        (0, Amount::ZERO) => key("source_none").text(),
        (reports, Amount::ZERO) => key("source_reports").with("reports", Value::count(reports)),
        (reports, earlier) => key("source_chains")
            .with("credits", Value::credits(all.balance()))
            .with("reports", verified(reports))
            .with("earlier", Value::credits(earlier)),
    };
    match all.unverified_chains() {
        0 => source,
        chains => key("source_unverified")
            .with("source", source)
            .with("chains", Value::count(chains.into())),
    }
}

fn verified(reports: u64) -> Text {
    match reports {
        0 => key("reports_none").text(),
        reports => key("reports_verified").with("reports", Value::count(reports)),
    }
}
