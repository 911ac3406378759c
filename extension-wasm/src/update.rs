//! `update(State, Event) -> (State, Vec<Effect>)`: every decision of the extension.
//!
//! Pure: no browser, no clock, no randomness. The worker may end between any two events. [`Stored`]
//! holds what must survive it; for everything else the daemon has the true state.

mod answers;
mod ask;
mod chains;
mod choice;
mod connection;
mod earlier;
mod effect;
mod event;
mod failed;
mod failed_tabs;
mod flash;
mod flash_state;
mod forwarding;
mod host;
mod host_error;
mod ledger_page;
mod pages;
mod preferences;
mod private;
mod proxy;
mod question;
mod receipts;
mod refusal;
mod reports;
mod site;
mod state;
mod stored;
mod tabs;
mod unreadable;
mod verdict;
mod verified_reports;
mod welcome;
mod welcome_state;
mod witness;

pub use crate::proxy_value::{SINK_PORT, Windows};
pub use earlier::Earlier;
pub use effect::Effect;
pub use event::{ConnectionId, Event, Intent, ProxyTurn, Shows, Started, SubscriberId, Tab, Timer};
pub use failed_tabs::{FailedTabs, LoadError, NetError};
pub use flash_state::Flash;
pub use host_error::HostError;
pub use preferences::{BadgeShows, Preferences, Speed};
pub use private::{Cover, PrivateWindows};
pub use question::Question;
pub use receipts::{KeptReceipts, ReceiptRefusal, Receipts};
pub use state::{Host, Link, Proxy, Site, State};
pub use stored::{Glance, Stored};
pub use tabs::{OldTabs, Pages, PagesTurn};
pub use verdict::{Verdict, Witness};
pub use verified_reports::{HostChain, Kept, VerifiedReports};
pub use welcome_state::{Welcome, candidates_of};

use meter_core::Backend;
use meter_wire::Request;
use state::Asked;

/// Takes one event. Never panics, whatever the event contains.
#[must_use]
pub fn update(mut state: State, event: Event) -> (State, Vec<Effect>) {
    let mut effects = Vec::new();
    react(&mut state, event, &mut effects);
    proxy::reconcile(&mut state, &mut effects);
    pages::reconcile(&mut state, &mut effects);
    witness::follow(&mut state, &mut effects);
    site::ask_first(&mut state, &mut effects);
    forwarding::settle(&mut state, &mut effects);
    flash::follow(&mut state, &mut effects);
    (state, effects)
}

