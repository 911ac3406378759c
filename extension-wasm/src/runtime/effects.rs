//! One function per effect.

use super::js::{after, js, settle, to_json, watch};
use super::worker::dispatch;
use super::{host, pages, privacy, probe, proxy};
use crate::bindings::api;
use crate::update::{Effect, Event, Tab};
use serde_json::{Value, json};
use wasm_bindgen_futures::spawn_local;

pub(super) fn run(effect: Effect) {
    match effect {
        Effect::Connect(connection) => host::connect(connection),
        Effect::Disconnect(connection) => host::disconnect(connection),
        Effect::Send(connection, request) => host::send(connection, &request),
        Effect::After(timer, ms) => after(ms, move || dispatch(Event::Timer(timer))),
        Effect::ApplyProxy { turn, port } => spawn_local(proxy::apply(turn, port)),
        Effect::ClearProxy { turn } => spawn_local(proxy::clear(turn)),
        Effect::ReadProxy { turn } => spawn_local(proxy::read(turn)),
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
        Effect::HardenPrivacy => spawn_local(privacy::harden()),
        Effect::ReadPrivacy => spawn_local(privacy::read()),
        Effect::RestorePrivacy => spawn_local(privacy::restore()),
        Effect::MarkPages { turn } => spawn_local(pages::mark(turn)),
        Effect::FindPages { turn, unmarked } => spawn_local(pages::find(turn, unmarked)),
        Effect::ReloadPages { turn, tabs } => spawn_local(pages::reload(turn, tabs)),
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

/// The click that opens the popup allows the extension to see this tab's address, and no other
/// tab's (`activeTab`).
async fn active_tab() -> Option<Tab> {
    let details = json!({ "active": true, "lastFocusedWindow": true });
    let tabs = settle(api().tabs().query(&js(&details))).await.ok()?;
    let tabs: Value = serde_json::from_str(&to_json(&tabs)).ok()?;
    let tab = tabs.get(0)?;
    Some(Tab {
        id: i32::try_from(tab["id"].as_i64()?).ok()?,
        url: tab["url"].as_str()?.to_owned(),
    })
}
