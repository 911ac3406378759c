//! The welcome page: steps that tick themselves off, the self-test, and the first counted byte.
//! Derived from what is true now, so a page that is opened again stands where it stood.

use super::problem::Problem;
use super::step::{Mark, Step};
use super::{diagnosis, proof, tor};
use crate::proxy_value::{BrowserFamily, Windows};
use crate::text::{Key, Text, Value, key};
use crate::update::{Cover, HostError, Intent, State, Verdict};
use meter_wire::{ErrorCode, Status, TorState};
use serde::Serialize;

/// Everything that the welcome page draws.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct WelcomeView {
    /// What is left to do, in one sentence.
    pub says: Text,
    /// Whether everything is done that must be.
    pub done: bool,
    /// The steps.
    pub steps: Vec<Step>,
    /// The self-test.
    pub tests: Vec<Step>,
    /// The first counted byte.
    pub counted: Step,
    /// The page must try a WebRTC connection and tell what it gathered.
    pub probe: bool,
}

/// The welcome page for a state.
#[must_use]
pub fn welcome(state: &State) -> WelcomeView {
    let mut steps = vec![program(state), tor_step(state)];
    steps.extend(switch(state));
    steps.push(rival(state));
    steps.extend(tabs(state));
    steps.push(private(state));
    steps.extend(pinned(state));
    let tests = proof::tests(state);
    let counted = counted(state);
    let is_over = |step: &Step| matches!(step.mark, Mark::Done | Mark::Optional);
    let all = || steps.iter().chain(&tests).chain([&counted]);
    let done = all().all(is_over);
    let left = steps.iter().filter(|step| !is_over(step)).count();
    let is_faulty = tests.iter().any(|step| step.mark == Mark::Fault);
    let says = match (done, u64::try_from(left).unwrap_or_default()) {
        (true, _) => key("welcome_done").text(),
        (false, 0) if is_faulty => key("welcome_faulty").text(),
        (false, 0) => key("welcome_testing").text(),
        (false, left) => key("welcome_left").with("steps", Value::count(left)),
    };
    WelcomeView {
        says,
        done,
        steps,
        tests,
        counted,
        probe: proof::needs_try(state),
    }
}

const AGAIN: Key = key("check_again");

fn program(state: &State) -> Step {
    let new = |mark| Step::new("program", key("welcome_program"), mark);
    if state.status().is_some() {
        return new(Mark::Done).says(key("welcome_program_done"));
    }
    let missing = |says| {
        let install = Some("onionmeter install");
        new(Mark::Todo).says(says).command(install)
    };
    match state.host_error() {
        Some(HostError::NotInstalled) => missing(key("welcome_program_missing")),
        Some(HostError::Forbidden) => missing(key("welcome_program_forbidden")),
        _ => match fault(state) {
            Some(problem) => of_problem(new(Mark::Fault), &problem),
            None => new(Mark::Busy).says(key("welcome_program_calling")),
        },
    }
}

/// The problem, unless it is about the browser's own settings, which have steps of their own.
fn fault(state: &State) -> Option<Problem> {
    diagnosis::problem(state).filter(|_| state.proxy.trouble.is_none())
}

/// What is wrong and what helps, as the popup says it.
fn of_problem(step: Step, problem: &Problem) -> Step {
    Step {
        detail: problem.hint.clone(),
        act: Some(problem.button),
        ..step.says(problem.sentence.clone()).command(problem.command)
    }
}

fn tor_step(state: &State) -> Step {
    let new = |mark| Step::new("tor", key("tor"), mark);
    let Some(status) = state.status() else {
        return new(Mark::Waits).says(key("welcome_tor_after"));
    };
    if status.tor.is_usable() {
        let version = status.tor.version.clone().unwrap_or_default();
        let version = Value::plain(version);
        return new(Mark::Done).says(key("welcome_tor_done").with("version", version));
    }
    match (&status.tor.state, fault(state)) {
        (TorState::Off, None) => new(Mark::Todo)
            .says(key("welcome_tor_off"))
            .act(key("start_tor"), Intent::TorStart),
        (_, Some(problem)) => of_problem(new(Mark::Fault), &problem),
        (_, None) => connecting(new(Mark::Busy), status),
    }
}

fn connecting(step: Step, status: &Status) -> Step {
    let step = step.says(key("welcome_tor_connecting"));
    match tor::bootstrap(&status.tor) {
        Some(bootstrap) => Step {
            percent: Some(bootstrap.percent),
            detail: Some(bootstrap.summary),
            ..step
        },
        None => step,
    }
}

/// Only while a person has turned protection off.
fn switch(state: &State) -> Option<Step> {
    let step = Step::new("switch", key("welcome_switch"), Mark::Todo);
    let step = step.says(match state.floor() {
        Some(true) => key("header_floor"),
        Some(false) | None => key("welcome_switch_off"),
    });
    (!state.wanted).then(|| step.act(key("turn_on"), Intent::TurnOn))
}

