//! One function per effect.

use super::port::{self, from_json};
use super::{dispatch, pages, probe, web_rtc, with_worker};
use crate::bindings::{Setting, api, console_error};
use crate::proxy_value::{self, Reading, Refusal};
use crate::update::{Effect, Event, ProxyTurn, Tab};
use crate::view::{Badge, PopupView};
use js_sys::Promise;
use serde::Serialize;
use serde_json::{Value, json};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

pub(super) fn run(effect: Effect) {
    match effect {
        Effect::Connect(connection) => port::connect(connection),
        Effect::Disconnect(connection) => port::disconnect(connection),
        Effect::Send(connection, request) => port::send(connection, &request),
        Effect::After(timer, ms) => super::after(ms, move || dispatch(Event::Timer(timer))),
        Effect::ApplyProxy { turn, port } => spawn_local(apply_proxy(turn, port)),
        Effect::ClearProxy { turn } => spawn_local(clear_proxy(turn)),
        Effect::ReadProxy { turn } => spawn_local(async move { answer(turn, read().await) }),
        Effect::Knock {
            number,
            name,
            max_ms,
        } => spawn_local(async move {
            let in_time = probe::knock(&name.0.to_string(), max_ms).await;
            dispatch(Event::Knocked { number, in_time });
        }),
        Effect::ReadPrivate => spawn_local(async {
            dispatch(Event::PrivateWindows(probe::private_windows().await));
        }),
        Effect::HardenPrivacy => {
            harden_privacy();
            spawn_local(web_rtc::close());
        }
        Effect::RestorePrivacy => {
            restore_privacy();
            spawn_local(web_rtc::open());
        }
        Effect::MarkPages { turn } => spawn_local(pages::mark(turn)),
        Effect::FindPages { turn, unmarked } => spawn_local(pages::find(turn, unmarked)),
        Effect::ReloadPages { turn, tabs } => spawn_local(pages::reload(turn, tabs)),
        Effect::SaveLocal(stored) => save(|items| api().storage().local().set(items), &*stored),
        Effect::SaveSession(glance) => save(|items| api().storage().session().set(items), &*glance),
        Effect::Watch(watched) => watch_closely(watched),
        Effect::Badge(badge) => draw_badge(&badge),
        Effect::Draw(view) => draw(&view),
        Effect::ReadTab => spawn_local(async { dispatch(Event::Tab(active_tab().await)) }),
        Effect::ReloadTab(id) => watch("load the page anew", api().tabs().reload(id)),
        Effect::OpenExtensions => open("chrome://extensions/"),
        Effect::OpenDetails => {
            open(&format!("chrome://extensions/?id={}", api().runtime().id()));
        }
    }
}

fn open(page: &str) {
    let page = js(&json!({ "url": page }));
    watch("open a page of its own", Ok(api().tabs().create(&page)));
}

/// Between two of the shell's alarm, one after ten seconds and one after twenty. Chromium rings them for an
/// extension that is loaded unpacked; one from a store it wakes every 30 s at the most.
fn watch_closely(watched: bool) {
    for (name, delay) in [("wake after 10 s", 0.17), ("wake after 20 s", 0.34)] {
        match watched {
            true => wake(
                name,
                &json!({ "delayInMinutes": delay, "periodInMinutes": 0.5 }),
            ),
            false => drop(api().alarms().clear(name)),
        }
    }
}

fn wake(name: &str, when: &Value) {
    // Firefox returns nothing here and Chromium a promise that has nothing to say.
    drop(api().alarms().create(name, &js(when)));
}

async fn apply_proxy(turn: ProxyTurn, port: u16) {
    let engine = with_worker(|worker| worker.state.engine);
    let mut details = json!({ "value": proxy_value::settings(engine, port) });
    scoped(&mut details);
    let set = settle(api().proxy().settings().set(&js(&details))).await;
    answer(turn, and_read(set).await);
}

async fn clear_proxy(turn: ProxyTurn) {
    let cleared = settle(api().proxy().settings().clear(&js(&regular()))).await;
    answer(turn, and_read(cleared).await);
}

