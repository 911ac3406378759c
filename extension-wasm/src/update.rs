//! `update(State, Event) -> (State, Vec<Effect>)`: every decision of the extension.
//!
//! Pure: no browser, no clock, no randomness. The worker may die between any two events; what
//! must outlive it is in [`Stored`], and the daemon is the truth about everything else.

mod book;
mod effect;
mod event;
mod host;
mod pages;
mod private;
mod proxy;
mod reports;
mod site;
mod state;
mod stored;
mod unreadable;
mod witness;

pub use crate::proxy_value::SINK_PORT;
pub use book::{Book, Earlier, Identity};
pub use effect::Effect;
pub use event::{ConnectionId, Event, Intent, ProxyTurn, Started, Timer};
pub use pages::{OldTabs, Pages, PagesTurn};
pub use private::{Cover, PrivateWindows};
pub use site::Tab;
pub use state::{Failure, Host, Link, Proxy, Site, State};
pub use stored::{Glance, Stored};
pub use witness::{Verdict, Witness};

use crate::view;
use meter_wire::{BackendChoice, Request};
use state::Asked;

/// Takes one event. Never panics, whatever the event says.
#[must_use]
pub fn update(mut state: State, event: Event) -> (State, Vec<Effect>) {
    let mut effects = Vec::new();
    react(&mut state, event, &mut effects);
    proxy::reconcile(&mut state, &mut effects);
    pages::reconcile(&mut state, &mut effects);
    witness::follow(&mut state, &mut effects);
    site::ask_first(&mut state, &mut effects);
    settle(&mut state, &mut effects);
    (state, effects)
}

fn react(state: &mut State, event: Event, effects: &mut Vec<Effect>) {
    match event {
        Event::Started(started) => start(state, *started, effects),
        Event::Frame { connection, json } => host::on_frame(state, connection, &json, effects),
        Event::Closed { connection, reason } => {
            host::on_closed(state, connection, reason.as_deref(), effects);
        }
        Event::Flooded { connection } => host::on_flooded(state, connection, effects),
        Event::Timer(Timer::Pages(turn)) => pages::on_timer(state, turn, effects),
        Event::Timer(Timer::Witness(number)) => witness::on_timer(state, number),
        Event::Timer(Timer::WitnessOver(number)) => witness::on_over(state, number, effects),
        Event::Timer(timer) => host::on_timer(state, timer, effects),
        Event::Alarm => {
            pages::look(state, effects);
            proxy::check_again(state, effects);
            witness::on_alarm(state);
            host::connect_if_gone(state, effects);
        }
        Event::PopupOpened => {
            state.popups = state.popups.saturating_add(1);
            state.drawn_view = None;
            site::look(state, effects);
            pages::look(state, effects);
            effects.push(Effect::ReadPrivate);
            state.witness.again();
            host::connect_if_gone(state, effects);
        }
        Event::PopupClosed => {
            state.popups = state.popups.saturating_sub(1);
            if state.popups == 0 {
                state.renewed = false;
                state.site = None;
            }
        }
        Event::Tab(tab) => site::on_tab(state, tab),
        Event::Intent(intent) => obey(state, intent, effects),
        Event::BrowserStarted => pages::on_browser_start(state),
        Event::PagesFound { turn, found } => pages::on_found(state, turn, found, effects),
        Event::ProxyChanged => {
            proxy::read(state, effects);
            effects.push(Effect::ReadPrivate);
            state.witness.again();
        }
        Event::PrivateWindows(windows) => state.private = windows,
        Event::Knocked { number, in_time } => witness::on_knocked(state, number, in_time, effects),
        Event::Astray => witness::on_astray(state),
        Event::ProxyAnswered { turn, answer } => proxy::on_answer(state, turn, answer),
        // A request that found no proxy is what fail-closed looks like; one that went out
        // without it must never happen.
        Event::ProxyError { fatal } => state.bypassed |= !fatal && state.route_port().is_some(),
    }
}

fn start(state: &mut State, started: Started, effects: &mut Vec<Effect>) {
    if !matches!(state.host, Host::Idle) {
        return;
    }
    let (stored, book, first_ever) = Stored::read(&started.local);
    let glance = Glance::read(&started.session);
    state.engine = started.engine;
    state.version = started.version;
    state.wanted = stored.protection_wanted;
    state.applied_port = stored.applied_port.filter(|_| stored.protection_wanted);
    state.chain_changed = stored.chain_changed;
    state.bypassed = stored.bypassed;
    state.astray = stored.astray;
    state.foreign_seen = stored.foreign_seen;
    state.floor_seen = stored.floor_seen;
    state.book = book;
    state.start_due = first_ever;
    effects.extend(glance.badge.clone().map(Effect::Badge));
    state.drawn_badge.clone_from(&glance.badge);
    state.glimpse.clone_from(&glance.status);
    state.pages = glance.pages.clone();
    state.saved_glance = Some(Box::new(glance));
    proxy::read(state, effects);
    effects.push(Effect::ReadPrivate);
    host::connect(state, effects);
    effects.push(Effect::After(Timer::Awake, AWAKE_MS));
}

