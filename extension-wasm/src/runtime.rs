//! Runs effects and turns callbacks into events. Decides nothing.

mod dashboard;
mod draw;
mod effects;
mod history;
mod host;
mod js;
mod options;
mod own_pages;
mod pages;
mod privacy;
mod probe;
mod proxy;
mod web_rtc;
mod worker;

pub use dashboard::Page;
pub use history::Sessions;
pub use options::{
    change_setting, check_thresholds, diagnostics, keep_thresholds, ledger_offer, setting_controls,
    setting_rows, setting_said,
};

use crate::bindings::{Port, Shell, api, console_error};
use crate::proxy_value::{self, Asking, BrowserFamily, Route};
use crate::update::{Event, Intent, NetError, Question, Shows, Started, candidates_of};
use js::{from_json, to_json};
use js_sys::Promise;
use meter_wire::parse;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::{Worker, dispatch, with_shell, with_worker};

/// Most events that may follow from one callback. Normally a few follow.
const TURN_EVENTS_MAX: usize = 1_000;

/// Handles all waiting events, and the events that follow from them.
fn handle_all() {
    for turn in 0.. {
        let Some(event) = with_worker(Worker::next_event) else {
            break;
        };
        assert!(
            turn < TURN_EVENTS_MAX,
            "one event leads to another for ever"
        );
        let reaction = with_worker(|worker| worker.extension.take(event));
        if let Some(stored) = &reaction.local {
            draw::save(stored);
        }
        reaction.effects.into_iter().for_each(effects::run);
    }
    if draw::is_stored() {
        draw::changes(&with_worker(|worker| worker.extension.changes()));
    }
}

/// A write that the shell's `store` began has ended, or has taken too long.
#[wasm_bindgen]
pub fn on_stored() {
    draw::stored();
}

/// Whether an event is still being handled. Between two callbacks of the browser this is false,
/// unless an exception of JavaScript has interrupted the handling.
#[wasm_bindgen]
#[must_use]
pub fn is_stuck() -> bool {
    worker::is_stuck()
}

/// Starts: reads what the previous worker stored, then begins. `service_worker.js` calls it once,
/// before anything else.
///
/// # Errors
/// When the storage cannot be read. The shell then keeps everything closed.
#[wasm_bindgen]
pub async fn start(shell: JsValue) -> Result<(), JsValue> {
    worker::begin(shell.unchecked_into(), handle_all);
    std::panic::set_hook(Box::new(|panic| {
        // Only the place: the message of a panic may quote data.
        let place = panic.location().map(ToString::to_string);
        console_error(&format!("onionmeter: bug at {place:?}"));
        worker::panicked();
    }));
    let api = api();
    let storage = api.storage();
    let local = read(storage.local().get(&JsValue::NULL)).await?;
    let session = read(storage.session().get(&JsValue::NULL)).await?;
    let family = match api.proxy().on_request() {
        Some(_) => BrowserFamily::Gecko,
        None => BrowserFamily::Chromium,
    };
    // If reading took too long, another instance has replaced this one.
    if with_shell(Shell::is_current) != Some(true) {
        return Err(JsValue::NULL);
    }
    dispatch(Event::Started(Box::new(Started {
        family,
        version: api.runtime().manifest().version(),
        local,
        session,
    })));
    Ok(())
}

async fn read(promise: Promise) -> Result<String, JsValue> {
    Ok(to_json(&JsFuture::from(promise).await?))
}

/// `alarms.onAlarm`.
#[wasm_bindgen]
pub fn on_alarm() {
    dispatch(Event::Alarm);
}

/// `runtime.onStartup`.
#[wasm_bindgen]
pub fn on_startup() {
    dispatch(Event::BrowserStarted);
}

/// `runtime.onInstalled`: after the installation, each update and each reload.
#[wasm_bindgen]
pub fn on_installed() {
    dispatch(Event::Loaded);
}

/// `webRequest.onErrorOccurred` of a tab's page, with the browser's name of the error. The host is
/// not stored. `private`: whether the tab is in a private window.
#[wasm_bindgen]
pub fn on_page_failed(tab: i32, error: &str, host: &str, private: bool) {
    if let Some(error) = NetError::of(error, host) {
        dispatch(Event::PageFailed {
            tab,
            error,
            private,
        });
    }
}