fn react(state: &mut State, event: Event, effects: &mut Vec<Effect>) {
    match event {
        Event::Started(started) => start(state, *started, effects),
        Event::Frame { connection, json } => host::on_frame(state, connection, &json, effects),
        Event::Closed { connection, reason } => {
            connection::on_closed(state, connection, reason.as_deref(), effects);
        }
        Event::Flooded { connection } => connection::on_flooded(state, connection, effects),
        Event::Timer(timer) => on_timer(state, timer, effects),
        Event::Alarm => {
            pages::look(state, effects);
            proxy::check_privacy(state, effects);
            proxy::check_again(state, effects);
            witness::on_alarm(state);
            connection::connect_if_gone(state, effects);
        }
        Event::Subscribed(subscriber) => {
            state.subscribers.insert(subscriber, ());
            site::look(state, effects);
            pages::look(state, effects);
            effects.push(Effect::ReadPrivate);
            state.witness.again();
            connection::connect_if_gone(state, effects);
        }
        Event::Opened { page, shows } => opened(state, page, shows, effects),
        Event::Asks { page, question } => forwarding::on_question(state, page, question, effects),
        Event::Unsubscribed(subscriber) => closed(state, subscriber),
        Event::Loaded => welcome::on_loaded(state, effects),
        Event::Toolbar(on_toolbar) => state.welcome.on_toolbar = on_toolbar,
        Event::WebRtc { candidates } => state.welcome.candidates = Some(candidates),
        Event::Tab(tab) => site::on_tab(state, tab),
        Event::Intent(intent) => obey(state, intent, effects),
        Event::PageFailed {
            tab,
            error,
            private,
        } => failed::on_failed(state, tab, error, private, effects),
        Event::PageBegun { tab } => {
            failed::on_begun(state, tab, effects);
            pages::on_begun(state, tab);
        }
        Event::TabLoading { tab } => {
            failed::on_loading(state, tab, effects);
            pages::on_loading(state, tab);
        }
        Event::TabClosed { tab } => failed::on_closed(state, tab, effects),
        Event::PageSettled { tab } => {
            failed::on_settled(state, tab, effects);
            pages::on_settled(state, tab);
        }
        Event::BrowserStarted => browser_started(state),
        Event::PagesFound { turn, found } => pages::on_found(state, turn, found, effects),
        Event::ProxyChanged => {
            proxy::read(state, effects);
            proxy::check_privacy(state, effects);
            effects.push(Effect::ReadPrivate);
            state.witness.again();
            state.welcome.candidates = None;
        }
        Event::PrivateWindows(windows) => state.private = windows,
        Event::Hardened { complete } => proxy::on_hardened(state, complete),
        Event::Knocked { number, in_time } => witness::on_knocked(state, number, in_time, effects),
        Event::Astray => witness::on_astray(state),
        Event::ProxyAnswered { turn, answer } => proxy::on_answer(state, turn, answer),
        // A request that found no proxy is the intended result of fail-closed. A request that was
        // sent without the proxy must never happen.
        // Chromium does not tell from which window: with private windows only, it was another.
        Event::ProxyError { fatal } => {
            let is_ours = state.route_port().is_some() && state.windows == Windows::All;
            state.bypassed |= !fatal && is_ours;
        }
    }
}

fn on_timer(state: &mut State, timer: Timer, effects: &mut Vec<Effect>) {
    match timer {
        Timer::Pages(turn) => pages::on_timer(state, turn, effects),
        Timer::Witness(number) => witness::on_timer(state, number),
        Timer::Welcome => welcome::look(state, effects),
        Timer::Flash(number) => state.flash.end(number),
        Timer::WitnessOver(number) => witness::on_over(state, number, effects),
        timer => host::on_timer(state, timer, effects),
    }
}

fn browser_started(state: &mut State) {
    pages::on_browser_start(state);
    welcome::on_browser_start(state);
}

fn closed(state: &mut State, subscriber: SubscriberId) {
    forwarding::forget(state, subscriber);
    if state.pages_of_ours.remove(&subscriber).is_some() {
        return;
    }
    state.subscribers.remove(&subscriber);
    if state.subscribers.is_empty() {
        state.renewed = false;
        state.anew_asked = false;
        state.site = None;
    }
}

fn opened(state: &mut State, page: SubscriberId, shows: Shows, effects: &mut Vec<Effect>) {
    state.pages_of_ours.insert(page, shows);
    effects.push(Effect::ReadPrivate);
    if shows == Shows::Welcome {
        welcome::on_opened(state, effects);
    }
    connection::connect_if_gone(state, effects);
}

fn start(state: &mut State, started: Started, effects: &mut Vec<Effect>) {
    if !matches!(state.host, Host::Idle) {
        return;
    }
    let (stored, reports, receipts, first_ever) = Stored::read(&started.local);
    let glance = Glance::read(&started.session);
    state.family = started.family;
    state.version = started.version;
    state.wanted = stored.protection_wanted;
    state.windows = stored.protected_windows;
    state.welcome.shown = stored.welcomed;
    state.welcome.open = stored.welcome_open;
    state.applied_port = stored.applied_port.filter(|_| stored.protection_wanted);
    state.chain_changed = stored.chain_changed;
    state.bypassed = stored.bypassed;
    state.astray = stored.astray;
    state.foreign_seen = stored.foreign_seen;
    state.floor_seen = stored.floor_seen;
    state.preferences = stored.preferences;
    state.reports = reports;
    state.receipts = receipts;
    state.start_due = first_ever;
    state.last_known = glance.status;
    state.pages = glance.pages;
    state.floor = glance.floor;
    proxy::read(state, effects);
    proxy::finish_off(state, effects);
    effects.push(Effect::ReadPrivate);
    connection::connect(state, effects);
    effects.push(Effect::After(Timer::Awake, AWAKE_MS));
}

