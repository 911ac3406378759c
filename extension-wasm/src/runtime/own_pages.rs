//! Tabs with pages of ours.

use super::js::{after, from_json, settle, to_json, watch};
use super::worker::with_worker;
use crate::bindings::api;
use crate::update::Shows;
use meter_wire::{parse, write_json};
use serde_json::Value;
use wasm_bindgen_futures::spawn_local;

/// When a page is first looked for that was opened.
const FIRST_LOOK_MS: u32 = 2_000;
/// The longest wait for a look. Each is twice the one before: a page that is only slow gets the
/// time it needs.
const LAST_LOOK_MS: u32 = 16_000;

/// A tab with a page of ours.
struct Shown {
    tab: i32,
    window: i32,
    has_loaded: bool,
}

/// Puts the tab of a page of ours in front, or opens one, and follows it until it connects.
pub(super) fn show(shows: Shows) {
    spawn_local(async move {
        match tab_of(shows).await {
            None => {
                open(&url_of(shows));
                follow(shows, FIRST_LOOK_MS, false);
            }
            Some(shown) => {
                let front = from_json(r#"{"active": true}"#);
                watch("show a page", Ok(api().tabs().update(shown.tab, &front)));
                bring_to_front(shown.window);
                follow(shows, FIRST_LOOK_MS, !is_connected(shows));
            }
        }
    });
}

/// Loads the page anew for as long as it has loaded and does not connect. When a person allows the
/// extension in private windows, Firefox ends it and starts it again; a page that loads in between
/// never gets the extension's interfaces, and stays empty. Or Firefox closes it, because it is of
/// before the end: `may_go` says that this may be such a page, and then another is opened.
fn follow(shows: Shows, wait_ms: u32, may_go: bool) {
    after(wait_ms, move || {
        if wait_ms > LAST_LOOK_MS || is_connected(shows) {
            return;
        }
        spawn_local(async move {
            match tab_of(shows).await {
                None if may_go => open(&url_of(shows)),
                Some(shown) if shown.has_loaded => {
                    watch("load a page anew", api().tabs().reload(shown.tab));
                }
                _ => {}
            }
        });
        follow(shows, wait_ms.saturating_mul(2), false);
    });
}

fn is_connected(shows: Shows) -> bool {
    with_worker(|worker| {
        let mut pages = worker.extension.state().pages_of_ours().values();
        pages.any(|one| *one == shows)
    })
}

fn url_of(shows: Shows) -> String {
    let name = shows.name();
    api().runtime().url(&format!("{name}/{name}.html"))
}

/// Browsers tell the addresses of an extension's own pages without a permission.
async fn tab_of(shows: Shows) -> Option<Shown> {
    let url = url_of(shows);
    let tabs = settle(api().tabs().query(&from_json("{}"))).await.ok()?;
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
        let front = from_json(r#"{"focused": true}"#);
        watch("show a window", Ok(windows.update(window, &front)));
    }
}

pub(super) fn open(page: &str) {
    let page = from_json(&format!(r#"{{"url": {}}}"#, write_json(&page)));
    watch("open a page of its own", Ok(api().tabs().create(&page)));
}