/// The host answers a worker that wakes up within some tenths of a second. For this long the badge
/// may say what the worker before this one knew, so that it does not blink at every wake-up.
const AWAKE_MS: u32 = 2_000;

fn obey(state: &mut State, intent: Intent, effects: &mut Vec<Effect>) {
    state.told = None;
    witness::on_intent(state, intent);
    match intent {
        Intent::TurnOn => {
            state.wanted = true;
            state.start_due = true;
            proxy::check_again(state, effects);
            host::connect_if_gone(state, effects);
            host::start_what_is_due(state, effects);
        }
        Intent::TurnOff => {
            state.wanted = false;
            state.start_due = false;
            state.bypassed = false;
            proxy::clear(state, effects);
        }
        Intent::Reconnect => {
            state.lost = None;
            host::reconnect(state, effects);
        }
        Intent::CheckProxy => proxy::check_again(state, effects),
        Intent::CheckReports => reports::fetch_again(state, effects),
        Intent::TorStart => host::start(state, Request::TorStart, effects),
        Intent::TorStop => host::ask(state, Asked::Command, Request::TorStop, effects),
        Intent::TorAuto => host::use_tor(state, BackendChoice::Auto, effects),
        Intent::TorExisting => host::use_tor(state, BackendChoice::Existing, effects),
        Intent::TorManaged => host::use_tor(state, BackendChoice::Managed, effects),
        Intent::TorEmbedded => host::use_tor(state, BackendChoice::Embedded, effects),
        Intent::ReloadPages => pages::reload(state, effects),
        Intent::MonitorStart => host::start(state, Request::MonitorStart, effects),
        Intent::OpenExtensions => effects.push(Effect::OpenExtensions),
        Intent::OpenDetails => effects.push(Effect::OpenDetails),
        Intent::Dismiss => {
            state.bypassed = false;
            state.chain_changed = false;
        }
        Intent::NewIdentity => {
            state.renewed = false;
            host::ask(state, Asked::NewIdentity, Request::NewIdentity, effects);
        }
        Intent::NewCircuit => site::renew(state, effects),
        Intent::FloorSeen => state.floor_seen = true,
        Intent::StrangersSeen => {
            let foreign = state.status().map(|status| status.foreign.0);
            state.foreign_seen = foreign.unwrap_or(state.foreign_seen);
        }
    }
}

/// Writes and draws what changed, and nothing else. What has to outlive the worker goes first.
fn settle(state: &mut State, effects: &mut Vec<Effect>) {
    if matches!(state.host, Host::Idle) {
        return;
    }
    let (older, earlier) = state.book.to_keep();
    let stored = Box::new(Stored {
        protection_wanted: state.wanted,
        applied_port: state.applied_port,
        chain_changed: state.chain_changed,
        bypassed: state.bypassed,
        astray: state.astray,
        foreign_seen: state.foreign_seen,
        floor_seen: state.floor_seen,
        book: state.book.to_file(),
        older,
        earlier,
    });
    if state.saved.as_ref() != Some(&stored) {
        effects.insert(0, Effect::SaveLocal(stored.clone()));
        state.saved = Some(stored);
    }
    let badge = view::badge(state);
    let watched = badge.tone == view::Tone::Good;
    if state.watched.replace(watched) != Some(watched) {
        effects.push(Effect::Watch(watched));
    }
    if state.drawn_badge.as_ref() != Some(&badge) {
        effects.push(Effect::Badge(badge.clone()));
        state.drawn_badge = Some(badge);
    }
    save_glance(state, effects);
    if state.popups > 0 {
        let view = Box::new(view::popup(state));
        if state.drawn_view.as_ref() != Some(&view) {
            effects.push(Effect::Draw(view.clone()));
            state.drawn_view = Some(view);
        }
    }
}

/// What moves every second is not worth a write, and what pages did not load is nobody's business
/// but that of who sees the popup now.
fn save_glance(state: &mut State, effects: &mut Vec<Effect>) {
    let status = state.status_to_show().map(|status| meter_wire::Status {
        session: None,
        unreached: Vec::new(),
        new_identity_in_s: 0,
        new_circuit_in_s: 0,
        connections: 0,
        ..status.clone()
    });
    let glance = Box::new(Glance {
        badge: state.drawn_badge.clone(),
        status,
        pages: state.pages.clone(),
    });
    if state.saved_glance.as_ref() != Some(&glance) {
        effects.push(Effect::SaveSession(glance.clone()));
        state.saved_glance = Some(glance);
    }
}
