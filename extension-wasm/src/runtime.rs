//! Runs effects and turns callbacks into events. Decides nothing.

mod effects;
mod pages;
mod port;
mod probe;
mod web_rtc;

use crate::bindings::{Port, Shell, api, console_error, set_timeout};
use crate::proxy_value::{self, Engine};
use crate::update::{Effect, Event, Intent, Started, State, update};
use js_sys::Promise;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The worker's only mutable thing. It dies with the worker, which may happen at any time.
#[derive(Default)]
struct Worker {
    state: State,
    /// What happened while an event was being handled.
    waiting: VecDeque<Event>,
    busy: bool,
    host: Option<port::Host>,
    popups: Vec<Port>,
}

thread_local! {
    static WORKER: RefCell<Worker> = RefCell::default();
    static SHELL: OnceCell<Shell> = const { OnceCell::new() };
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Most events that one thing which happens may lead to. Each leads to a few at the most.
const TURN_EVENTS_MAX: usize = 1_000;

fn with_worker<T>(act: impl FnOnce(&mut Worker) -> T) -> T {
    WORKER.with(|worker| act(&mut worker.borrow_mut()))
}

fn with_shell<T>(act: impl FnOnce(&Shell) -> T) -> Option<T> {
    SHELL.with(|shell| shell.get().map(act))
}

/// Handles an event and its effects; one that happens meanwhile waits its turn.
fn dispatch(event: Event) {
    dispatch_all([event]);
}

/// As [`dispatch`], of several events that are there at once. What is to be seen is drawn when all of
/// them are handled.
fn dispatch_all(events: impl IntoIterator<Item = Event>) {
    // Nothing can be decided any more, so nothing waits.
    if PANICKED.get() {
        return;
    }
    let first = with_worker(|worker| {
        worker.waiting.extend(events);
        !std::mem::replace(&mut worker.busy, true)
    });
    if !first {
        return;
    }
    let (mut badge, mut view) = (None, None);
    for turn in 0.. {
        let Some(event) = with_worker(|worker| worker.waiting.pop_front()) else {
            break;
        };
        assert!(
            turn < TURN_EVENTS_MAX,
            "one event leads to another for ever"
        );
        let state = with_worker(|worker| std::mem::take(&mut worker.state));
        let (state, effects) = update(state, event);
        with_worker(|worker| worker.state = state);
        for effect in effects {
            match effect {
                Effect::Badge(_) => badge = Some(effect),
                Effect::Draw(_) => view = Some(effect),
                effect => effects::run(effect),
            }
        }
    }
    badge.into_iter().chain(view).for_each(effects::run);
    with_worker(|worker| worker.busy = false);
}

/// Calls `act` after so many milliseconds.
fn after(ms: u32, act: impl FnOnce() + 'static) {
    let act = Closure::once_into_js(act);
    drop(set_timeout(&port::guarded(act.unchecked_ref()), ms));
}

/// Whether an event is being handled. Between two events of the browser none is: one that was torn
/// off by an exception of JavaScript is never finished.
#[wasm_bindgen]
#[must_use]
pub fn is_stuck() -> bool {
    PANICKED.get() || WORKER.with(|worker| worker.try_borrow().map_or(true, |worker| worker.busy))
}

/// Wakes up: reads what the worker before this one left, then begins. Called once by
/// `service_worker.js`, before anything else.
///
/// # Errors
/// When the storage cannot be read; the shell then keeps everything shut.
#[wasm_bindgen]
pub async fn start(shell: JsValue) -> Result<(), JsValue> {
    SHELL.with(|place| drop(place.set(shell.unchecked_into())));
    std::panic::set_hook(Box::new(|panic| {
        // The place alone: a panic's message may quote what it failed on.
        let place = panic.location().map(ToString::to_string);
        console_error(&format!("onionmeter: bug at {place:?}"));
        PANICKED.set(true);
        with_shell(Shell::broke);
    }));
    let api = api();
    let storage = api.storage();
    let local = read(storage.local().get(&JsValue::NULL)).await?;
    let session = read(storage.session().get(&JsValue::NULL)).await?;
    let engine = match api.proxy().on_request() {
        Some(_) => Engine::Gecko,
        None => Engine::Chromium,
    };
    // Where reading took too long, another instance is there by now.
    if with_shell(Shell::is_current) != Some(true) {
        return Err(JsValue::NULL);
    }
    dispatch(Event::Started(Box::new(Started {
        engine,
        version: api.runtime().manifest().version(),
        local,
        session,
    })));
    Ok(())
}

async fn read(promise: Promise) -> Result<String, JsValue> {
    Ok(port::to_json(&JsFuture::from(promise).await?))
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

/// `proxy.onRequest` of Firefox: where a request to `host` is to go. The host is looked at and
/// forgotten.
#[wasm_bindgen]
#[must_use]
pub fn route(host: &str) -> JsValue {
    let port = with_worker(|worker| worker.state.route_port());
    let answer = proxy_value::answer(proxy_value::route(port, host));
    answer.map_or(JsValue::UNDEFINED, |answer| {
        port::from_json(&answer.to_string())
    })
}

/// `webRequest.onBeforeRequest` of Firefox: whether a request to `host` is about to go another way than
/// to the relay, so that it has to be stopped. The host is looked at and forgotten. `was_asked`: whether
/// extensions were asked for its way; one that only the cache may answer has none, and accuses nobody.
#[wasm_bindgen]
#[must_use]
pub fn is_astray(host: &str, way: &JsValue, was_asked: bool) -> bool {
    let port = with_worker(|worker| worker.state.route_port());
    let way = serde_json::from_str(&port::to_json(way)).unwrap_or_default();
    let astray = proxy_value::is_astray(port, host, &way);
    if astray && was_asked {
        dispatch(Event::Astray);
    }
    astray
}

/// `runtime.onConnect` of a popup.
#[wasm_bindgen]
pub fn on_popup(popup: JsValue) {
    let popup: Port = popup.unchecked_into();
    if popup.name() != "popup" {
        return popup.disconnect();
    }
    let on_message = Closure::<dyn FnMut(JsValue)>::new(|message: JsValue| {
        if let Some(intent) = Intent::parse(&port::to_json(&message)) {
            dispatch(Event::Intent(intent));
        }
    });
    let gone = popup.clone();
    let on_disconnect = Closure::<dyn FnMut()>::new(move || {
        with_worker(|worker| {
            worker
                .popups
                .retain(|popup| !js_sys::Object::is(popup, &gone));
        });
        dispatch(Event::PopupClosed);
    });
    popup.on_message().add(&port::listener(on_message));
    popup.on_disconnect().add(&port::listener(on_disconnect));
    with_worker(|worker| worker.popups.push(popup));
    dispatch(Event::PopupOpened);
}