fn rival(state: &State) -> Step {
    let new = |mark| Step::new("rival", key("welcome_rival"), mark);
    let is_lost = state.astray || matches!(state.witness.verdict(), Verdict::Lost);
    match state.proxy.trouble {
        Some(ErrorCode::ProxyControlledByOther) => elsewhere(state, new(Mark::Fault)),
        // In Firefox this is the next step's.
        Some(ErrorCode::PrivateWindowsNotAllowed) => new(Mark::Waits),
        Some(ErrorCode::ProxyNotControllable) => new(Mark::Fault).says(key("welcome_rival_policy")),
        Some(_) => new(Mark::Fault)
            .says(key("welcome_rival_refused"))
            .act(AGAIN, Intent::CheckProxy),
        None if is_lost => elsewhere(state, new(Mark::Fault)),
        None if state.proxy.answer.is_some() => new(Mark::Done).says(key("welcome_rival_done")),
        None => new(Mark::Busy),
    }
}

/// Firefox lets no extension open its list of extensions.
fn elsewhere(state: &State, step: Step) -> Step {
    match state.family {
        BrowserFamily::Chromium => step
            .says(key("welcome_rival_chromium"))
            .act(key("show_extensions"), Intent::OpenExtensions),
        BrowserFamily::Gecko => step
            .says(key("welcome_rival_firefox"))
            .act(AGAIN, Intent::CheckProxy),
    }
}

/// Tabs that were open before protection began may be connected past Tor.
fn tabs(state: &State) -> Option<Step> {
    let count = state.pages.count();
    let count = u64::try_from(count).unwrap_or_default();
    let step = Step::new("tabs", key("welcome_tabs"), Mark::Todo);
    let says = key("welcome_tabs_old").with("tabs", Value::count(count));
    let reload = key("welcome_tabs_reload");
    (count > 0 && state.is_routed()).then(|| step.says(says).act(reload, Intent::ReloadPages))
}

fn private(state: &State) -> Step {
    let new = |mark| Step::new("private", key("welcome_private"), mark);
    match (state.family, state.is_allowed_in_private()) {
        (_, true) => allowed(state, new),
        // Without protection they go the same way as all others.
        (BrowserFamily::Chromium, false) if !state.wanted => new(Mark::Waits),
        (BrowserFamily::Chromium, false) => new(Mark::Optional)
            .says(match state.floor() {
                Some(true) => key("note_private_shut"),
                Some(false) | None => key("welcome_private_chromium"),
            })
            .act(key("show_the_switch"), Intent::OpenDetails),
        (BrowserFamily::Gecko, false) => new(Mark::Todo).says(key("welcome_private_firefox")),
    }
}

/// That the browser allows this extension there is no proof that they go through Tor.
fn allowed(state: &State, new: impl Fn(Mark) -> Step) -> Step {
    match (state.routed_windows(), state.private_windows()) {
        _ if !state.is_routed() => new(Mark::Done).says(key("welcome_private_allowed")),
        (_, Cover::NotAllowed | Cover::Elsewhere) => new(Mark::Fault)
            .says(key("note_private_elsewhere"))
            .act(key("show_extensions"), Intent::OpenExtensions),
        (Windows::All, Cover::Same) => new(Mark::Done).says(key("welcome_private_done")),
        (Windows::PrivateOnly, Cover::Same) => new(Mark::Done).says(key("welcome_private_only")),
    }
}

fn pinned(state: &State) -> Option<Step> {
    let new = |mark| Step::new("pinned", key("welcome_pinned"), mark);
    Some(match (state.welcome.on_toolbar()?, state.family) {
        (true, _) => new(Mark::Done).says(key("welcome_pinned_done")),
        (false, BrowserFamily::Chromium) => {
            new(Mark::Optional).says(key("welcome_pinned_chromium"))
        }
        (false, BrowserFamily::Gecko) => new(Mark::Optional).says(key("welcome_pinned_firefox")),
    })
}

/// The relay counts what pages send and receive, and nothing of our own tests.
fn counted(state: &State) -> Step {
    let new = |mark| Step::new("counted", key("welcome_counted"), mark);
    let session = state.status().and_then(|status| status.session.as_ref());
    let bytes = session.map_or(0, |session| {
        session.bytes_up.0.saturating_add(session.bytes_down.0)
    });
    let reports = state.reports.sequence();
    match (bytes, reports) {
        (1.., _) => {
            let says = key("welcome_counted_now").with("bytes", Value::bytes(bytes));
            new(Mark::Done).says(says)
        }
        (0, 1..) => {
            let says = key("welcome_counted_before").with("reports", Value::count(reports));
            new(Mark::Done).says(says)
        }
        (0, 0) if state.is_routed() => {
            let step = new(Mark::Todo).says(key("welcome_counted_none"));
            match state.windows {
                Windows::All => step.act(key("welcome_counted_check"), Intent::OpenCheck),
                Windows::PrivateOnly => step,
            }
        }
        (0, 0) => new(Mark::Waits),
    }
}