/// `webRequest.onBeforeRequest` of a tab's page.
#[wasm_bindgen]
pub fn on_page_begun(tab: i32) {
    dispatch(Event::PageBegun { tab });
}

/// `tabs.onUpdated`, when the tab begins to show another page, or the browser's error.
#[wasm_bindgen]
pub fn on_tab_loading(tab: i32) {
    dispatch(Event::TabLoading { tab });
}

/// `tabs.onRemoved`.
#[wasm_bindgen]
pub fn on_tab_closed(tab: i32) {
    dispatch(Event::TabClosed { tab });
}

/// `tabs.onUpdated`, when the tab has settled on its page.
#[wasm_bindgen]
pub fn on_page_settled(tab: i32) {
    dispatch(Event::PageSettled { tab });
}

/// `proxy.settings.onChange`.
#[wasm_bindgen]
pub fn on_proxy_changed() {
    dispatch(Event::ProxyChanged);
}

/// `proxy.onProxyError` of Chromium.
#[wasm_bindgen]
pub fn on_proxy_error(fatal: bool) {
    dispatch(Event::ProxyError { fatal });
}

/// `proxy.onRequest` of Firefox: where a request to `host` must go, from a private window or
/// another. The host is not stored.
#[wasm_bindgen]
#[must_use]
pub fn route(host: &str, private: bool) -> JsValue {
    let answer = proxy_value::answer(way_of(Asking { host, private }));
    answer.map_or(JsValue::UNDEFINED, |answer| from_json(&answer))
}

fn way_of(asking: Asking<'_>) -> Route {
    let state = |worker: &mut Worker| {
        let state = worker.extension.state();
        (state.route_port(), state.routed_windows())
    };
    let (port, windows) = with_worker(state);
    proxy_value::route(port, windows, asking)
}

/// `webRequest.onBeforeRequest` of Firefox: whether a request to `host` is about to bypass the
/// relay and must be stopped. The host is not stored. `was_asked`: whether Firefox asked extensions
/// for the way. If only the cache may answer the request, it has no way, and no extension is to
/// blame.
#[wasm_bindgen]
#[must_use]
pub fn is_astray(host: &str, private: bool, way: &JsValue, was_asked: bool) -> bool {
    let way = parse(&to_json(way)).unwrap_or_default();
    let astray = proxy_value::is_astray(way_of(Asking { host, private }), &way);
    if astray && was_asked {
        dispatch(Event::Astray);
    }
    astray
}

/// `runtime.onConnect` of a page of ours, which says by its name what it shows, or of a popup. Only
/// this extension's own pages can connect.
#[wasm_bindgen]
pub fn on_page(port: JsValue) {
    let port: Port = port.unchecked_into();
    let name = port.name();
    let shows = Shows::ALL.into_iter().find(|shows| shows.name() == name);
    let page = with_worker(|worker| worker.subscribe(port));
    dispatch(match shows {
        Some(shows) => Event::Opened { page, shows },
        None => Event::Subscribed(page),
    });
}

/// `onDisconnect` of such a port.
#[wasm_bindgen]
pub fn on_page_closed(port: &JsValue) {
    if let Some(id) = with_worker(|worker| worker.unsubscribe(port.unchecked_ref())) {
        dispatch(Event::Unsubscribed(id));
    }
}

/// `onMessage` of such a port. What a person wants counts also if the page has closed meanwhile.
#[wasm_bindgen]
pub fn on_page_message(port: &JsValue, message: &JsValue) {
    let port: &Port = port.unchecked_ref();
    let json = to_json(message);
    if let Some(intent) = Intent::parse(&json) {
        return dispatch(Event::Intent(intent));
    }
    let Some(page) = with_worker(|worker| worker.page_of(port)) else {
        return;
    };
    if let Some(question) = Question::parse(&json) {
        dispatch(Event::Asks { page, question });
    } else if let Some(candidates) = candidates_of(&json) {
        dispatch(Event::WebRtc { candidates });
    }
}
