//! Marks the open pages, and finds out which of them are still open.

use super::js::{from_json, settle, text, to_json};
use super::web_rtc;
use super::worker::{dispatch, with_worker};
use crate::bindings::{api, set_timeout};
use crate::update::{Event, OldTabs, PagesTurn, Windows};
use js_sys::{Array, Promise, Reflect};
use meter_wire::parse;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

/// A page that has not answered by then is busy or frozen; its mark is unknown.
const ANSWER_MS: u32 = 2_000;

/// What is known about a tab's page.
enum Seen {
    Old,
    New,
    /// Extensions may not run in it, or it does not answer.
    Hidden,
}

/// Pages that load from now on use the relay and have no WebRTC; pages that are open now may not.
pub(super) async fn mark(turn: PagesTurn) {
    web_rtc::close().await;
    let tabs = tabs().await;
    let seen = look_at(&tabs, "pages/mark.js").await;
    let mut found = OldTabs::default();
    for (tab, seen) in tabs.iter().zip(seen) {
        match seen {
            Seen::Old => found.marked.push(tab.id),
            // The page that is loading was requested past Tor. It replaces this one, so the mark
            // would be lost.
            Seen::New | Seen::Hidden if tab.is_loading && tab.is_web => found.unmarked.push(tab.id),
            Seen::Hidden if tab.is_web => found.unmarked.push(tab.id),
            Seen::New | Seen::Hidden => {}
        }
    }
    dispatch(Event::PagesFound { turn, found });
    for tab in tabs.iter().filter(|tab| !tab.is_loading) {
        dispatch(Event::PageSettled { tab: tab.id });
    }
}

/// Looks for the pages that [`mark`] marked, and for the tabs that it could not mark.
pub(super) async fn find(turn: PagesTurn, unmarked: Vec<i32>) {
    let tabs = tabs().await;
    let seen = look_at(&tabs, "pages/marked.js").await;
    let mut found = OldTabs::default();
    for (tab, seen) in tabs.iter().zip(seen) {
        match seen {
            Seen::Old => found.marked.push(tab.id),
            Seen::New | Seen::Hidden if unmarked.contains(&tab.id) => found.unmarked.push(tab.id),
            Seen::New | Seen::Hidden => {}
        }
    }
    dispatch(Event::PagesFound { turn, found });
}

/// Unloads a tab in the background, which ends its connections at once and saves Tor many pages at
/// a time. The tab loads again when the person opens it.
pub(super) async fn reload(turn: PagesTurn, ids: Vec<i32>) {
    for tab in tabs().await {
        if !ids.contains(&tab.id) {
            continue;
        }
        let unloaded = match tab.is_active {
            true => None,
            false => settle(api().tabs().discard(tab.id)).await.ok(),
        };
        if unloaded.is_none() {
            // A tab that was closed meanwhile needs nothing.
            drop(settle(api().tabs().reload(tab.id)).await);
        }
    }
    find(turn, Vec::new()).await;
}

struct OpenTab {
    id: i32,
    is_active: bool,
    is_loading: bool,
    /// Whether its page comes from a site or a file. Browsers hide the addresses of their own
    /// pages.
    is_web: bool,
}

/// Every tab that is not unloaded, in the windows that are protected.
async fn tabs() -> Vec<OpenTab> {
    let tabs = settle(api().tabs().query(&from_json("{}"))).await;
    let tabs = tabs.map_or_else(|_| String::new(), |tabs| to_json(&tabs));
    let tabs = parse(&tabs).unwrap_or_default();
    let tabs = tabs.as_array().map_or(&[][..], Vec::as_slice);
    let windows = with_worker(|worker| worker.extension.state().windows);
    let is_ours = |tab: &&Value| windows == Windows::All || tab["incognito"] == true;
    let loaded = tabs.iter().filter(|tab| tab["discarded"] != true);
    loaded.filter(is_ours).filter_map(open_tab).collect()
}

fn open_tab(tab: &Value) -> Option<OpenTab> {
    let is_web = |key: &str| {
        let url = tab[key].as_str().unwrap_or_default();
        ["http:", "https:", "file:"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
    };
    Some(OpenTab {
        id: i32::try_from(tab["id"].as_i64()?).ok()?,
        is_active: tab["active"] == true,
        is_loading: tab["status"] == "loading",
        is_web: is_web("url") || is_web("pendingUrl"),
    })
}

/// Runs a script in every frame of every tab, all at once. Answers in the order of the tabs.
async fn look_at(tabs: &[OpenTab], file: &'static str) -> Vec<Seen> {
    let looks: Array = tabs
        .iter()
        .map(|tab| JsValue::from(within(&run(tab.id, file))))
        .collect();
    let answers = JsFuture::from(Promise::all(&looks)).await;
    answers.map_or_else(
        |_| Vec::new(),
        |answers| {
            Array::from(&answers)
                .iter()
                .map(|answer| seen(&answer))
                .collect()
        },
    )
}

/// Resolves to an array with the script's results in all frames, or to the browser's refusal.
fn run(id: i32, file: &'static str) -> Promise {
    future_to_promise(async move {
        let details = from_json(&format!(
            r#"{{"target": {{"tabId": {id}, "allFrames": true}}, "files": ["{file}"],
                "injectImmediately": true}}"#
        ));
        let answer = settle(api().scripting().execute(&details)).await;
        Ok(answer.unwrap_or_else(|error| text(&error).into()))
    })
}

fn within(answer: &Promise) -> Promise {
    let late = Promise::new(&mut |resolve, _| drop(set_timeout(&resolve, ANSWER_MS)));
    Promise::race(&Array::of2(answer, &late))
}

fn seen(answer: &JsValue) -> Seen {
    if !Array::is_array(answer) {
        // Chromium names its own error page, which has no connections.
        let is_error_page = answer
            .as_string()
            .is_some_and(|text| text.contains("error page"));
        return match is_error_page {
            true => Seen::New,
            false => Seen::Hidden,
        };
    }
    let is_old = |frame: JsValue| {
        let result = Reflect::get(&frame, &"result".into());
        result.is_ok_and(|result| result.is_truthy())
    };
    match Array::from(answer).iter().any(is_old) {
        true => Seen::Old,
        false => Seen::New,
    }
}
