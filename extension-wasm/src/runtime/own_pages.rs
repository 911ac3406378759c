//! Tabs with pages of ours.

use super::js::{after, js, settle, to_json, watch};
use super::worker::with_worker;
use crate::bindings::api;
use crate::update::Shows;
use meter_wire::parse;
use serde_json::{Value, json};
use wasm_bindgen_futures::spawn_local;

/// How long a page may take to connect after it has loaded.
const CONNECTS_MS: u32 = 2_000;
/// How often it is looked for.
const LOOKS: u32 = 5;

/// A tab with a page of ours.
struct Shown {
    tab: i32,
    window: i32,
    has_loaded: bool,
}

/// Puts the tab of a page of ours in front, or opens one.
pub(super) fn show(shows: Shows) {
    spawn_local(look(shows, LOOKS));
}

/// The first look shows the page. A later one loads it anew if it has loaded and does not connect.
/// When a person allows the extension in private windows, Firefox ends it and starts it again; a
/// page that loads in between never gets the extension's interfaces, and stays empty.
async fn look(shows: Shows, looks: u32) {
    let name = shows.name();
    let url = api().runtime().url(&format!("{name}/{name}.html"));
    let shown = tab_with(&url).await;
    let connects = with_worker(|worker| {
        let mut pages = worker.extension.state().pages_of_ours().values();
        pages.any(|one| *one == shows)
    });
    match shown {
        None if looks == LOOKS => open(&url),
        Some(shown) if looks == LOOKS => {
            let front = js(&json!({ "active": true }));
            watch("show a page", Ok(api().tabs().update(shown.tab, &front)));
            bring_to_front(shown.window);
        }
        Some(shown) if shown.has_loaded && !connects => {
            watch("load a page of ours anew", api().tabs().reload(shown.tab));
        }
        _ => {}
    }
    if looks > 0 && !connects {
        after(CONNECTS_MS, move || spawn_local(look(shows, looks - 1)));
    }
}

/// Browsers tell the addresses of an extension's own pages without a permission.
async fn tab_with(url: &str) -> Option<Shown> {
    let tabs = settle(api().tabs().query(&js(&json!({})))).await.ok()?;
    let tabs = parse(&to_json(&tabs))?;
    let shows_it = |tab: &&Value| ["url", "pendingUrl"].iter().any(|key| tab[*key] == url);
    let tab = tabs.as_array()?.iter().find(shows_it)?;
    let number = |key: &str| i32::try_from(tab[key].as_i64()?).ok();
    Some(Shown {
        tab: number("id")?,
        window: number("windowId")?,
        has_loaded: tab["status"] == "complete",
    })
}

pub(super) fn bring_to_front(window: i32) {
    // A browser for phones has no windows.
    if let Some(windows) = api().windows() {
        let front = js(&json!({ "focused": true }));
        watch("show a window", Ok(windows.update(window, &front)));
    }
}

pub(super) fn open(page: &str) {
    let page = js(&json!({ "url": page }));
    watch("open a page of its own", Ok(api().tabs().create(&page)));
}