/// `set` succeeds even where another extension stays in control: only a read-back counts.
async fn and_read(done: Result<JsValue, JsValue>) -> Result<Reading, Refusal> {
    match done {
        Ok(_) => read().await,
        Err(error) => Err(proxy_value::refusal(&port::text(&error))),
    }
}

async fn read() -> Result<Reading, Refusal> {
    read_settings(&json!({})).await
}

/// Of private windows with `incognito`, which the browser tells only who may be there.
pub(super) async fn read_settings(details: &Value) -> Result<Reading, Refusal> {
    let settings = settle(api().proxy().settings().get(&js(details))).await;
    let settings = settings.map_err(|error| proxy_value::refusal(&port::text(&error)))?;
    let settings: Value = serde_json::from_str(&port::to_json(&settings)).unwrap_or_default();
    let level = settings["levelOfControl"].as_str().unwrap_or_default();
    let engine = with_worker(|worker| worker.state.engine);
    Ok(proxy_value::reading(engine, level, &settings["value"]))
}

/// The click that opened the popup lets the browser show this tab's address, and no other's
/// (`activeTab`).
async fn active_tab() -> Option<Tab> {
    let details = json!({ "active": true, "lastFocusedWindow": true });
    let tabs = settle(api().tabs().query(&js(&details))).await.ok()?;
    let tabs: Value = serde_json::from_str(&port::to_json(&tabs)).ok()?;
    let tab = tabs.get(0)?;
    Some(Tab {
        id: i32::try_from(tab["id"].as_i64()?).ok()?,
        url: tab["url"].as_str()?.to_owned(),
    })
}

fn answer(turn: ProxyTurn, answer: Result<Reading, Refusal>) {
    dispatch(Event::ProxyAnswered { turn, answer });
}

/// WebRTC ignores the proxy and sends UDP past it; the prefetcher resolves names past it.
fn harden_privacy() {
    let network = api().privacy().network();
    let set = |setting: Setting, value: Value| {
        let mut details = json!({ "value": value });
        scoped(&mut details);
        watch("close a way past the proxy", setting.set(&js(&details)));
    };
    set(network.web_rtc_policy(), json!("disable_non_proxied_udp"));
    set(network.prediction(), json!(false));
}

fn restore_privacy() {
    let network = api().privacy().network();
    for setting in [network.web_rtc_policy(), network.prediction()] {
        watch("restore a privacy setting", setting.clear(&js(&regular())));
    }
}

pub(super) fn regular() -> Value {
    json!({ "scope": "regular" })
}

/// Regular windows and, by inheritance, private ones, if the person has let this extension into them
/// ([`crate::update::PrivateWindows`]).
fn scoped(details: &mut Value) {
    details["scope"] = json!("regular");
}

fn save(set: impl FnOnce(&JsValue) -> Promise, items: &impl Serialize) {
    let json = serde_json::to_string(items).expect("stored values have string keys");
    watch("write the storage", Ok(set(&from_json(&json))));
}

fn draw_badge(badge: &Badge) {
    let action = api().action();
    let (background, text) = badge.tone.colours();
    for drawn in [
        action.set_badge_background(&js(&json!({ "color": background }))),
        action.set_badge_text_colour(&js(&json!({ "color": text }))),
        action.set_badge_text(&js(&json!({ "text": badge.text }))),
        action.set_title(&js(&json!({ "title": badge.title }))),
    ] {
        watch("draw the badge", Ok(drawn));
    }
}

fn draw(view: &PopupView) {
    let Ok(view) = view.serialize(&Serializer::json_compatible()) else {
        return console_error("onionmeter: the view cannot be written");
    };
    // A popup that closes at this moment is told so by its own event.
    for popup in with_worker(|worker| worker.popups.clone()) {
        drop(popup.post_message(&view));
    }
}

pub(super) fn js(value: &Value) -> JsValue {
    from_json(&value.to_string())
}

pub(super) async fn settle(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(promise?).await
}

/// Says in the console what the browser refused; there is nobody else to tell.
pub(super) fn watch(what: &'static str, promise: Result<Promise, JsValue>) {
    spawn_local(async move {
        if settle(promise).await.is_err() {
            console_error(&format!("onionmeter: the browser refused to {what}"));
        }
    });
}
