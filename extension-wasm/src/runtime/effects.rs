//! One function per effect.

use super::js::{after, from_json, settle, to_json, watch};
use super::own_pages::{self, bring_to_front, open};
use super::privacy::{self, Ways};
use super::worker::{dispatch, with_shell, with_worker};
use super::{host, pages, probe, proxy};
use crate::bindings::api;
use crate::update::{Effect, Event, Tab};
use meter_wire::{parse, write_json};
use wasm_bindgen_futures::spawn_local;

pub(super) fn run(effect: Effect) {
    match effect {
        Effect::Connect(connection) => host::connect(connection),
        Effect::Disconnect(connection) => host::disconnect(connection),
        Effect::Send(connection, request) => host::send(connection, &request),
        Effect::After(timer, ms) => after(ms, move || dispatch(Event::Timer(timer))),
        Effect::ApplyProxy {
            turn,
            port,
            windows,
        } => spawn_local(proxy::apply(turn, port, windows)),
        Effect::ClearProxy { turn, windows } => spawn_local(proxy::clear(turn, windows)),
        Effect::ReadProxy { turn, windows } => spawn_local(proxy::read(turn, windows)),
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
        Effect::MarkTab { tab, failed } => {
            with_shell(|shell| shell.mark(tab, failed));
        }
        Effect::ReadToolbar => spawn_local(async {
            dispatch(Event::Toolbar(probe::on_toolbar().await));
        }),
        Effect::OpenCheck => open(CHECK),
        Effect::HardenPrivacy => privacy::set(Ways::Closed),
        Effect::ReadPrivacy => spawn_local(privacy::read()),
        Effect::RestorePrivacy => privacy::set(Ways::Open),
        Effect::MarkPages { turn } => spawn_local(pages::mark(turn)),
        Effect::FindPages { turn, unmarked } => spawn_local(pages::find(turn, unmarked)),
        Effect::ReloadPages { turn, tabs } => spawn_local(pages::reload(turn, tabs)),
        Effect::ReadTab => spawn_local(async { dispatch(Event::Tab(active_tab().await)) }),
        Effect::ReloadTab(id) => watch("load the page anew", api().tabs().reload(id)),
        Effect::OpenExtensions => open("chrome://extensions/"),
        Effect::OpenDetails => {
            open(&format!("chrome://extensions/?id={}", api().runtime().id()));
        }
        Effect::OpenPage(shows) => own_pages::show(shows),
        Effect::OpenLink { url, in_private } => spawn_local(open_link(url, in_private)),
        Effect::Answer { to, number, frame } => {
            let answer = from_json(&format!("{{\"answer\":{number},\"frame\":{frame}}}"));
            for page in with_worker(|worker| worker.pages(&[to])) {
                // A page that closes at this moment needs no answer.
                drop(page.post_message(&answer));
            }
        }
    }
}

/// It says in a person's words what no program of ours can say: from where the page was reached.
const CHECK: &str = "https://check.torproject.org/";

/// Opens a page that a person asked for outside the browser, so its window comes to the front.
async fn open_link(url: String, in_private: bool) {
    let url = write_json(&url);
    if !in_private {
        let tab = from_json(&format!(r#"{{"url": {url}}}"#));
        let tab = settle(Ok(api().tabs().create(&tab))).await;
        let tab = tab.ok().and_then(|tab| parse(&to_json(&tab)));
        let window = tab.and_then(|tab| i32::try_from(tab["windowId"].as_i64()?).ok());
        if let Some(window) = window {
            return bring_to_front(window);
        }
    }
    // Private windows are of their own, and a browser without a window opens no tab. A browser for
    // phones has no windows at all.
    if let Some(windows) = api().windows() {
        let window = from_json(&format!(r#"{{"url": {url}, "incognito": {in_private}}}"#));
        watch("open a window", windows.create(&window));
    }
}

/// The click that opens the popup allows the extension to see this tab's address, and no other
/// tab's (`activeTab`).
async fn active_tab() -> Option<Tab> {
    let details = from_json(r#"{"active": true, "lastFocusedWindow": true}"#);
    let tabs = settle(api().tabs().query(&details)).await.ok()?;
    let tabs = parse(&to_json(&tabs))?;
    let tab = tabs.get(0)?;
    Some(Tab {
        id: i32::try_from(tab["id"].as_i64()?).ok()?,
        url: tab["url"].as_str()?.to_owned(),
        private: tab["incognito"] == true,
    })
}