/// The host answers a new worker within some tenths of a second. During this time the badge may
/// show what the previous worker knew, so that it does not blink at every wake-up.
const AWAKE_MS: u32 = 2_000;

const fn dismiss(state: &mut State) {
    state.bypassed = false;
    state.chain_changed = false;
}

fn obey(state: &mut State, intent: Intent, effects: &mut Vec<Effect>) {
    state.refusal = None;
    let anew_asked = std::mem::take(&mut state.anew_asked);
    witness::on_intent(state, intent);
    match intent {
        Intent::TurnOn => {
            state.wanted = true;
            state.start_due = true;
            proxy::check_again(state, effects);
            connection::connect_if_gone(state, effects);
            host::start_what_is_due(state, effects);
        }
        Intent::TurnOff => {
            state.wanted = false;
            state.start_due = false;
            state.bypassed = false;
            failed::on_off(state, effects);
            proxy::clear(state, effects);
        }
        Intent::ProtectAll => choice::choose(state, Windows::All, effects),
        Intent::ProtectPrivateOnly => choice::choose(state, Windows::PrivateOnly, effects),
        Intent::Reconnect => {
            state.lost = None;
            connection::reconnect(state, effects);
        }
        Intent::CheckProxy => proxy::check_again(state, effects),
        Intent::CheckReports => {
            reports::fetch_again(state, effects);
            answers::fetch_again(state, effects);
        }
        Intent::TorStart => host::start(state, Request::TorStart, effects),
        Intent::TorAnew => state.anew_asked = true,
        Intent::TorAnewSure if anew_asked => {
            ask::ask(state, Asked::Command, Request::TorAnew, effects);
        }
        Intent::TorAnewSure | Intent::Cancel => {}
        Intent::TorStop => ask::ask(state, Asked::Command, Request::TorStop, effects),
        Intent::TorAuto => host::use_tor(state, None, effects),
        Intent::TorExisting => host::use_tor(state, Some(Backend::Existing), effects),
        Intent::TorManaged => host::use_tor(state, Some(Backend::Managed), effects),
        Intent::TorEmbedded => host::use_tor(state, Some(Backend::Embedded), effects),
        Intent::ReloadPages => pages::reload(state, effects),
        Intent::RelayStart => host::start(state, Request::MonitorStart, effects),
        Intent::RelayStop => ask::ask(state, Asked::Command, Request::MonitorStop, effects),
        Intent::OpenExtensions => effects.push(Effect::OpenExtensions),
        Intent::OpenDetails => effects.push(Effect::OpenDetails),
        Intent::OpenDashboard => effects.push(Effect::OpenPage(Shows::Dashboard)),
        Intent::OpenWelcome => effects.push(Effect::OpenPage(Shows::Welcome)),
        Intent::OpenCheck => effects.push(Effect::OpenCheck),
        Intent::OpenOptions => effects.push(Effect::OpenPage(Shows::Options)),
        Intent::Dismiss => dismiss(state),
        Intent::NewIdentity => {
            state.renewed = false;
            ask::ask(state, Asked::NewIdentity, Request::NewIdentity, effects);
        }
        Intent::NewCircuit => site::renew(state, effects),
        Intent::FloorSeen => state.floor_seen = true,
        Intent::BadgeCredits
        | Intent::BadgeSpeed
        | Intent::BadgeNothing
        | Intent::BadgeFlashes
        | Intent::BadgeStays
        | Intent::TellCredited
        | Intent::TellNoCredited
        | Intent::TellTrouble
        | Intent::TellNoTrouble => preferences::choose(&mut state.preferences, intent),
        Intent::StrangersSeen => {
            let foreign = state.status().map(|status| status.foreign.0);
            state.foreign_seen = foreign.unwrap_or(state.foreign_seen);
        }
    }
}
